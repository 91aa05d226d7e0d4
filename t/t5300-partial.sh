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

# As many packs as files, none so small that it comes without its index.
test_expect_success 'many packs: setup: 20 pushes; one file of them in a fresh clone' '
	make_repo many && cd many && mkdir ../packs dir && dv remote add origin "$SCRATCH/packs" &&
	for i in $(seq 20); do
		random_bytes 300000 $i >dir/$i && dv add -q dir && git add -A && git commit -qm $i && dv push -q ||
		return 1
	done &&
	git clone -q . ../few && cd ../few && dv pull -q dir/3 && cmp dir/3 ../many/dir/3
'

test_expect_success 'indexes that are known are merged, and used by the next command' '
	cd few && dv fetch -n && ls .git/dv/have/*/*.idx >../idx && test "$(wc -l <../idx)" -ge 17 &&
	ls .git/dv/have/*/merged/*.midx >../merged && test "$(wc -l <../merged)" -eq 1 &&
	dv fetch -n dir/5 >../out && cat ../out && dv pull -q dir/5 && cmp dir/5 ../many/dir/5
'

test_expect_success 'an index that is missing, or all that are, is asked for again' '
	cd few && for f in $(head -n 5 ../idx); do rm -f $f; done && for i in $(seq 6 12); do
		dv pull -q dir/$i && cmp dir/$i ../many/dir/$i || return 1
	done &&
	rm -f .git/dv/have/*/*.idx && dv pull -q dir/13 && cmp dir/13 ../many/dir/13
'

test_expect_success 'a damaged merged index keeps nothing from being pulled' '
	git clone -q many hurt && cd hurt && dv pull -q dir/3 && dv fetch -n && f=$(ls .git/dv/have/*/merged/*.midx) &&
	size=$(wc -c <"$f") && cp "$f" ../good && for at in 9 40 $((size / 2)) $((size - 5)); do
		rm -f .git/dv/have/*/merged/* && cp ../good "$f" && chmod u+w "$f" &&
		printf Z | dd of="$f" bs=1 seek=$at conv=notrunc 2>/dev/null &&
		dv pull -q dir/$((at % 15 + 5)) && cmp dir/$((at % 15 + 5)) ../many/dir/$((at % 15 + 5)) || return 1
	done &&
	printf Z >"$f" && dv pull -q dir && diff -r dir ../many/dir
'

test_expect_success 'once all is here nothing is left of them' '
	cd few && dv pull -q && diff -r dir ../many/dir && ! ls .git/dv/have/*/merged/*.midx && ! ls .git/dv/have/*/*.idx &&
	dv fsck && cd ../hurt && ! ls .git/dv/have/*/merged/*.midx && dv fsck
'

test_done
