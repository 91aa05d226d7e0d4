#!/bin/sh

test_description='a full disk: clear error, nothing lost, works again when there is room'

. "${0%/*}/test-lib.sh"

mkdir "$SCRATCH/small"
if ! mount -t tmpfs -o size=24m dv-test "$SCRATCH/small" 2>/dev/null
then
	test_skip 'this kernel or user may not mount a tmpfs'
	test_done
fi
at_exit "umount '$SCRATCH/small'"

test_expect_success 'add with a full store: error, data and pointers as before' '
	make_repo repo && cd repo && dv config --local store.path "$SCRATCH/small/store" &&
	echo first >a && dv add -q a && random_bytes 50000000 1 >big && cp a.dv ../a.dv &&
	test_must_fail dv add big 2>err && cat err && grep -i "space" err && test ! -e big.dv && test "$(stat -c %s big)" -eq 50000000 &&
	cmp a.dv ../a.dv && ! grep big .gitignore && test -z "$(find ../small/store/tmp -type f)"
'

test_expect_success 'the store still works: what was there comes back' '
	cd repo && rm a && dv checkout a && grep first a && dv status --porcelain
'

test_expect_success 'checkout into a full disk leaves the old file' '
	git clone -q repo small/clone && cd small/clone && dv config --local store.path "$SCRATCH/bigstore" &&
	random_bytes 8000000 2 >f && dv add -q f && git add -A && git commit -qm f1 && cp f ../../f1 &&
	random_bytes 20000000 3 >../../f2 && cp ../../f2 "$SCRATCH/repo/f" && cd ../../repo && dv config --local store.path "$SCRATCH/bigstore" &&
	dv add -q f && cp f.dv ../small/clone/f.dv && cd ../small/clone && test_must_fail dv checkout f 2>err && cat err && grep -i space err &&
	cmp f ../../f1 && test -z "$(find . -name "*.dv-tmp")"
'

test_expect_success 'what was deleted and does not fit is told as deleted, also when some of it did fit' '
	git clone -q repo small/again && cd small/again && dv config --local store.path "$SCRATCH/bigstore" && mkdir d e && random_bytes 2000000 5 >d/1 && random_bytes 2000000 6 >d/2 && echo 3 >d/3 && dv add -q d && git add -A && git commit -qm d && rm d/1 d/2 &&
	fill=$(($(stat -f -c "%a * %S" .) - 3000000)) && head -c $fill /dev/zero >../fill && test_must_fail dv checkout d 2>../../err && cat ../../err && dv status --porcelain >../../out && cat ../../out && grep "^D  d/1" ../../out && grep "^D  d/2" ../../out && ! grep "^A" ../../out &&
	dv status >../../out && ! grep behind ../../out && test_must_fail dv checkout d/1 d/2 && dv status >../../out && cat ../../out && ! grep "behind\|absent" ../../out && rm ../fill && dv checkout -q d && dv status --exit-code
'

test_expect_success 'get and import into a full disk: the path asked for is named, and what is written already' '
	cd "$SCRATCH" && git clone -q repo small/taker && cd small/taker && dv config --local store.path "$SCRATCH/takerstore" && random_bytes 30000000 4 >../../repo/large && (cd ../../repo && dv add -q large && git add -A && git commit -qm large) &&
	test_must_fail dv get ../../repo large -o got 2>err && cat err && grep "^error: large needs" err && ! test -e got && test_must_fail dv import ../../repo large -o mine 2>err && cat err &&
	grep "^error: mine needs" err && grep "^mine.dv is written all the same: dv pull mine" err && test -e mine.dv && ! test -e mine
'

test_done
