#!/bin/sh

test_description='git merges pointers, and with them the data'

. "${0%/*}/test-lib.sh"

# branches <base> <ours> <theirs>: commands that change data/, on main and on
# the branch theirs; main is checked out with its data
branches () {
	rm -rf repo && make_repo repo && cd repo && mkdir -p data/sub &&
	for i in 1 2 3 4 5
	do
		echo "$i" >data/$i && echo "s$i" >data/sub/$i
	done &&
	eval "$1" && dv add -q data && git add -A && git commit -qm base &&
	git checkout -qb theirs && eval "$3" && dv add -q data && git commit -qam theirs --allow-empty &&
	git checkout -q main && dv checkout -q && eval "$2" && dv add -q data && git commit -qam ours
}

test_expect_success 'additions of both sides come together, in a new clone of git too' '
	branches true "echo a >data/a; echo b >data/sub/b" "echo c >data/c; mkdir data/new; echo d >data/new/d" &&
	git merge -q theirs 2>../err && grep "^hint: dv checkout" ../err && dv checkout -q && dv status --exit-code &&
	(cd data && find . -type f | sort) >../actual &&
	printf "./%s\n" 1 2 3 4 5 a c new/d sub/1 sub/2 sub/3 sub/4 sub/5 sub/b >../expect &&
	test_cmp ../expect ../actual
'

test_expect_success 'the merged directory is the one that add records' '
	cd repo && cp data.dv ../merged && dv add -q data && test_cmp ../merged data.dv && git diff --exit-code
'

test_expect_success 'changes, removals and modes of one side are taken' '
	branches true "echo x >data/1; rm data/2; chmod +x data/5" "echo y >data/sub/1; rm -r data/3; echo z >data/5" &&
	git merge -q theirs && dv checkout -q && test "$(cat data/1 data/sub/1 data/5)" = "x
y
z" && test ! -e data/2 && test ! -e data/3 && test -x data/5
'

test_expect_success 'before the checkout status says who is behind, and add undoes nothing' '
	branches "echo a >a.bin; dv add -q a.bin" "echo x >data/4" "echo y >data/1; rm data/2; echo n >data/new" &&
	git merge -q theirs && dv status >../out && cat ../out && grep "git has moved" ../out && grep "behind: *data$" ../out &&
	! grep "behind: *a.bin" ../out && dv status --porcelain >../out && ! grep "^[^MDA?P]" ../out &&
	test_must_fail dv add data && dv checkout -q && dv status >../out && echo "nothing changed" | test_cmp - ../out &&
	echo mine >data/3 && dv status >../out && ! grep behind ../out &&
	git clone -q . ../unseen && cd ../unseen && dv status >../out && grep absent ../out && ! grep behind ../out &&
	git checkout -q --orphan other && dv status >../out && grep absent ../out && ! grep behind ../out
'

test_expect_success 'a merge in a clone that has seen no dv: what the hint says merges it' '
	branches true "echo a >data/a" "echo b >data/b" && git clone -q . ../fresh && cd ../fresh &&
	test_must_fail git merge -q origin/theirs && grep "^<<<<" data.dv && test_must_fail dv checkout 2>../err && cat ../err &&
	grep "git checkout --merge -- data.dv" ../err && dv init -q && dv config --local store.fallback "$SCRATCH/repo/.git/dv" &&
	git checkout --merge -- data.dv && ! grep "^<<<<" data.dv && git add data.dv && git commit -qm merged && dv checkout -q &&
	test "$(cat data/a data/b)" = "a
b"
'

test_expect_success 'octopus merges of one pointer fail, and nothing is changed' '
	branches true "echo a >data/a" "echo b >data/b" && git checkout -qb third main~1 && dv checkout -q && echo c >data/c && dv add -q data &&
	git commit -qam third && git checkout -q main && dv checkout -q && test_must_fail git merge -q theirs third && git reset -q --hard && dv status --exit-code &&
	git merge -q theirs && git merge -q third && dv checkout -q && test "$(cat data/a data/b data/c)" = "a
b
c"
'

test_expect_success 'the same change on both sides is none' '
	branches true "echo x >data/1; rm data/2; mkdir data/n; echo n >data/n/n; echo a >data/a" \
		"echo x >data/1; rm data/2; mkdir data/n; echo n >data/n/n" &&
	git merge -q theirs && dv checkout -q && test -f data/a && test ! -e data/2
