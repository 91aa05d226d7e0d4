#!/bin/sh

test_description='gc: what can be reached stays, what cannot goes'

. "${0%/*}/test-lib.sh"

# add_file <name> <bytes> <seed>: a file of its own bytes, added alone
add_file () {
	random_bytes "$2" "$3" >"$1" && dv add -q "$1"
}

# drop <name>: no work tree knows it any more
drop () {
	git rm -q --cached "$1.dv" 2>/dev/null
	rm -f "$1" "$1.dv"
}

packs () {
	find .git/dv/data .git/dv/meta -name '*.pack' | wc -l
}

# here <rev> <path> <bytes> <seed>: still whole in the store
here () {
	random_bytes "$3" "$4" >"$SCRATCH/want" && dv cat --rev "$1" "$2" >"$SCRATCH/got" && cmp "$SCRATCH/want" "$SCRATCH/got"
}

gc_now () {
	dv gc --grace now "$@"
}

test_expect_success 'setup: one that is committed, one that is not' '
	make_repo repo && cd repo && add_file kept 300000 1 && git add -A && git commit -qm kept && add_file loose-end 200000 2
'

test_expect_success 'nothing to free' '
	cd repo && gc_now >out && grep "nothing to free" out && here HEAD kept 300000 1
'

test_expect_success 'what nothing knows is young for two weeks' '
	cd repo && drop loose-end && n=$(packs) && dv gc >out && grep "younger" out && test "$(packs)" -eq "$n" &&
	dv config gc.grace 1h && dv gc >out && grep "younger" out && test "$(packs)" -eq "$n" && git checkout -q .dvconfig
'

test_expect_success 'a dry run says exactly what is then freed' '
	cd repo && n=$(packs) && gc_now -n >dry && cat dry && test "$(packs)" -eq "$n" && gc_now >real &&
	sed "s/would have //" dry | cmp - real && sed -n "s/^remove \([^ ]*\) .*/\1/p" dry >named && test -s named &&
	for f in $(cat named); do test ! -e ".git/dv/$f" || exit 1; done &&
	test "$(packs)" -lt "$n" && here HEAD kept 300000 1 && gc_now >out && grep "nothing to free" out
'

test_expect_success 'the age of files counts' '
	cd repo && add_file old 100000 3 && drop old && find .git/dv/data .git/dv/meta -newer dry -exec touch -d "15 days ago" {} + &&
	dv gc --json >out && cat out && grep "\"removed\":2" out && dv gc >out && grep "nothing to free" out
'

test_expect_success 'G1: what a feature branch has stays, whatever is checked out' '
	cd repo && git checkout -qb feature && add_file feat 250000 4 && git add -A && git commit -qm feat && dv checkout -q &&
	git checkout -q main && rm -f feat && gc_now --force && here feature feat 250000 4
'

test_expect_success 'a tag, a detached HEAD of another work tree, a ref of any name' '
	cd repo && add_file t 60000 5 && git add -A && git commit -qm t && git tag keep && git reset -q --hard HEAD^ && rm -f t &&
	git checkout -q --detach && add_file u 60000 6 && git add -A && git commit -qm u && git update-ref refs/odd/name HEAD &&
	git checkout -q main && rm -f u &&
	git worktree add -q --detach ../wt && (cd ../wt && add_file v 60000 7 && git add -A && git commit -qm v) &&
	git reflog expire --expire=now --all && gc_now && here keep t 60000 5 && here refs/odd/name u 60000 6 &&
	cd ../wt && here HEAD v 60000 7
'

test_expect_success 'every entry of a reflog, every stash' '
	cd repo && add_file r 70000 8 && git add -A && git commit -qm r && r=$(git rev-parse HEAD) && git reset -q --hard HEAD^ && rm -f r &&
	add_file s1 70000 9 && git add -A && git stash -q && rm -f s1 && add_file s2 70000 10 && git add -A && git stash -q && rm -f s2 &&
	gc_now && here "$r" r 70000 8 && here "stash@{1}" s1 70000 9 && here "stash@{0}" s2 70000 10
'

test_expect_success 'the index and the work tree of each work tree, git knowing or not' '
	cd repo && add_file i 80000 11 && git add -f i.dv && rm i i.dv &&
	add_file n 80000 12 && rm n && (cd ../wt && add_file w 80000 13 && rm w) && echo "*.dv" >>.git/info/exclude &&
	add_file x 80000 14 && rm x && gc_now && git checkout -q i.dv && dv checkout -q i n x && (cd ../wt && dv checkout -q w) &&
	test -f i && test -f n && test -f x && test -f ../wt/w && drop i && drop n && drop x && : >.git/info/exclude
'

