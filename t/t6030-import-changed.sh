#!/bin/sh

test_description='what was imported and changed here is data like any other'

. "${0%/*}/test-lib.sh"

source_of () {
	sed -n "s/^source\.$2: //p" "$1"
}

# clone <name>: without data, and allowed to take from paths
clone () {
	rm -rf "$SCRATCH/$1" && git clone -q "$SCRATCH/repo" "$SCRATCH/$1" && cd "$SCRATCH/$1" && git config dv.source.local true
}

# same <name>: a fresh clone gets what the repository has
same () {
	clone "$1" && dv pull -q && diff -r --no-dereference data ../repo/data && dv status -q
}

test_expect_success 'setup: a directory that was imported' '
	make_repo registry && cd registry && mkdir ../registry-remote ../remote && mkdir -p data/sub && small_files data/many 30 &&
	random_bytes 3000000 1 >data/sub/big && random_bytes 1000 2 >data/sub/small && dv add -q data && dv remote add origin ../registry-remote &&
	git add -A && git commit -qm one && dv push -q && make_repo "$SCRATCH/repo" && cd ../repo && dv remote add origin ../remote &&
	dv import -q ../registry data && git add -A && git commit -qm import && test "$(sed -n "s/^id: //p" data.dv)" = "$(source_of data.dv id)" &&
	dv push --json >../out && grep "\"tracked_paths\":0," ../out && dv status --remote | grep "in sync" && dv fsck -q -r origin
'

test_expect_success 'recorded by commit: status --remote and fsck say so, push sends it' '
	cd repo && echo more >data/new && dv commit -q && git commit -qam more && dv status --remote >../out && cat ../out && ! grep "in sync" ../out &&
	test_exit_code 1 dv fsck -r origin >../out && cat ../out && grep "^missing.*data" ../out && dv push >../out && cat ../out && grep "pushed 1 of 1" ../out &&
	dv status --remote | grep "in sync" && dv fsck -q -r origin && same clone
'

test_expect_success 'rm and mv inside of it' '
	cd repo && dv rm -q data/sub/small && dv mv -q data/many data/few && git commit -qam moved && dv push | grep "pushed 1 of 1" && same clone
'

test_expect_success 'a merge of two that changed it' '
	cd repo && git checkout -qb side && echo side >data/side && dv commit -q && git commit -qam side && git checkout -q main && dv checkout -q && echo here >data/here &&
	dv commit -q && git commit -qam here && git merge -q -m merged side && dv checkout -q && test -e data/side && test -e data/here && dv push | grep "pushed 1 of 1" && same clone
'

test_expect_success 'as it was imported it is not pushed' '
	cd repo && git checkout -q HEAD~4 -- data.dv && dv checkout -q && dv push --json >../out && cat ../out && grep "\"tracked_paths\":0," ../out && git checkout -q HEAD -- data.dv && dv checkout -q && dv status -q
'

test_expect_success 'where nobody has pushed it: said, with what helps, and nothing is got in vain' '
	cd repo && echo secret >data/unpushed && dv commit -q && git commit -qam unpushed && clone early && test_must_fail dv pull 2>err && cat err &&
	grep "data was changed after it had been taken from there" err && grep "^hint: dv push data, in the clone" err && test "$(find .git/dv -name "*.pack" | wc -l)" = 0 &&
	cd ../repo && dv push -q && same clone
'

test_expect_success 'changed where only a part was here: fetch gets the rest from the source, and push has all' '
	make_repo part && cd part && mkdir ../part-remote && dv remote add origin ../part-remote && dv import -q --no-download ../registry data && git add -A && git commit -qm import &&
	dv pull -q data/many && echo new >data/many/new && dv commit -q && git commit -qam new && test_must_fail dv push 2>err && cat err && rm err && dv fetch -q data && dv push | grep "pushed 1 of 1" &&
	rm -rf ../part-clone && git clone -q . ../part-clone && cd ../part-clone && dv pull -q && test "$(cat data/many/new)" = new && cmp data/sub/big ../registry/data/sub/big
'

test_expect_success 'status --sources and update look at what was imported, and update keeps what was recorded' '
	cd repo && dv push -q && cp data.dv ../before && echo else >../registry/README && git -C ../registry add -A && git -C ../registry commit -qm else && dv status --sources >../out && cat ../out && grep "sources are as recorded" ../out &&
	dv update data >../out && cat ../out && test "$(sed -n "s/^id: //p" data.dv)" = "$(sed -n "s/^id: //p" ../before)" && test "$(source_of data.dv rev)" = "$(git -C ../registry rev-parse HEAD)" &&
	test -e data/here && dv status --porcelain | grep "^P" && git commit -qam rev && dv push --json >../out && same clone
'

test_expect_success 'update does not replace it unasked' '
	cd registry && echo newer >data/newer && dv add -q data && git commit -qam newer && dv push -q && cd ../repo && cp data.dv ../before && test_must_fail dv update 2>../err && cat ../err &&
	grep "changed here since it was imported" ../err && grep "^hint: dv update -f data" ../err && cmp data.dv ../before && test -e data/here && dv update -f data && test -e data/newer && ! test -e data/here &&
	git commit -qam newer && dv push --json >../out && grep "\"tracked_paths\":0," ../out
'

test_done
