#!/bin/sh

test_description='globs, --exclude, profiles, --max-size and the plan'

. "${0%/*}/test-lib.sh"

files () {
	(cd "$1" && find . -type f -not -name "*.dv" -not -name ".*" -not -path "./.*" | sed "s/^..//" | sort)
}

clone () {
	cd "$SCRATCH" && rm -rf clone && git clone -q repo clone && cd clone
}

test_expect_success 'setup: png and txt in folders, a large file, a second path' '
	make_repo repo && cd repo && mkdir -p ../remote data/a/deep data/b/raw data/empty models &&
	for i in 1 2 3 4 5; do
		random_bytes 3000 $i >data/a/$i.png && echo text $i >data/a/$i.txt &&
		random_bytes 3000 1$i >data/a/deep/$i.png && random_bytes 2000 2$i >data/b/raw/$i.png &&
		echo b $i >data/b/$i.txt || return 1
	done && random_bytes 900000 99 >data/b/large.png && random_bytes 500000 98 >models/one.bin &&
	random_bytes 50000 97 >models/two.bin && dv add -q data models/one.bin models/two.bin &&
	dv remote add origin ../remote && git add -A && git commit -qm data && dv push -q
'

test_expect_success 'a glob takes what it matches and nothing else' '
	clone && dv pull "data/**/*.png" && (cd ../repo && find data -name "*.png" | sort) >../expect &&
	files . >../got && test_cmp ../expect ../got && for f in $(cat ../got); do cmp $f ../repo/$f || return 1; done &&
	! test -e data/empty && dv status --porcelain >../out && cat ../out && grep "^A" ../out && ! grep "^[MD?]" ../out
'

test_expect_success 'adding the directory keeps what was never here' '
	cd clone && cp data.dv ../before.dv && echo new >data/a/new.png && dv add -q data && dv ls -R data >../out &&
	grep "data/a/1.txt" ../out && grep "data/empty" ../out && grep "data/a/new.png" ../out &&
	rm data/a/new.png && dv add -q data/a/new.png && cmp data.dv ../before.dv
'

test_expect_success 'the rest comes later, and then nothing is missing' '
	cd clone && dv pull && diff -r data ../repo/data && dv status -q
'

test_expect_success 'a glob of one folder, among paths, from below' '
	clone && dv pull "data/a/*.txt" models/two.bin && printf "data/a/%s.txt\n" 1 2 3 4 5 >../expect &&
	echo models/two.bin >>../expect && files . >../got && test_cmp ../expect ../got &&
	cd models && dv pull "o*.bin" && cmp one.bin ../../repo/models/one.bin && test_must_fail dv pull "../data/none/*"
'

test_expect_success '--exclude at any depth, and anchored' '
	clone && dv pull --exclude "*.png" --exclude models && files . >../got && grep -c txt ../got >../n &&
	test "$(cat ../n)" = 10 && ! grep -e png -e bin ../got && test -d data/empty &&
	clone && dv pull --exclude data/b/ && files . >../got && ! grep data/b ../got && grep data/a/deep/1.png ../got &&
	! test -d data/b && dv status --porcelain >../out && cat ../out && ! grep "^[MD?!]" ../out
'

test_expect_success 'what was fetched with a filter can be checked out with it, and no more' '
	clone && dv fetch -q "data/a/*.txt" && dv checkout "data/a/*.txt" && test_must_fail dv checkout -q models &&
	files . >../got && test "$(grep -c txt ../got)" = 5 && test "$(grep -c "" ../got)" = 5
'

test_expect_success 'what is left out and here stays as it is' '
	clone && dv pull -q && echo mine >data/b/1.txt && rm data/a/1.png && dv pull --exclude b &&
	grep mine data/b/1.txt && cmp data/a/1.png ../repo/data/a/1.png && dv status --porcelain >../out &&
	echo "M  data/b/1.txt" >../expect && test_cmp ../expect ../out && diff -r data/b/raw ../repo/data/b/raw
'