test_expect_success 'heads of what is under way' '
	cd repo && add_file o 90000 15 && git add -A && git commit -qm o && o=$(git rev-parse HEAD) && git reset -q --hard HEAD^ && rm -f o &&
	git reflog expire --expire=now --all && git update-ref -d ORIG_HEAD && mkdir -p .git/rebase-merge && echo "$o" >.git/rebase-merge/orig-head &&
	gc_now && here "$o" o 90000 15 && rm -r .git/rebase-merge && echo "$o" >.git/MERGE_HEAD && gc_now && here "$o" o 90000 15 &&
	rm .git/MERGE_HEAD && gc_now >out && grep "^remove" out && test_must_fail dv cat --rev "$o" o
'

test_expect_success 'refs and tags of trees and of pointers' '
	cd repo && for n in 61 62 63 64; do add_file "p$n" 30000 $n || exit 1; done && git add p6?.dv && git commit -qm p && p=$(git rev-parse HEAD) &&
	mkdir t && git mv p61.dv p62.dv t && git tag tree "$(git write-tree --prefix=t/)" && git tag -a -m x -f nested tree && git tag -d tree && git tag -a -m y outer nested &&
	git update-ref refs/odd/pointer "$p:p63.dv" && git tag -a -m z pointer "$p:p64.dv" && git tag other "$(echo no pointer | git hash-object -w --stdin)" &&
	git reset -q --hard HEAD^ && rm -f p6? && git reflog expire --expire=now --all && rm -f .git/ORIG_HEAD && gc_now &&
	for o in outer:p61.dv nested:p62.dv refs/odd/pointer "pointer^{}"; do git cat-file -p "$o" >now.dv && dv checkout -q now && rm now || exit 1; done && rm now.dv &&
	git tag -d nested outer pointer other && git update-ref -d refs/odd/pointer && gc_now >out && test "$(grep -c "^remove data" out)" -eq 4
'

test_expect_success 'what a pick is still to come to, and refs of one work tree' '
	cd repo && echo 1 >code && git add code && git commit -qm 1 && git checkout -qb later && echo 2 >code && git commit -qam 2 && add_file q 40000 65 && git add q.dv && git commit -qm added &&
	git checkout -q main && rm -f q && echo 3 >code && git commit -qam 3 && ! git cherry-pick main..later && git branch -qD later && git reflog expire --expire=now --all && rm -f .git/ORIG_HEAD &&
	gc_now && git checkout -q --theirs code && git add code && git -c core.editor=true cherry-pick --continue && here HEAD q 40000 65 && q=$(git rev-parse HEAD) && git reset -q --hard HEAD~2 &&
	git reflog expire --expire=now --all && rm -f .git/ORIG_HEAD && mkdir .git/rebase-merge && echo "fixup -C $(git rev-parse --short "$q") added" >.git/rebase-merge/git-rebase-todo && gc_now && here "$q" q 40000 65 &&
	rm -r .git/rebase-merge && git -C ../wt update-ref refs/worktree/keep "$q" && gc_now && here "$q" q 40000 65 && git -C ../wt update-ref -d refs/worktree/keep && gc_now >out && grep "^remove" out
'

test_expect_success 'a pointer with conflict markers counts with both its sides' '
	cd repo && add_file c 50000 16 && cp c.dv one && add_file c 50000 17 && { echo "<<<<<<< ours"; cat one; echo =======; cat c.dv; echo ">>>>>>> theirs"; } >both &&
	mv both c.dv && rm c one && cp c.dv save && gc_now && sed -n "3,/=====/p" save >/dev/null &&
	sed -n "/<<<</,/====/p" save | sed "1d;\$d" >c.dv && dv checkout -q c && test -f c && rm c &&
	sed -n "/====/,/>>>>/p" save | sed "1d;\$d" >c.dv && dv checkout -q c && test -f c && drop c && rm save
'

test_expect_success 'half a pack is packed anew, within the budget' '
	cd repo && gc_now -q && random_bytes 2000000 20 >big && random_bytes 300000 21 >small && dv add -q big small &&
	drop big && before=$(disk_bytes .git/dv/data) && gc_now --max-repack 1k >out && test "$(disk_bytes .git/dv/data)" -eq "$before" &&
	gc_now -n >dry && cat dry && grep "^repack data/" dry && gc_now >real && sed "s/would have //" dry | cmp - real &&
	after=$(disk_bytes .git/dv/data) && echo "$before $after" && test $((before - after)) -gt 1900000 &&
	rm small && dv checkout -q small && random_bytes 300000 21 | cmp - small && dv store && drop small
'

