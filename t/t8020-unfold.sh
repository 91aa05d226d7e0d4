#!/bin/sh
# Forty folders, each twice in the next: a few nodes, 2^40 paths.
. "$(dirname "$0")/test-lib.sh"

# soon <command>: ends, where going down all paths would take years; the exit
# code is in $code.
soon () {
	(ulimit -t 60 && timeout 120 "$@")
	code=$?
	test $code -le 1 || { echo "exit code $code: $*"; return 1; }
}

# refused <command>: soon, and says why
refused () {
	soon "$@" >out 2>err
	cat err
	test $code -eq 1 && grep "occur in it more often than dv can follow" err && grep "^hint: .*dv ls <folder>" err
}

passes () {
	soon "$@" >out 2>err
	cat out err
	test $code -eq 0
}

# in_repo <kind>: a commit whose d unfolds
in_repo () {
	rm -rf "$1" "$1.remote" && make_repo "$1" && cd "$1" && mkdir "../$1.remote" && dv remote add origin "$SCRATCH/$1.remote" &&
	"$DV_BUILD/tree-bomb" .git/dv 40 "$1" >d.dv && echo /d >.gitignore && git add -A && git commit -qm d
}

for kind in honest lies
do
	test_expect_success "$kind: what goes from path to path refuses" '
		in_repo $kind && refused dv status && refused dv checkout && test ! -e d &&
		refused dv ls -R d && refused dv du -d 2
	'

	test_expect_success "$kind: what goes from node to node ends" '
		cd $kind && passes dv ls d && passes dv du && passes dv log d && passes dv diff HEAD~1 HEAD && passes dv diff --stat HEAD~1 HEAD &&
		passes dv push -n && passes dv push && passes dv fsck && passes dv fsck --repair && passes dv fsck -r origin &&
		passes dv gc && passes dv gc -r origin && soon dv cat d/a && test $code -eq 1 && soon dv cat HEAD:d/a/b && test $code -eq 1
	'

	test_expect_success "$kind: a clone" '
		rm -rf clone && git clone -q $kind clone && cd clone && refused dv fetch --max-size 5k &&
		refused dv fetch --dry-run && passes dv fetch && refused dv pull && test ! -e d &&
		refused dv import ../$kind d -o got && test ! -e got
	'
done

test_expect_success 'a part that is small is had' '
	cd clone && git checkout -q . && inner=d$(printf "/a%.0s" $(seq 35)) && passes dv checkout "$inner" && test -f "$inner/a/b/a/b/a/f"
'

test_expect_success 'diff and merge of two of them' '
	in_repo honest && "$DV_BUILD/tree-bomb" .git/dv 40 empty >d.dv && git commit -qam other && refused dv diff -R HEAD~2 HEAD~1 &&
	refused dv diff HEAD~1 HEAD && git show HEAD~1:d.dv >ours && cp d.dv theirs && "$DV_BUILD/tree-bomb" .git/dv 40 lies >base &&
	{ soon dv merge-driver base ours theirs d.dv 2>err; cat err; test $code -eq 1; } && grep "can follow" err && grep "^<<<<<<<" ours
'

test_done
