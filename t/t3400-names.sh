#!/bin/sh

test_description='pointers that git renames and removes, and their data'

. "${0%/*}/test-lib.sh"

start () {
	rm -rf repo && make_repo repo && cd repo && mkdir -p data/sub sub && echo 1 >data/1 && echo s >data/sub/s &&
	echo m >sub/m && dv add -q data sub/m && git add -A && git commit -qm base
}

test_expect_success 'git mv and dv checkout: the data is moved, not written, and .gitignore follows' '
	start && inode=$(stat -c %i data/sub/s) && git mv data.dv other.dv && git mv sub/m.dv n.dv && dv checkout >../out &&
	cat ../out && grep "wrote 0 files.*moved 2 tracked paths" ../out && test ! -e data && test ! -e sub/m &&
	test "$(stat -c %i other/sub/s)" = "$inode" && test "$(cat n)" = m && grep -qx /other .gitignore &&
	! grep -qx /data .gitignore && dv status --porcelain >../out && ! grep -v "^P" ../out &&
	git add -A && git commit -qm mv && dv status --exit-code && dv checkout >../out && grep "up to date" ../out
'

test_expect_success 'what was changed moves along and is kept' '
	start && echo mine >data/1 && echo new >data/new && git mv data.dv d2.dv && test_must_fail dv checkout &&
	test "$(cat d2/1 d2/new d2/sub/s)" = "mine
new
s"
'

test_expect_success 'of a directory that is here in part, that part moves' '
	start && mkdir ../moved && dv remote add origin "$SCRATCH/moved" && git add .dvconfig && git commit -qm remote && dv push -q && git clone -q . ../part &&
	cd ../part && dv pull -q data/sub && echo mine >data/sub/s && git mv data.dv d2.dv && test_must_fail dv checkout --allow-missing && test ! -e data &&
	test "$(cat d2/sub/s)" = mine && grep -x /d2 .gitignore && dv status -s >../out && cat ../out && grep "^M  d2/sub/s" ../out && ! grep "^?" ../out
'

test_expect_success 'into another folder, where something else is, and of a copy' '
	start && mkdir deep && git mv data.dv deep/data.dv && dv checkout -q && test -f deep/data/1 && test ! -e data &&
	git mv deep/data.dv here.dv && mkdir here && echo x >here/x && dv checkout -q && test -f here/x &&
	test -f here/1 && start && cp data.dv copy.dv && dv checkout -q copy && test -f copy/1 && test -f data/1
'

test_expect_success 'two of the same content: each name gets one of them' '
	start && cp sub/m twin && dv add -q twin && git add -A && git commit -qm twin && git mv sub/m.dv a.dv && git mv twin.dv b.dv && cp b.dv c.dv && git add c.dv &&
	dv checkout >../out && cat ../out && grep "wrote 1 file .*moved 2 tracked" ../out && test "$(cat a b c)" = "m
m
m" && test ! -e sub/m && test ! -e twin
'

test_expect_success 'cat: a name with a colon, where what is before it is no commit' '
	start && mkdir log && echo noon >log/12:00 && echo x >HEAD:y && echo y >y && dv add -q log HEAD:y y && git add -A && git commit -qm colon &&
	test "$(dv cat log/12:00)" = noon && test "$(cd log && dv cat 12:00)" = noon && test "$(dv cat HEAD:log/12:00)" = noon && test "$(dv cat HEAD:y)" = y && test "$(dv cat -- ./HEAD:y)" = x && test "$(cd log && dv cat ../HEAD:y)" = x &&
	test_must_fail dv cat nosuch:y 2>../err && grep "no such commit: nosuch" ../err && test_must_fail dv cat HEAD:nosuch 2>../err && grep "nothing is tracked at nosuch" ../err
'

test_expect_success 'with core.autostage .gitignore is staged' '
	start && dv config --local core.autostage true && git mv data.dv other.dv && dv checkout -q &&
	git diff --exit-code && git diff --cached --name-only >../out && grep -x .gitignore ../out
'