'

test_expect_success 'a file changed on both sides: a conflict that names it, both versions there' '
	branches true "echo ours >data/sub/1; echo a >data/a" "echo theirs >data/sub/1; echo b >data/b" &&
	test_exit_code 1 git merge theirs 2>../err && cat ../err && grep "data/sub/1.*data/sub/1.theirs" ../err &&
	test "$(git ls-files -u | wc -l)" = 3 && dv checkout -q &&
	test "$(cat data/sub/1 data/sub/1.theirs)" = "ours
theirs" && test -f data/a && test -f data/b
'

test_expect_success 'and it is resolved with dv add and git add' '
	cd repo && mv data/sub/1.theirs data/sub/1 && dv add -q data && git add data.dv && git commit -qm merged &&
	dv status --exit-code && dv ls -R >../out && ! grep theirs ../out && git diff --exit-code HEAD~1 -- .dvconfig
'

test_expect_success 'deleted here, changed there; and the other way round' '
	branches true "rm data/1; echo x >data/2" "echo y >data/1; rm data/2" &&
	test_exit_code 1 git merge theirs 2>../err && grep "data/1 was deleted by us" ../err &&
	grep "data/2 was changed by us" ../err && dv checkout -q && test "$(cat data/1 data/2)" = "y
x"
'

test_expect_success 'a directory removed here and changed there keeps what was changed' '
	branches true "rm -r data/sub" "echo y >data/sub/3" &&
	test_exit_code 1 git merge theirs 2>../err && grep data/sub/3 ../err && dv checkout -q &&
	test "$(ls data/sub)" = 3
'

test_expect_success 'a directory removed here and not changed there is gone' '
	branches true "rm -r data/sub" "echo y >data/1" &&
	git merge -q theirs && dv checkout -q && test ! -e data/sub
'

test_expect_success 'types: a file here, a directory or a link there' '
	branches true "echo x >data/1; ln -s a data/l; echo t >data/sub/1.theirs; echo t >data/sub/1" \
		"rm data/1; mkdir data/1; echo in >data/1/in; ln -s b data/l; rm data/sub/1; ln -s q data/sub/1" &&
	test_exit_code 1 git merge theirs && dv checkout -q && test "$(cat data/1 data/1.theirs/in)" = "x
in" && test "$(readlink data/l)" = a && test "$(readlink data/l.theirs)" = b &&
	test "$(cat data/sub/1.theirs)" = t && test "$(readlink data/sub/1.theirs2)" = q
'

test_expect_success 'a name as long as names can be' '
	long=$(printf %0255d 0) &&
	branches "echo 1 >data/$long" "echo 2 >data/$long" "echo 3 >data/$long" &&
	test_exit_code 1 git merge theirs && dv checkout -q && cat data/0*.theirs && test "$(ls data | wc -l)" = 8
'

test_expect_success 'a directory of thousands of files and conflicts in the middle of it' '
	branches "small_files data/big 3000" "echo 1 >data/big/s7/f000700; echo a >data/big/s29/a" \
		"echo 2 >data/big/s7/f000700; rm -r data/big/s3" &&
	test_exit_code 1 git merge theirs 2>../err && test "$(grep -c CONFLICT ../err)" = 1 && dv checkout -q &&
	test ! -e data/big/s3 && test -f data/big/s29/a && test "$(cat data/big/s7/f000700.theirs)" = 2
'

test_expect_success 'both sides add the same path anew' '
	rm -rf repo && make_repo repo && cd repo && git checkout -qb theirs && mkdir data && echo t >data/t &&
	dv add -q data && git add -A && git commit -qm theirs && git checkout -q main && rm -r data &&
	mkdir data && echo o >data/o && dv add -q data && git add -A && git commit -qm ours &&
	git merge -q theirs && dv checkout -q && test "$(cat data/o data/t)" = "o
t"
'

