#!/bin/sh

test_description='a part of a directory: pull it, add to it, push it'

. "${0%/*}/test-lib.sh"

test_expect_success 'E2: setup: 40 files pushed; one pulled in a fresh clone' '
	make_repo repo && cd repo && mkdir ../remote &&
	for i in 1 2; do for j in $(seq 20); do
		mkdir -p dir/s$i && random_bytes $((2000 + j)) $((100 * i + j)) >dir/s$i/$j || return 1
	done; done &&
	dv add -q dir && dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm data &&
	dv push && git clone -q . ../clone && cd ../clone && dv pull dir/s1/3 &&
	find dir -type f >../out && echo dir/s1/3 >../expect && test_cmp ../expect ../out &&
	cmp ../repo/dir/s1/3 dir/s1/3
'

test_expect_success 'status calls the rest absent, not deleted' '
	cd clone && dv status --porcelain >../out && cat ../out && ! grep "^D" ../out && grep "^A" ../out
'

test_expect_success 'E3: add one file there: 41 entries, and push works' '
	cd clone && echo new >dir/s1/new && dv add dir/s1/new && git commit -qam "One more" && dv push &&
	git clone -q . ../all && cd ../all && dv pull && test "$(find dir -type f | wc -l)" -eq 41 &&
	cat dir/s1/new && rm dir/s1/new && diff -r dir ../repo/dir
'

test_expect_success 'adding the whole directory keeps what was never here' '
	cd clone && echo newer >dir/s1/newer && dv add dir >../out && cat ../out && git commit -qam "And one more" &&
	dv push && dv ls -R dir | grep -c "dir/s[12]/" >../n && test "$(cat ../n)" -ge 42
'

test_expect_success 'E4: pull dir/s2: 20 more files, nothing else' '
	cd clone && before=$(find dir -type f | wc -l) && dv pull dir/s2 &&
	after=$(find dir -type f | wc -l) && test $((after - before)) -eq 20 && diff -r dir/s2 ../repo/dir/s2
'

test_expect_success 'removing a file and adding the path records the removal' '
	cd clone && rm dir/s2/7 && dv add dir/s2/7 && ! dv ls -R dir | grep "dir/s2/7$" &&
	dv ls -R dir | grep "dir/s1/7$"
'

test_done