test_expect_success 'core.autostage stages what add and commit write' '
	cd repo && git commit -qm mv && echo 2 >other/2 && dv add -q other && git diff --exit-code &&
	git diff --cached --name-only | grep -x other.dv && echo 3 >other/3 && dv commit -q && git diff --exit-code &&
	echo x >x && dv add x >../out 2>&1 && ! grep "git add" ../out && git ls-files --error-unmatch x.dv
'

test_expect_success 'a dry run moves nothing' '
	start && git mv data.dv other.dv && dv checkout -qn && test -d data && test ! -e other
'

test_expect_success 'G9: a branch without the pointer is without the data; back again it is there' '
	start && dv hooks install -q && git checkout -qb without && git rm -q data.dv && git commit -qm without &&
	test -d data && git checkout -q main && git checkout -q without && test ! -e data && test -f sub/m &&
	git status --porcelain >../out && test ! -s ../out && git checkout -q main && test "$(cat data/1 data/sub/s)" = "1
s" && dv status --exit-code
'

test_expect_success 'with files that are new or changed in it these stay' '
	cd repo && echo new >data/new && echo mine >data/1 && git checkout -q without 2>../err && cat ../err &&
	(cd data && find . -type f | sort) >../out && printf "./1\n./new\n" | test_cmp - ../out && test "$(cat data/1)" = mine
'

test_expect_success 'a single file, and one whose content the store has lost' '
	start && dv hooks install -q && git checkout -qb without && git rm -q sub/m.dv data.dv && git commit -qm w &&
	git checkout -q main && git checkout -q without && test ! -e sub/m && git checkout -q main && test -f sub/m &&
	rm -rf .git/dv/data/* .git/dv/meta/* .git/dv/index/* && git checkout -q without && test "$(cat sub/m)" = m && test "$(cat data/1)" = 1
'

test_expect_success 'data whose pointer was never committed is left alone' '
	start && dv hooks install -q && mkdir fresh && echo f >fresh/f && dv add -q fresh && rm fresh.dv && git checkout -q -b x &&
	git checkout -q main && test -f fresh/f && git checkout -q --orphan o && test -f data/1
'

test_expect_success 'a pointer that the user removed leaves the data, by git rm and by dv rm' '
	start && dv hooks install -q && git rm -q data.dv && git checkout -q -b x && test -f data/1 && git commit -qm rm &&
	git checkout -q -b y && test -f data/1 && dv rm -q --keep sub/m && git checkout -q -b z && test -f sub/m
'

test_expect_success 'what another repository has by now is neither removed nor told nor moved' '
	start && dv hooks install -q && cp sub/m.dv "$SCRATCH/m.dv" && git rm -q sub/m.dv && git commit -qm gone && git init -q sub && git -C sub add -f m &&
	dv hook post-checkout HEAD^ HEAD 1 && test "$(cat sub/m)" = m && dv status >../out && ! grep sub/m ../out &&
	cp "$SCRATCH/m.dv" m2.dv && dv checkout -q m2 && test "$(cat m2 sub/m)" = "m
m"
'

test_expect_success 'a branch with the pointer under another name' '
	start && dv hooks install -q && git checkout -qb named && git mv data.dv name.dv && dv checkout -q && git add -A &&
	git commit -qm named && inode=$(stat -c %i name/1) && git checkout -q main && test "$(stat -c %i data/1)" = "$inode" &&
	test ! -e name && git checkout -q named && test ! -e data && test -f name/sub/s && git status --porcelain >../out && test ! -s ../out
'

test_expect_success 'autostage: a .gitignore that is gone and that git never had is not staged' '
	make_repo staged && cd staged && mkdir a b && echo 1 >a/x && dv add -q a/x && git add a/x.dv && git commit -q -m x && git config dv.core.autostage true &&
	git mv a/x.dv b/x.dv && dv checkout && test -f b/x && test ! -e a/.gitignore && git status --short >out && cat out && grep "b/.gitignore" out
'

test_expect_success 'a file with the name of a pointer: what to do about it' '
	make_repo film && cd film && echo dv >film.dv && test_must_fail dv add film.dv 2>../err && grep "^hint: give it another name" ../err &&
	echo 1 >data && dv add -q data && test_must_fail dv add data.dv 2>../err && grep "^hint: dv add data$" ../err
'

test_done
