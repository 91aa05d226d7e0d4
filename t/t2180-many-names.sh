#!/bin/sh

test_description='many names inside of tracked directories: looked up, written and noted at once'

. "${0%/*}/test-lib.sh"

clean_but () { dv status --json >"$SCRATCH/status" && ! grep -v "\"path\":\"$1\"" "$SCRATCH/status" || { cat "$SCRATCH/status"; return 1; }; }
linked () { find d -type f -links +1 -o -type l; }
clean () { clean_but /; }

make_tree () {
	make_repo "$1" && (cd "$1" && mkdir -p data/d/e data/g/h data/s more &&
	for i in 1 2 3 4 5 6 7 8 9; do
		for d in data data/d data/d/e data/g data/g/h data/s more; do echo "$d $i" >$d/f$i || return 1; done
	done && echo one >single && dv add -q data more single && git add -A && git commit -qm tree) && cp -a "$1" "$1.good"
}
same () { diff -r "../$1.good/data" data && diff -r "../$1.good/more" more && cmp "../$1.good/single" single; }

test_expect_success 'names of several pointers, interleaved, twice and inside of each other' '
	make_tree a && cd a && rm -r data/f1 data/f9 data/d data/g/f2 more/f3 more/f4 single &&
	DV_TRACE=1 dv checkout --json more/f4 data/f9 data/d data/f1 single data/d/f2 more/f3 data/g/f2 data/d/e/f1 data/f1 single.dv data/f2 >../out 2>"$SCRATCH/trace" &&
	test "$(jq -c "[.written, .unchanged, .kept, .missing]" ../out)" = "[24,1,0,0]" && same a && clean &&
	test "$(grep -c "checkout: write files" "$SCRATCH/trace")" = 3
'

test_expect_success 'a file that was changed is kept and named; the others are put back' '
	cd a && rm data/f1 data/f3 more/f1 && echo mine >data/f2 && echo mine >data/d/f5 &&
	test_exit_code 1 dv checkout more/f1 data/f1 data/f2 data/f3 data/d 2>../err && grep "^data/f2: changed here, kept" ../err && grep "^data/d/f5: changed here, kept" ../err &&
	grep "(2 in all)" ../err && test "$(cat data/f2)" = mine && cmp data/f1 ../a.good/data/f1 && cmp data/f3 ../a.good/data/f3 && cmp more/f1 ../a.good/more/f1 &&
	dv status >../out && test "$(grep -c "modified:" ../out)" = 2 && test_must_fail grep -E "deleted|new:" ../out &&
	dv checkout -q -f data/f2 data/d/f5 data/f7 && same a && clean
'

test_expect_success 'a dry run says the same and does nothing' '
	cd a && rm -r data/f1 data/d data/g/f2 && dv checkout -n --json data/f1 data/d data/f2 data/g/f2 >../out &&
	test "$(jq -c "[.written, .unchanged, .dry_run]" ../out)" = "[20,1,true]" && test ! -e data/f1 && test ! -e data/d &&
	dv checkout --json data/f1 data/d data/f2 data/g/f2 >../out && test "$(jq -c "[.written, .unchanged]" ../out)" = "[20,1]" && same a && clean
'

test_expect_success 'one that is not recorded: those before it are put back, those after it are not' '
	cd a && rm data/f1 data/f2 data/f3 && test_must_fail dv checkout data/f3 data/nosuch data/f1 data/nor-this data/f2 2>../err &&
	grep "data/nosuch is not recorded" ../err && cmp data/f3 ../a.good/data/f3 && test ! -e data/f1 && test ! -e data/f2 &&
	test_must_fail dv checkout data/f1 nowhere data/f2 2>../err && grep "nothing is tracked at nowhere" ../err && test ! -e data/f1 &&
	dv status >../out && test "$(grep -c "deleted:" ../out)" = 2 && dv checkout -q && same a && clean
'

test_expect_success 'folders beside each other that are gone, and what a dead run has left there' '
	cd a && rm -r data/d data/s data/g/h && mkdir "data/.0123456789abcdef.dv-tmp" &&
	dv checkout -q data/s data/d data/g/h && same a && clean
'

test_expect_success 'parts of folders that are gone: the rest is absent, not deleted' '
	cd a && rm -r data/d data/g && dv checkout -q data/d/f1 data/g/h/f1 data/d/f2 data/g/f3 data/f1 &&
	test "$(find data/d data/g -type f | sort | tr "\n" " ")" = "data/d/f1 data/d/f2 data/g/f3 data/g/h/f1 " &&
	dv status >../out && test_must_fail grep -E "deleted|modified|new:" ../out && dv add -q data && git diff --exit-code --stat &&
	dv checkout -q && same a && clean &&
	rm -r data && dv checkout -q data/d/f1 data/f5 && test "$(find data -type f | wc -l)" = 2 && dv add -q data && git diff --exit-code --stat && dv checkout -q && same a && clean
'

