#!/bin/sh

test_description='checkout of many names, killed: files are whole, and the same command goes on'

. "${0%/*}/test-lib.sh"

crash_dv=$DV_BUILD/crash/dv
names="data/f1 model data/d data/s data/f2 data/g/f3 data/f1"

clean () { dv status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status"; }

# Names that are gone, one folder around others, and one of the user's.
fresh () {
	rm -rf "$SCRATCH/repo" && cp -a "$SCRATCH/good" "$SCRATCH/repo" && cd "$SCRATCH/repo" && dv status -q &&
	rm -r data/f1 data/d data/s data/g model && echo mine >data/f2
}

test_expect_success 'setup: what is passed' '
	make_repo good && cd good && mkdir -p data/d/e data/s data/g && for i in 1 2 3 4 5 6 7 8 9; do
		for d in data data/d data/d/e data/s data/g; do echo "$d $i" >$d/f$i || return 1; done
	done && echo model >model && dv add -q data model && git add -A && git commit -qm data && fresh &&
	test_exit_code 1 env DV_TEST_CRASH_LOG="$SCRATCH/points" "$crash_dv" checkout -q $names &&
	sort "$SCRATCH/points" | uniq -c | while read -r count point
	do
		for n in $(seq "$count"); do echo "$point:$n"; done
	done >"$SCRATCH/passes" && grep "checkout: folder named" "$SCRATCH/passes"
'

while read -r pass
do
	export pass
	test_expect_success "killed at $pass" '
		fresh && test_exit_code 137 env DV_TEST_CRASH_AT="$pass" "$crash_dv" checkout -q $names &&
		git status --porcelain -uall >../out && test_must_fail grep dv-tmp ../out &&
		for f in $(find data -type f ! -path data/f2 ! -path "*.dv-tmp*"); do cmp $f ../good/$f || return 1; done &&
		dv status >../out && test_must_fail grep "modified: *data/[dsg]" ../out &&
		test_exit_code 1 dv checkout -q $names && test "$(cat data/f2)" = mine && dv checkout -qf data/f2 && dv checkout -q &&
		diff -r data ../good/data && cmp model ../good/model && test -z "$(find . -path ./.git -prune -o -name "*.dv-tmp*" -print)" && clean
	'
done <"$SCRATCH/passes"

test_done