test_expect_success 'a new version with a filter: old files elsewhere stay and are told' '
	clone && dv pull -q && cd ../repo && echo two >data/a/1.txt && echo two >data/b/1.txt && rm data/b/2.txt &&
	dv add -q data && git commit -qam two && dv push -q && cd ../clone && git pull -q &&
	dv pull --exclude b && grep two data/a/1.txt && grep "b 1" data/b/1.txt && test -f data/b/2.txt &&
	dv status --porcelain >../out && cat ../out && grep "data/b" ../out && dv pull && diff -r data ../repo/data && dv status -q
'

test_expect_success '--max-size leaves out what is larger; a file that is named is taken' '
	clone && dv pull --max-size 100k && ! test -e data/b/large.png && ! test -e models/one.bin &&
	cmp models/two.bin ../repo/models/two.bin && cmp data/a/1.png ../repo/data/a/1.png &&
	dv pull --max-size 100k data/b/large.png && cmp data/b/large.png ../repo/data/b/large.png &&
	dv pull -n --max-size 100k models/one.bin >../out && grep "would write 1 file" ../out && dv ls --max-size 100k models/one.bin | grep one &&
	dv pull --max-size 100k models/one.bin.dv && cmp models/one.bin ../repo/models/one.bin && rm models/one.bin &&
	dv checkout --max-size 100k ./models && ! test -e models/one.bin &&
	test_exit_code 129 dv pull --max-size lots && test_exit_code 129 dv pull --max-size 0
'

test_expect_success 'a blank in a pattern of a profile has a backslash before it' '
	make_repo blank && cd blank && mkdir -p "d/a b" d/c && echo 1 >"d/a b/x" && echo 2 >d/c/x && echo 3 >"d/c/y z" && dv add -q d && dv config profile.p.include "d/a\\ b/  d/c/y\\ z" &&
	dv ls -R --profile p d >out && cat out && grep "a b/x" out && grep "y z" out && ! grep "c/x" out
'

test_expect_success 'a profile in .dvconfig is shared' '
	cd repo && dv config --project profile.small.include "data/a/*.txt /models" &&
	dv config --project profile.small.exclude "one.bin" && git commit -qam profile &&
	clone && dv pull --profile small && files . >../got && grep models/two.bin ../got &&
	test "$(grep -c "" ../got)" = 6 && test_must_fail dv pull --profile large 2>../err && grep "no profile" ../err
'

test_expect_success 'a dry run says what it would take, by path, and takes no content' '
	clone && dv pull -n --exclude "*.png" >../out && cat ../out && grep "data: would fetch 9 of 9 files" ../out &&
	dv fetch -n --json --max-size 100k >../out && cat ../out && grep "\"path\":\"models/one.bin\",\"files\":0" ../out &&
	grep "\"path\":\"models/two.bin\",\"files\":1,\"size\":50000,\"missing_files\":1,\"missing_size\":50000" ../out &&
	test -z "$(ls .git/dv/data 2>/dev/null)" && ! test -e data
'

# the bytes of the line that begins so
bytes () {
	sed -n "s/.*\"operation\":\"fetched\".*\"bytes\":\([0-9]*\).*/\1/p" "$1"
}

test_expect_success 'the plan in all is what is then received, and what is left out is not' '
	for what in "data/**/*.png" "--exclude large.png" "--exclude raw/ data" "--max-size 100k data/b/large.png" data/a/1.png
	do
		(set -f && clone && dv fetch -n --json $what >../plan && dv fetch --json $what >../real) &&
		planned=$(bytes plan) && real=$(bytes real) && echo "$what: $planned $real" &&
		test $real -le $((planned + 3000)) && test $real -ge $((planned - 3000)) || return 1
	done && clone && dv fetch -n --max-size 100k data/b/large.png >../out &&
	grep "data: would fetch 1 of 1 file, 878" ../out && dv pull -n data/b/large.png >../out &&
	grep "^would write 1 file (878" ../out && ! grep missing ../out
'

test_expect_success 'what is left out is not received because more than half is wanted' '
	make_repo half && cd half && mkdir d && random_bytes 3500000 1 >d/a && random_bytes 2500000 2 >d/b && dv add -q d &&
	git add -A && git commit -qm half && dv push -q -r ../half-remote && git clone -q . ../half-clone && cd ../half-clone &&
	dv fetch -r ../half-remote --json --exclude b >../real && test $(bytes ../real) -lt 4600000 && dv fetch -q -r ../half-remote && dv checkout -q && cmp d/b ../half/d/b
