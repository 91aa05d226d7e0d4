# shellcheck shell=sh
# Sourced by every t[0-9]*.sh: a scratch folder, a clean environment, TAP.
# See t/README.

TEST_DIR=$(cd "$(dirname "$0")" && pwd)
DV_BUILD=${DV_BUILD:-$TEST_DIR/../build}
DV_BUILD=$(cd "$DV_BUILD" && pwd)
PATH=$DV_BUILD:$PATH
export PATH TEST_DIR DV_BUILD

# Nothing of the person who runs the tests may change what they do.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_CONFIG_GLOBAL
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE
unset AWS_REGION AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3
unset AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
for name in $(env | sed -n 's/^\(DV_[A-Z_]*\)=.*/\1/p')
do
	test "$name" = DV_BUILD || unset "$name"
done
export no_proxy='*' AWS_EC2_METADATA_DISABLED=true
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
export LC_ALL=C.UTF-8 TZ=UTC

SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/dv-test.XXXXXX") || exit 1
export SCRATCH HOME="$SCRATCH/home"
mkdir "$HOME" && cd "$SCRATCH" || exit 1
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git config --global protocol.file.allow always

test_count=0
test_failed=0
at_exit_commands=

# at_exit <command>: run when the script ends, however it ends.
at_exit () {
	at_exit_commands="$1; $at_exit_commands"
}

leave () {
	code=$?
	eval "$at_exit_commands"
	cd / && chmod -R u+rwX "$SCRATCH" 2>/dev/null
	test -n "$KEEP" || rm -rf "$SCRATCH"
	exit $code
}
trap leave EXIT
trap 'exit 130' INT TERM

# test_expect_success <what is true> <commands joined with &&>
# The commands run in the script's own shell.  That (exit 117) comes out shows
# that no failure in the middle is lost.
test_expect_success () {
	test_count=$((test_count + 1))
	(eval "(exit 117) && $2") >"$SCRATCH/out.log" 2>&1
	if test $? -ne 117
	then
		echo "broken && chain" >"$SCRATCH/out.log"
	elif (eval "$2") >"$SCRATCH/out.log" 2>&1 </dev/null
	then
		echo "ok $test_count - $1"
		return
	fi
	test_failed=$((test_failed + 1))
	echo "not ok $test_count - $1"
	sed 's/^/# /' "$SCRATCH/out.log"
}

# For what this machine's kernel cannot do (a file system, a mount); never for
# a missing package.
test_skip () {
	test_count=$((test_count + 1))
	echo "ok $test_count # skip $1"
}

test_done () {
	echo "1..$test_count"
	exit $((test_failed > 0))
}

# Succeeds when the command fails in an orderly way: no crash, no signal, no
# sanitizer report.
test_must_fail () {
	"$@"
	code=$?
	test $code -ne 0 && test $code -ne 127 && test $code -le 130 &&
	test $code -ne 99
}

# test_exit_code <code> <command>
test_exit_code () {
	expected=$1
	shift
	"$@"
	code=$?
	test $code -eq "$expected" || {
		echo "exit code $code, not $expected: $*"
		return 1
	}
}

test_cmp () {
	diff -u "$1" "$2"
}

# --- data and repositories -------------------------------------------------

# random_bytes <count> <seed>: always the same ones
random_bytes () {
	openssl enc -aes-128-ctr -nosalt -K "$(printf %032x "$2")" \
		-iv 00000000000000000000000000000000 </dev/zero 2>/dev/null |
		head -c "$1"
}

# flip <file> <offset> [<count>]: other bytes, same times and modes
flip () {
	python3 - "$@" <<-'EOF'
	import os, sys
	p, at, n = sys.argv[1], int(sys.argv[2]), int((sys.argv + ["1"])[3])
	st = os.stat(p)
	os.chmod(p, 0o644)
	with open(p, "r+b") as f:
	    f.seek(at)
	    b = f.read(n)
	    f.seek(at)
	    f.write(bytes(x ^ 255 for x in b))
	os.chmod(p, st.st_mode)
	os.utime(p, ns=(st.st_atime_ns, st.st_mtime_ns))
	EOF
}