test_expect_success 'a shallow clone, a broken ref: refused' '
	git clone -q --depth 1 "file://$SCRATCH/repo" shallow && cd shallow && test_must_fail gc_now 2>err && grep -i shallow err &&
	gc_now --force && cd ../repo && echo nonsense >.git/refs/heads/broken && test_must_fail gc_now 2>err && grep broken err &&
	printf "%040d\n" 7 >.git/refs/heads/broken && test_must_fail gc_now 2>err && rm .git/refs/heads/broken && gc_now
'

test_expect_success 'a ref that is made while gc looks is no broken one' '
	mkdir shim && real=$(command -v git) && export real && cat >shim/git <<-\EOF &&
	#!/bin/sh
	"$real" "$@" && case "$*" in *for-each-ref*) "$real" update-ref refs/heads/later HEAD && : >"$SCRATCH/made" ;; esac
	EOF
	chmod +x shim/git && cd repo && PATH=$SCRATCH/shim:$PATH dv gc -q --grace now && test -e ../made && git branch -q -D later
'

test_expect_success 'a work tree that is gone: refused until it is pruned' '
	cd repo && mv ../wt ../away && test_must_fail gc_now 2>err && grep "worktree prune" err && mv ../away ../wt && gc_now &&
	(cd ../wt && here HEAD v 60000 7)
'

test_expect_success 'a version that is not here: nothing is removed' '
	cd repo && mkdir ../remote && dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm remote && dv push -q -A &&
	git checkout -q -b unpushed && add_file u2 60000 31 && git add -A && git commit -qm u2 && git checkout -q main && rm -f u2 &&
	git clone -q . ../part && cd ../part && dv pull -q && add_file gone 40000 30 && drop gone && n=$(packs) &&
	test_must_fail gc_now 2>err && cat err && grep "dv fetch -A" err && test "$(packs)" -eq "$n" && gc_now --force >out && grep "^remove" out &&
	here HEAD kept 300000 1
'

test_expect_success 'of two copies one is freed, whatever else is in the packs they are in' '
	make_repo copies && make_repo other && cd other && random_bytes 300000 60 >2-both && random_bytes 20000 61 >3-other && dv add -q 2-both 3-other &&
	cd ../copies && random_bytes 20000 62 >1-own && random_bytes 300000 60 >2-both && dv add -q 1-own 2-both && cp ../other/.git/dv/data/*.pack .git/dv/data/ && cp ../other/.git/dv/meta/*.pack .git/dv/meta/ &&
	cp ../other/3-other . && mkdir 4-dir && cp 2-both 4-dir/ && dv add -q 3-other 4-dir && test "$(cat .git/dv/data/*.pack | wc -c)" -gt 640000 && git add -A && git commit -qm copies &&
	gc_now --json >out && cat out && test "$(sed -n "s/.*\"roots\":.*\"bytes\":\([0-9]*\).*/\1/p" out)" -gt 300000 && test "$(cat .git/dv/data/*.pack | wc -c)" -lt 350000 && dv fsck -q && gc_now | grep "nothing to free" &&
	here HEAD 1-own 20000 62 && here HEAD 2-both 300000 60 && here HEAD 3-other 20000 61
'

test_expect_success 'a shared store keeps what its other users have' '
	make_repo one && make_repo two && for r in one two; do (cd $r && dv config --local store.path "$SCRATCH/shared") || exit 1; done &&
	cd one && add_file a 50000 40 && git add -A && git commit -qm a && cd ../two && add_file b 50000 41 && git add -A && git commit -qm b &&
	ls "$SCRATCH/shared/users" | wc -l | grep -qx 2 && gc_now && cd ../one && here HEAD a 50000 40 && gc_now && cd ../two && here HEAD b 50000 41
'

test_expect_success 'a user that is out of sight: refused, unless forced' '
	mv two three && cd one && test_must_fail gc_now 2>err && cat err && grep "uses the store" err && grep "rm " err &&
	mv ../three ../two && gc_now && (cd ../two && here HEAD b 50000 41) && mv ../two ../three && gc_now --force >out && grep "^remove" out
'

test_expect_success 'the repository that a shared store lies in' '
	make_repo owner && (cd owner && add_file o 50000 50) && make_repo guest && cd guest && dv config --local store.path "$SCRATCH/owner/.git/dv" &&
	add_file g 50000 51 && gc_now && cd ../owner && rm o && dv checkout -q o && gc_now && cd ../guest && rm g && dv checkout -q g
'

test_expect_success 'wrong ages and sizes' '
	cd repo && test_exit_code 129 dv gc --grace soon 2>err && grep soon err && test_exit_code 129 dv gc --max-repack much && test_exit_code 129 dv gc what &&
	test_exit_code 1 dv config --local gc.grace soon 2>err && grep "gc.grace: not an age such as .*: soon" err &&
	git config dv.gc.grace soon && test_exit_code 1 dv gc 2>err && grep "gc.grace.*soon" err && dv config --local --unset gc.grace
'

test_done