'

test_expect_success '--exclude of a folder: the slash at the end anchors nothing' '
	clone && dv pull -q --exclude raw/ && test -d data/b && ! test -e data/b/raw && dv status --porcelain >../out && grep "^A  data/b/raw/" ../out
'

test_expect_success 'a glob that matches nothing is a failure, and leaves nothing behind' '
	clone && test_must_fail dv pull "*.png" 2>../err && grep "nothing that is recorded matches" ../err &&
	test_must_fail dv pull "data/zzz*" && test_must_fail dv pull -n "data/zzz*" && test_must_fail dv fetch "data/zzz*" &&
	test_must_fail dv checkout "data/zzz*" && dv status --porcelain >../out && cat ../out && grep "^A  data/" ../out && ! grep "^D" ../out &&
	dv pull "data/emp*" && test -d data/empty && dv config profile.none.include "data/zzz" && test_must_fail dv pull --profile none &&
	dv pull --profile none data/a && ! test -e data/a && test_must_fail dv fetch --profile none && dv config --unset profile.none.include &&
	dv pull -q "data/a/[1].png" && cmp data/a/1.png ../repo/data/a/1.png && dv pull "data/a/[1].png" &&
	test_must_fail dv checkout "data/zzz*" --exclude x && dv checkout "data/a/*" --exclude "data/a/*" &&
	test_must_fail dv pull "data/a/*" "data/zzz*" 2>../err && grep "matches data/zzz" ../err && cmp data/a/2.png ../repo/data/a/2.png &&
	test_must_fail dv fetch "data/a/*" "data/zzz*" && dv config profile.none.include "data/zzz*" && test_must_fail dv pull --profile none 2>../err &&
	grep "matches profile.none.include" ../err
'

test_expect_success 'two profiles: what either includes, but what neither excludes' '
	clone && dv config profile.one.include "data/a/*" && dv config profile.one.exclude 2.png && dv config profile.two.include "models/two.bin data/b/raw" && dv pull --profile one --profile two && files . >../got && cat ../got &&
	grep -x data/a/1.png ../got && grep -x models/two.bin ../got && grep -x data/b/raw/1.png ../got && ! grep "2.png" ../got && ! grep one.bin ../got &&
	dv config profile.rest.exclude "*.png" && dv pull --profile one --profile rest && test -e models/one.bin && test ! -e data/a/2.png &&
	dv config profile.none.include "data/zzz*" && test_must_fail dv pull --profile two --profile none 2>../err && grep "matches profile.none.include" ../err
'

test_expect_success 'a name with such bytes is found by that name where it is not here' '
	cd repo && mkdir "data/o [dd]" && echo odd >"data/o [dd]/a*b" && dv add -q data && git commit -qam odd && dv push -q &&
	clone && dv pull "data/o [dd]" && grep odd "data/o [dd]/a*b" && files . >../got && test "$(grep -c "" ../got)" = 1 &&
	clone && dv pull "data/o [dd]/a*b" && grep odd "data/o [dd]/a*b"
'

test_expect_success 'ls lists what matches' '
	cd clone && dv ls "data/**/*.txt" >../out && test "$(grep -c txt ../out)" = 9 && ! grep png ../out &&
	dv ls -R --exclude "*.png" data >../out && ! grep png ../out && grep data/empty ../out &&
	dv ls --repo "$SCRATCH/repo" "data/b/*" >../out && grep "data/b/large.png" ../out && grep "data/b/raw/1.png" ../out
'

test_expect_success '--allow-missing forgives what is at no remote, and nothing else' '
	cd clone && git status --porcelain >../before && test_exit_code 1 dv pull --allow-missing --profile nosuch 2>err && cat err && grep nosuch err && rm err && git status --porcelain | test_cmp ../before - &&
	mkdir ../plain && cd ../plain && test_exit_code 1 env GIT_CEILING_DIRECTORIES="$SCRATCH" dv pull --allow-missing 2>err && grep "not inside a git work tree" err
'

test_done