test_expect_success 'a single file: as with binary files ours stays, theirs is at hand' '
	rm -rf repo && make_repo repo && cd repo && echo base >m && dv add -q m && git add -A && git commit -qm base &&
	git checkout -qb theirs && echo theirs >m && dv add -q m && git commit -qam theirs && git checkout -q main &&
	dv checkout -q && echo ours >m && dv add -q m && git commit -qam ours &&
	test_exit_code 1 git merge theirs 2>err && grep "checkout --theirs -- m.dv" err && dv status &&
	test "$(cat m)" = ours && git checkout -q --theirs -- m.dv && dv checkout -q && test "$(cat m)" = theirs
'

test_expect_success 'rebase merges too, commit by commit' '
	branches true "echo a >data/a" "echo b >data/b" && echo c >data/c && dv add -q data && git commit -qam more &&
	git rebase -q theirs && dv checkout -q && (cd data && ls) >../out && cat ../out &&
	test "$(cat data/a data/b data/c)" = "a
b
c" && git checkout -q HEAD~1 && dv checkout -q && test ! -e data/c && test -f data/a && test -f data/b
'

test_expect_success 'with hooks the data follows by itself, and no hint is needed' '
	branches true "echo a >data/a" "echo b >data/b" && dv hooks install -q && git merge -q theirs 2>../err && cat ../err &&
	! grep hint ../err && test "$(cat data/a data/b)" = "a
b"
'

test_expect_success 'stash pop merges the stashed pointer with the one of now' '
	branches true "echo a >data/a" true && echo s >data/s && dv add -q data && git stash -q &&
	dv checkout -q && test ! -e data/s && echo n >data/n && dv add -q data && git commit -qam n &&
	git stash pop -q && dv checkout -q && test "$(cat data/n data/s data/a)" = "n
s
a"
'

# --- clones: where the nodes of the other side are not here ------------------

test_expect_success 'a clone is set up by the first pull, and leaves a driver of the user alone' '
	branches true "echo a >data/a" "echo b >data/b" && mkdir ../remote &&
	dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm remote && dv push -q --all-commits &&
	git clone -q . ../clone && cd ../clone && test_must_fail git config merge.dv.driver && dv pull -q &&
	git config merge.dv.driver >../out && grep "^dv merge-driver" ../out &&
	git clone -q . ../own && cd ../own && git config merge.dv.driver false && dv init -q && dv checkout -q --allow-missing &&
	test "$(git config --get-all merge.dv.driver)" = false
'

test_expect_success 'nodes that are not here are fetched, no content; the merge can be pushed' '
	cd clone && git branch -q theirs origin/theirs && git merge -q theirs && ls -R .git/dv >../before &&
	dv push -q && mv .git/dv ../aside && dv pull -q && rm -rf ../aside && test "$(cat data/a data/b)" = "a
b" && dv status --exit-code
'

test_expect_success 'with no way to get them it is git'\''s own conflict; later it goes by itself' '
	git clone -q repo lost && cd lost && dv init -q && git branch -q theirs origin/theirs && mv ../remote ../gone &&
	test_exit_code 1 git merge theirs 2>../err && cat ../err && grep "^<<<<<<<" data.dv &&
	grep "git checkout --merge -- data.dv" ../err && test_must_fail dv ls 2>../err2 && grep conflict ../err2 &&
	mv ../gone ../remote && git checkout --merge -- data.dv && dv pull -q && test "$(cat data/a data/b)" = "a
b" && git add data.dv && git commit -qm merged
'

test_expect_success 'an existing .gitattributes keeps what it has' '
	git init -q attr && cd attr && printf "*.png binary" >.gitattributes && dv init -q &&
	printf "*.png binary\n*.dv merge=dv diff=dv\n.gitignore merge=dv\n" >../expect && test_cmp ../expect .gitattributes &&
	dv init -q && test_cmp ../expect .gitattributes && git init -q ../attr2 && cd ../attr2 &&
	printf "# merge=dv\n[attr]x\n*.dv text merge=dv\n" >.gitattributes && { cat .gitattributes && echo ".gitignore merge=dv"; } >../expect && dv init -q &&
	test_cmp ../expect .gitattributes && git config merge.dv.driver && ln -s x ../link && git init -q ../attr3 &&
	cd ../attr3 && ln -s ../attr/.gitattributes . && test_must_fail dv init && test ! -e .dvconfig
'

test_expect_success 'wrong usage' '
	test_exit_code 129 dv merge-driver a b && cd repo && echo x >o && echo y >p && test_exit_code 1 dv merge-driver o p o d.dv
'

test_done
