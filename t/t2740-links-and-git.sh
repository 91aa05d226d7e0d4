#!/bin/sh

test_description='linked files beside git: hooks, merge, diff, stash, rebase, git mv, work trees, fsck, gc'

. "${0%/*}/test-lib.sh"

clean () { dv status >"$SCRATCH/status" || cat "$SCRATCH/status"; dv status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status"; }
random_bytes 17000000 1 >big1
random_bytes 17000000 2 >big2

# linked <path>: it is a link of the kind that is being tried
linked () {
	case $kind in
	hardlink) test ! -L "$1" && test "$(stat -c %h "$1")" -gt 1 ;;
	symlink) test -L "$1" && test -f "$1" ;;
	esac
}
put () { cp --remove-destination "$@"; }

for kind in hardlink symlink
do
	test_expect_success "$kind: hooks, checkout of a branch and back" '
		make_repo $kind && cd $kind && dv config store.link $kind && dv hooks install -q && mkdir d && cp ../big1 d/big && echo s >d/s && dv add -q d && git add -A && git commit -qm 1 && git tag one &&
		git checkout -q -b other && put ../big2 d/big && test_must_fail git commit -qam unrecorded && dv add -q d && git commit -qam 2 && linked d/big && git checkout -q main && linked d/big && cmp d/big ../big1 && clean &&
		git checkout -q other && linked d/big && cmp d/big ../big2 && clean
	'

	test_expect_success "$kind: merge driver, diff driver" '
		cd $kind && git checkout -q main && echo new >d/new && dv add -q d && git commit -qam new && git merge -q -m merged other && dv checkout -q && linked d/big && cmp d/big ../big2 && test -e d/new && clean &&
		git diff one HEAD -- d.dv >../out && grep "big" ../out && dv diff --name-status one >../out && grep "^M.*d/big" ../out && grep "^A.*d/new" ../out
	'

	test_expect_success "$kind: stash, rebase, git mv" '
		cd $kind && put ../big1 d/big && dv add -q d && linked d/big && git stash -q && dv checkout -q && cmp d/big ../big2 && linked d/big && git stash pop -q && dv checkout -q && cmp d/big ../big1 && linked d/big && git commit -qam back &&
		git checkout -q -b side HEAD~1 && echo side >side && git add side && git commit -qm side && git rebase -q main && dv checkout -q && cmp d/big ../big1 && linked d/big && git mv d.dv e.dv && dv checkout -q && linked e/big && test ! -e d && git add -A && git commit -qm mv && clean
	'

	test_expect_success "$kind: work trees, fsck --repair, gc" '
		cd $kind && git worktree add -q ../wt-$kind other && cd ../wt-$kind && dv checkout -q && linked d/big && cmp d/big ../big2 && clean && cd ../$kind && dv fsck -q && dv gc -q --grace now && cmp e/big ../big1 && cmp ../wt-$kind/d/big ../big2 && clean &&
		mkdir ../remote-$kind && dv push -q -a -r "$SCRATCH/remote-$kind" && chmod u+w e/big && printf X | dd of=e/big bs=1 seek=900000 conv=notrunc 2>/dev/null && dv status >../out && grep "e/big" ../out && test_must_fail dv fsck -q &&
		dv remote add origin "$SCRATCH/remote-$kind" && { dv fsck -q --repair || true; } && dv checkout -q -f && cmp e/big ../big1 && linked e/big && dv fsck -q && dv status e >../out && ! grep "e/big" ../out
	'
done

test_done