# make_repo <folder>: a git repository with dv set up and committed
make_repo () {
	git init -q "$1" &&
	(cd "$1" && dv init -q && git commit -q -m "Use dv")
}

# The script ends where nobody may become other users.
need_users () {
	if test "$(id -u)" -ne 0 || ! setpriv --reuid=65533 --regid=65530 --clear-groups true
	then
		test_skip "cannot become other users here"
		test_done
	fi
}

# as <uid> <umask> <command>: as that user of the group 65530
as () {
	(
		umask "$2" && HOME=$SCRATCH/home$1 && export HOME && id=$1 && shift 2 &&
		exec setpriv --reuid="$id" --regid=65530 --clear-groups "$@"
	)
}

# An XFS file system of 600 MB, where files can share blocks, at $SCRATCH/xfs;
# where that cannot be had the script ends.
need_xfs () {
	truncate -s 600M "$SCRATCH/disk" && mkdir "$SCRATCH/xfs" || exit 1
	if { mkfs.xfs -q "$SCRATCH/disk" &&
		mount -o loop "$SCRATCH/disk" "$SCRATCH/xfs"; } 2>/dev/null
	then
		at_exit "umount '$SCRATCH/xfs'"
		return
	fi
	test_skip 'this kernel or user may not mount an XFS image'
	test_done
}

# stopped_at <point> <arguments of dv>: in the background, until it stops at a
# crash point; the watcher ends it in any case
stopped_at () {
	point_now=$1 && shift
	DV_TEST_CRASH_AT=$point_now DV_TEST_CRASH_HOW=stop \
		timeout --foreground -s KILL 60 "$DV_BUILD/crash/dv" "$@" \
		>"$SCRATCH/stopped.out" 2>"$SCRATCH/stopped.err" &
	watcher=$!
	until stopped=$(pgrep -P $watcher) &&
		grep -q "^State:.*T" /proc/$stopped/status
	do
		kill -0 $watcher || return 1
	done
}

# What that comes to when it goes on.
go_on () {
	kill -CONT $stopped && wait $watcher
}

# xfs_used: bytes taken on it, shared blocks counted once
# Freezing it ends what XFS does to removed files behind our backs.
xfs_df () {
	fsfreeze -f "$SCRATCH/xfs" && fsfreeze -u "$SCRATCH/xfs" &&
		df --output="$1" -B1 "$SCRATCH/xfs" | tail -n 1
}

xfs_used () {
	xfs_df used
}

# A listing that shows all that has to survive a round trip: type, mode's x
# bit, target and content of everything below a folder.
describe_tree () {
	python3 - "$1" <<-'EOF'
	import hashlib, os, sys
	top = os.fsencode(sys.argv[1])
	out = []
	def walk(path, shown):
	    for name in sorted(os.listdir(path)):
	        p, s = os.path.join(path, name), shown + name
	        if os.path.islink(p):
	            out.append((s, "l", os.readlink(p)))
	        elif os.path.isdir(p):
	            out.append((s, "d", b""))
	            walk(p, s + b"/")
	        else:
	            with open(p, "rb") as f:
	                h = hashlib.sha256(f.read()).hexdigest().encode()
	            x = "x" if os.stat(p).st_mode & 0o100 else "f"
	            out.append((s, x, h))
	walk(top, b"")
	for row in out:
	    print(*row)
	EOF
}

# small_files <folder> <count>: files of 500 to 4000 bytes in folders of 100,
# every second one compressible
small_files () {
	python3 - "$1" "$2" <<-'EOF'
	import os, random, sys
	top, count = sys.argv[1], int(sys.argv[2])
	rng = random.Random(7)
	for i in range(count):
	    d = f"{top}/s{i // 100}"
	    if i % 100 == 0:
	        os.makedirs(d, exist_ok=True)
	    n = rng.randrange(500, 4000)
	    body = rng.randbytes(n) if i % 2 else (b"%08d,row\n" % i) * (n // 13)
	    with open(f"{d}/f{i:06d}", "wb") as f:
	        f.write(body)
	EOF
}

# Bytes of the files below a folder.
disk_bytes () {
	find "$1" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }'
}
