#!/bin/sh

test_description='git diff of pointers shows the files'

. "${0%/*}/test-lib.sh"

test_expect_success 'what was added, changed and removed in a directory' '
	make_repo repo && cd repo && small_files data 300 && echo 1 >m && dv add -q data m && git add -A && git diff --cached -- data.dv >../out &&
	cat ../out && grep "added: *data/ (300 files" ../out && git commit -qm 1 && echo x >>data/s1/f000101 &&
	rm data/s2/f000200 && echo new >data/s0/new && echo 2 >m && dv add -q data m && git diff >../out && cat ../out &&
	printf "%s\n" "diff --dv data.dv" "added: data/s0/new" "modified: data/s1/f000101" "deleted: data/s2/f000200" \
		"diff --dv m.dv" "modified: m" >../expect &&
	sed "/^files/d; s/  */ /g; s/ (.*//" ../out | test_cmp ../expect -
'

test_expect_success 'between commits, from a sub-folder, of a renamed pointer' '
	cd repo && git commit -qam 2 && (cd data && git diff HEAD~1) | test_cmp ../out - && git mv m.dv n.dv &&
	git diff --cached -M >../out2 && cat ../out2 && grep "diff --dv m.dv n.dv" ../out2 && grep "renamed: *m -> n" ../out2
'

test_expect_success 'patches stay patches' '
	cd repo && git diff --no-ext-diff HEAD~1 -- data.dv >../patch && git apply -R --check ../patch &&
	git log -p -1 -- data.dv >../log && grep "^+id: sha256" ../log && git format-patch -q -1 --stdout | grep "^+id: sha256" &&
	git show --ext-diff HEAD -- data.dv | grep "modified: *data/s1/f000101"
'

test_expect_success 'files that are no pointers, and a conflict' '
	cd repo && printf "a\0b" >movie.dv && echo text >t.dv && git add movie.dv t.dv && git commit -qm o && printf "a\0c" >movie.dv &&
	echo other >t.dv && git diff >../out 2>../err && cat ../out && test ! -s ../err && grep "^Binary files" ../out &&
	grep "^+other" ../out && git rm -qf movie.dv t.dv && git commit -qm gone && git checkout -q -b x && echo x >n && dv add -q n && git commit -qam x &&
	git checkout -q main && dv checkout -q && echo y >n && dv add -q n && git commit -qam y && test_must_fail git merge x &&
	git diff >../out && grep "diff --cc n.dv" ../out && git diff --cached >../out && grep "Unmerged path n.dv" ../out && git merge --abort
'

test_expect_success 'nodes that are not here: what is known is shown, git goes on' '
	cd repo && git clone -q . ../clone && cd ../clone && dv init -q && git diff HEAD~4 HEAD~3 -- data.dv >../out 2>../err &&
	cat ../out ../err && grep "diff --dv data.dv" ../out && grep "^hint: dv fetch" ../err && test_exit_code 129 dv diff-driver a b
'

test_expect_success 'names that begin with a dash' '
	make_repo dash && cd dash && mkdir -p ./-d && echo 1 >./-d/1 && echo 1 >-f && dv add -q -- -d -f && git add -A && git commit -qm 1 &&
	git checkout -q -b side && echo 2 >./-d/2 && dv add -q -- -d && git diff >../out 2>../err && cat ../out ../err && test ! -s ../err && grep "added: *-d/2" ../out &&
	git commit -qam 2 && git checkout -q main && dv checkout -q && echo 3 >./-d/3 && dv add -q -- -d && git commit -qam 3 && git merge -q side &&
	dv checkout -q && test "$(cat ./-d/1 ./-d/2 ./-d/3)" = "1
2
3" && git checkout -q side && dv checkout -q && echo theirs >-f && dv add -q -- -f && git commit -qam theirs && git checkout -q main && dv checkout -q && echo ours >-f && dv add -q -- -f && git commit -qam ours &&
	test_must_fail git merge side 2>../err && cat ../err && grep "CONFLICT (data): -f was changed on both sides" ../err && git diff --cached | grep "Unmerged path -f.dv" &&
	dv diff-driver -h | grep usage && dv merge-driver -h | grep usage
'

test_expect_success 'where the data was taken from is part of what is shown' '
	make_repo from && (cd from && echo 1 >f && dv add -q f && git add -A && git commit -qm one) && make_repo to && cd to && dv import -q ../from f && git add -A && git commit -qm import && old=$(sed -n "s/^source.rev: //p" f.dv) &&
	(cd ../from && git commit -q --allow-empty -m two) && dv update -q && new=$(sed -n "s/^source.rev: //p" f.dv) && printf "diff --dv f.dv\n-source.rev: %s\n+source.rev: %s\n" "$old" "$new" >../expect && git diff >../actual && test_cmp ../expect ../actual
'

test_done
