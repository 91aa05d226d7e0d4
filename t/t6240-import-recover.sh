#!/bin/sh

test_description='what was imported comes back from any of its sources; fsck knows of them'

. "${0%/*}/test-lib.sh"

# clone <name>: without data, and allowed to take from paths
clone () {
	rm -rf "$SCRATCH/$1" && git clone -q "$SCRATCH/repo" "$SCRATCH/$1" && cd "$SCRATCH/$1" && git config dv.source.local true
}

# changed <pointer>: since it was taken
changed () {
	test "$(sed -n "s/^id: //p" "$1")" != "$(sed -n "s/^source.id: //p" "$1")"
}

test_expect_success 'setup: the same data from two repositories, a path and a commit' '
	mkdir input && random_bytes 300000 1 >input/big && echo small >input/small && for r in one two
	do
		make_repo $r && cp -R input $r/data && (cd $r && dv add -q data && git add -A && git commit -qm data) || return 1
	done && make_repo repo && cd repo && dv import -q ../one data -o a && dv import -q ../two data -o b && dv import-url -q ../input c && git add -A && git commit -qm imports &&
	test "$(grep -h "^id:" a.dv b.dv c.dv | sort -u | wc -l)" = 1
'

test_expect_success 'never fetched, and no remote: that is no damage' '
	clone fresh && dv fsck >out 2>err && cat out err && grep "all is well" out && ! grep "^lost" out && grep "1 was never fetched" out && grep "hint: 1 of these was imported.*dv fetch" err &&
	dv fsck --json >out && cat out && grep "\"problem\":\"not_here\",\"name\":\"a\",.*\"source\":\"$SCRATCH/one\"" out && grep "\"lost\":0,.*\"not_here\":1,.*\"at_source\":1" out
'

test_expect_success 'when the first source is gone the next one is asked' '
	clone first && mv ../one ../one.away && dv pull 2>err && cat err && grep "cannot get a from where it was imported.*trying where b came from" err && for p in a b c
	do
		diff -r $p ../input || return 1
	done && dv fsck -q && clone second && mv ../two ../two.away && dv fetch -q c && rm -rf .git/dv && dv pull a b c && diff -r b ../input && dv status -q
'

test_expect_success 'when all are gone each one is named, and nothing is left behind' '
	clone none && mv ../input ../input.away && test_must_fail dv pull 2>err && cat err && grep "cannot get a.*trying where b" err && grep "cannot get b.*trying where c" err && grep "^error:.*cannot get c" err && ! test -e a && ! test -e b && ! test -e c &&
	mv ../input.away ../input && mv ../one.away ../one && mv ../two.away ../two
'

test_expect_success 'one path of a part: its own source, then the part of the other' '
	clone part && mv ../one ../one.away && dv pull a/small b/small && cmp a/small ../input/small && ! test -e a/big && mv ../one.away ../one
'

test_expect_success 'damaged here: lost, with where it is; --repair gets it from there' '
	clone bad && dv pull -q && rm -rf a b c && p=$(find .git/dv/data -name "*.pack" | head -n 1) && flip "$p" 20000 200000 && test_exit_code 1 dv fsck >out 2>err && cat out err && grep "^lost: a .*, imported from $SCRATCH/one$" out &&
	test_exit_code 1 dv fsck --json >out && grep "\"problem\":\"lost\",.*\"source\":\"$SCRATCH/one\"" out && grep "\"at_source\":1" out && dv fsck --repair >out && cat out && dv fsck -q && dv checkout -q && diff -r a ../input
'

test_expect_success 'damaged here and no longer there: lost, also after --repair' '
	clone worse && dv pull -q && rm -rf a b c && p=$(find .git/dv/data -name "*.pack" | head -n 1) && flip "$p" 20000 200000 && for s in one two input
	do
		mv ../$s ../$s.away || return 1
	done && test_exit_code 1 dv fsck --repair >out 2>err && cat out err && grep "^lost: a" out && test_exit_code 1 dv fsck -q && for s in one two input
	do
		mv ../$s.away ../$s || return 1
	done && dv fetch -q && dv fsck -q
'

test_expect_success 'a remote need not have what comes from a commit' '
	make_repo "$SCRATCH/other" && cd "$SCRATCH/other" && mkdir ../remote && dv remote add origin ../remote && dv import -q ../one data && echo own >own && dv add -q own && git add -A && git commit -qm own && test_exit_code 1 dv fsck -r origin >out && grep -c missing out | grep -x 1 &&
	dv push -q && dv fsck -q -r origin && cp -R data copy && dv add -q copy && test_exit_code 1 dv fsck -r origin && dv push -q && dv fsck -q -r origin && rm -r "$SCRATCH/remote/packs" && test_exit_code 1 dv fsck -q -r origin
'

test_expect_success 'what was imported and changed here is pushed: its source does not have it' '
	make_repo origin && (cd origin && mkdir d && echo 1 >d/1 && echo 2 >d/2 && dv add -q d && git add -A && git commit -qm one) && make_repo edit && mkdir eremote && cd edit && dv remote add o ../eremote && dv import -q ../origin d && git add -A && git commit -qm import &&
	dv push >out && cat out && grep "up to date" out && echo L >>d/1 && dv commit -q && changed d.dv && git commit -qam edit && dv status --remote >out && cat out && ! grep "in sync" out && test_exit_code 1 dv fsck -r o && dv push >out && cat out && grep "pushed 1 of" out && dv fsck -r o &&
	git clone -q . ../eclone && cd ../eclone && dv pull -q && grep L d/1 && cd .. && rm -rf eclone eremote/* && git clone -q edit eclone && cd eclone && git config dv.source.local true && test_must_fail dv pull 2>err && cat err && grep "d was changed after it had been taken from there" err && grep "hint: dv push d, in the clone where it was changed" err
'

test_expect_success 'so it is after rm and mv inside, and after a merge; update takes what is there again' '
	cd edit && dv update -q -f d && ! changed d.dv && echo 1 | test_cmp - d/1 && git commit -qam update && dv mv d/2 d/two && changed d.dv && git checkout -q . && dv checkout -q -f && rm -f d/two && dv rm d/2 && changed d.dv && git checkout -q . && dv checkout -q && ! changed d.dv &&
	git checkout -qb side && echo S >>d/1 && dv commit -q && git commit -qam side && git checkout -q main && dv checkout -q && (cd ../origin && echo 3 >d/3 && dv commit -q && git commit -qam two) && dv update -q d && ! changed d.dv && git commit -qam update &&
	git merge -q -m merge side && cat d.dv && changed d.dv && grep "^source.rev: $(git -C ../origin rev-parse HEAD)$" d.dv && dv checkout -q && grep S d/1 && test -f d/3
'

test_done