test_expect_success 'another version: what it lacks goes, where it was named' '
	cd a && rm data/f1 data/d/e/f1 && echo other >data/f2 && echo new >data/g/new && dv add -q data && git commit -qam 2 && git checkout -q HEAD~1 -- data.dv &&
	dv checkout --json data/f1 data/f2 data/g/new data/d/e >../out && test "$(jq -c "[.written, .removed]" ../out)" = "[3,1]" &&
	same a && dv checkout -q && clean_but data.dv && git checkout -q HEAD -- data.dv && dv checkout --json data/g data/f1 >../out &&
	test "$(jq -c "[.written, .removed]" ../out)" = "[1,1]" && test "$(cat data/f2 data/g/new)" = "data 2
new" && git checkout -q HEAD~1 -- data.dv && dv checkout -q && same a && clean_but data.dv && git checkout -q HEAD -- data.dv && dv checkout -q && clean
'

test_expect_success 'what the store lacks is named with its part; the rest is put back' '
	make_tree b && cd b && rm -r data/f1 data/f2 data/d && for f in .git/dv/data/*.pack; do mv "$f" ../; done &&
	test_must_fail dv checkout data/f1 data/f3 data/d 2>../err && grep "^data/f1: not in the store" ../err && grep "^data/d/e/f9: not in the store" ../err && grep "(19 missing in all)" ../err &&
	for f in ../*.pack; do mv "$f" .git/dv/data/; done && dv checkout -q data/f2 data/d data/f1 && same b && clean
'

test_expect_success 'links of either kind, made, undone and made again by name' '
	for kind in hardlink symlink; do
		make_repo $kind && cd $kind && dv config store.link $kind && dv config store.linkfrom 1k && mkdir -p d/e && random_bytes 20000 1 >d/1 && random_bytes 20000 2 >d/2 && random_bytes 20000 3 >d/e/3 && random_bytes 20000 4 >d/4 && echo small >d/small &&
		cp -r d ../$kind.good && dv add -q d && git add -A && git commit -qm 1 && test "$(linked | wc -l)" = 4 &&
		rm d/1 d/e/3 && dv checkout -q d/1 d/small d/e && test "$(linked | wc -l)" = 4 && diff -r d ../$kind.good &&
		dv unprotect --json d/4 d/1 d/small d/e/3 d/1 >../out && test "$(jq -c "[.unprotected, .kept]" ../out)" = "[3,0]" && test "$(linked)" = d/2 && echo mine >>d/4 && clean_but d/4 &&
		test_exit_code 1 dv checkout d/1 d/4 d/e && dv checkout -q --relink d/1 d/4 d/e && test "$(linked | sort | tr "\n" " ")" = "d/1 d/2 d/e/3 " && clean_but d/4 && dv checkout -qf d/4 d/2 && diff -r d ../$kind.good && clean && cd .. || return 1
	done
'

test_expect_success 'a folder that was deleted stays so when its files were named behind one that is not recorded' '
	cd a && rm -r data/g && test_must_fail dv checkout data/f3 data/nosuch data/g/f1 2>../err && grep "data/nosuch is not recorded" ../err && test_must_fail dv checkout data/g/nosuch 2>../err && grep "data/g/nosuch is not recorded" ../err &&
	dv status >../out && grep "deleted: *data/g/" ../out && test_must_fail grep absent ../out && dv checkout -q && test -f data/g/h/f1 && clean
'

test_expect_success 'a folder that was deleted stays so when links are made or undone in it' '
	cd hardlink && rm -r d/e && dv unprotect -q d/e/3 d/1 && dv checkout -q --relink d/e/3 && dv status >../out && grep "deleted: *d/e/" ../out &&
	dv add -q d && dv ls -R d >../out && test_must_fail grep d/e ../out
'

test_expect_success 'sizes of many names come from one listing, in the order asked for' '
	cd a && DV_TRACE=1 dv du data/g data/f5 more/f2 data/d/e more data/f2 single >../out 2>"$SCRATCH/trace" && test $(grep -c "git: tracked paths" "$SCRATCH/trace") -le 3 &&
	cut -f 3 ../out | tr "\n" " " >../names && echo "data/g/ data/f5 data/d/e/ data/f2 more/ single " | tr -d "\n" | test_cmp - ../names &&
	test "$(grep data/f2 ../out | cut -f 1,2 | tr "\t" " ")" = "$(stat -c %s data/f2) 1" && test "$(grep data/g/ ../out | cut -f 1 )" = "$(cat $(find data/g -type f) | wc -c)" &&
	dv du -d 2 data/f5 data/g data/d >../out && cut -f 3 ../out | tr "\n" " " >../names && echo "data/f5 data/g/ data/g/h/ data/d/ data/d/e/ " | tr -d "\n" | test_cmp - ../names &&
	test_must_fail dv du data/f5 data/d data/nosuch data/g >../out 2>../err && grep "data/nosuch is not recorded" ../err && test "$(cut -f 3 ../out | tr "\n" " ")" = "data/f5 data/d/ "
'

test_done
