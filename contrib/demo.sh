#!/bin/sh
# The main job from end to end on real input: the kernel source that Debian
# ships, its tarball (large, incompressible) and its unpacked tree (80,000
# small files).  Prints each step and what it cost.
#
# usage: contrib/demo.sh [<scratch folder>]	(removed again when it is ours)
set -eu

package=linux-source-6.1
top=$(cd "$(dirname "$0")/.." && pwd)
PATH=$top/build:$PATH

if test $# -gt 0
then
	work=$1
	mkdir -p "$work"
else
	work=$(mktemp -d "${TMPDIR:-/var/tmp}/dv-demo.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
fi
work=$(cd "$work" && pwd)
export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1
mkdir -p "$HOME"
git config --global user.name "dv demo"
git config --global user.email demo@example.com
git config --global init.defaultBranch main
git config --global advice.detachedHead false

now () {
	awk '{ print $1 }' /proc/uptime
}

say () {
	printf '\n### %s\n' "$*"
}

# run <command>: shows it as one would type it, then what it took
run () {
	printf '$ %s\n' "$*"
	begin=$(now)
	"$@"
	awk -v a="$begin" -v b="$(now)" \
		'BEGIN { printf "  [%.2f s]\n", b - a }'
}

bytes () {
	du -sb "$1" | awk '{ printf "%.1f MiB\n", $1 / 1048576 }'
}

same () {
	diff -r --no-dereference "$1" "$2" && echo "identical: $2"
}

say "Input: Debian's $package"
cd "$work"
apt-get -q download $package 2>&1 | tail -n 1
dpkg -x ./${package}_*.deb unpacked
tarball=unpacked/usr/src/$package.tar.xz
mkdir repo tree
tar -C tree --strip-components=1 -xJf $tarball
ls -l $tarball
echo "$(find tree -type f | wc -l) files, $(bytes tree) unpacked"

say "A repository with both"
cd repo
run git init -q
run dv init
cp "../$tarball" linux.tar.xz
cp -a ../tree linux
run dv add linux.tar.xz linux
run git add linux.tar.xz.dv linux.dv .gitignore
run git commit -q -m "The kernel, as Debian ships it"
echo "store: $(bytes .git/dv); git: $(du -sb --exclude=dv .git | cut -f1) bytes"
run dv status

say "Push to a remote (a folder; s3:// and https:// are the same to dv)"
mkdir ../remote
run dv remote add origin "$work/remote"
run git commit -q -m "Where the data is" .dvconfig
run dv push
echo "remote: $(bytes ../remote) in $(find ../remote -type f | wc -l) objects"

say "The next person: clone, pull, compare"
cd ..
run git clone -q repo clone
cd clone
run dv pull
same ../tree linux
cmp "../$tarball" linux.tar.xz && echo "identical: linux.tar.xz"

say "A second version of both: text spliced into the tarball's middle, files edited"
half=$(($(stat -c %s linux.tar.xz) / 2))
{ head -c $half "../$tarball" && cat linux/MAINTAINERS &&
	tail -c +$((half + 1)) "../$tarball"; } >linux.tar.xz
find linux/kernel -name '*.c' -exec sed -i '1i /* edited */' {} +
rm -r linux/Documentation/networking
mkdir linux/new && cp linux/fs/*.c linux/new
cp -a linux ../tree2
cp linux.tar.xz ../linux2.tar.xz
run dv status --short | tail -n 5
run dv add linux.tar.xz linux
run git commit -q -a -m "Second version"
before=$(du -sb ../remote | cut -f1)
run dv push
echo "sent: $(($(du -sb ../remote | cut -f1) - before)) bytes"
run dv push

say "Back to the first version, and forth"
run git checkout -q HEAD~1
run dv checkout
same ../tree linux
cmp "../$tarball" linux.tar.xz && echo "identical: linux.tar.xz"
run git checkout -q main
run dv checkout
same ../tree2 linux
cmp ../linux2.tar.xz linux.tar.xz && echo "identical: linux.tar.xz"
run dv status

say "Done: the main job works on this machine"
