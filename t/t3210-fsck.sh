#!/bin/sh

test_description='fsck: what is damaged is found, and mended from wherever it is whole'

. "${0%/*}/test-lib.sh"

pack () {
	find ".git/dv/$1" -name '*.pack' | head -n 1
}

fresh () {
	cd "$SCRATCH" && rm -rf repo remote && make_repo repo && mkdir remote && cd repo && cp -r ../input data &&
	random_bytes 400000 1 >model && dv add -q data model && git add -A && git commit -qm data
}

with_remote () {
	fresh && dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm remote && dv push -q
}

whole () {
	dv fsck -q && diff -r "$SCRATCH/input" data && random_bytes 400000 1 | cmp - model &&
	rm -rf "$SCRATCH/again" && git clone -q . "$SCRATCH/again" && (cd "$SCRATCH/again" && dv config --local store.path "$SCRATCH/repo/.git/dv" &&
	dv checkout -q && diff -r "$SCRATCH/input" data && cmp model ../repo/model)
}

test_expect_success 'setup' '
	small_files input 60 && random_bytes 300000 5 >input/big
'

test_expect_success 'all is well' '
	fresh && dv fsck >out && grep "all is well" out && dv fsck --quick --json >out && grep "\"damaged\":0" out
'

for quick in "" --quick
do
	export quick
	test_expect_success "a chunk: found${quick:+ quickly}, mended from the work tree" '
		fresh && flip "$(pack data)" 20000 && test_exit_code 1 dv fsck $quick >out && cat out && grep "^damaged: data/" out && grep "^lost:" out &&
		test_exit_code 1 dv fsck $quick && dv fsck $quick --repair >out && cat out && grep "^repaired: data/" out && whole &&
		dv store --json >out && grep "\"quarantine_files\":1" out
	'
done

test_expect_success 'each pack is counted once, and in quarantine is what was moved there' '
	for at in 0 20 40 20000 -10 -60
	do
		fresh && p=$(pack data) && n=$(find .git/dv/data .git/dv/meta -name "*.pack" | wc -l) && test $at -ge 0 || at=$(($(stat -c %s "$p") + at)) && flip "$p" "$at" &&
		test_exit_code 1 dv fsck --json >out && tail -n 1 out | grep "^{\"files\":$n," && dv fsck --repair --json >out && tail -n 1 out && q=$(find .git/dv/quarantine -type f | wc -l) &&
		tail -n 1 out | grep "\"quarantined\":$q,\"quarantine_files\":$q," && whole || { echo "at $at"; return 1; }
	done
'

test_expect_success 'a node: mended from the remote' '
	with_remote && flip "$(pack meta)" 100 30 && test_exit_code 1 dv fsck >out && cat out && grep "^damaged: meta/" out &&
	dv fsck --repair >out && cat out && whole
'

test_expect_success 'a chunk that the work tree has not: mended from the remote' '
	with_remote && rm -rf data model && flip "$(pack data)" 250000 60000 && test_exit_code 1 dv fsck && dv fsck --repair && dv checkout -q && whole
'

test_expect_success 'a file that was changed is no source' '
	fresh && flip "$(pack data)" 50000 600000 && cp -r data model .. && find data -type f -exec sh -c "echo changed >\"\$1\"" x {} \; &&
	echo changed >model && test_exit_code 1 dv fsck --repair >out && cat out && grep "^lost: data" out && grep "^lost: model" out &&
	test "$(cat data/big)" = changed
'

test_expect_success 'and then adding what is good again heals it' '
	cd repo && rm -rf data model && cp -r ../data ../model . && dv add -q data model && dv fsck -q && git diff --quiet HEAD && rm -rf ../data ../model
'

test_expect_success 'an index: its frames are found without' '
	fresh && p=$(pack data) && flip "$p" $(($(stat -c %s "$p") - 600)) 100 && rm -rf data model && test_exit_code 1 dv fsck >out && cat out &&
	grep "^damaged: data/" out && dv fsck --repair >out && cat out && dv checkout -q && whole
'

test_expect_success 'a pack cut short' '
	with_remote && p=$(pack data) && truncate -s 300000 "$p" && rm -rf data model && test_exit_code 1 dv fsck && dv fsck --repair && dv checkout -q && whole
'

# bad_sector <pack> <byte> <command>: that byte cannot be read
bad_sector () {
	(export BAD_SECTOR="*/$1" BAD_SECTOR_AT="$2" LD_PRELOAD="$DV_BUILD/bad-disk.so" ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" && shift 2 && exec "$@")
}

# bad_at <byte> <lost>: fsck finds that one of six files is lost for it, or none
bad_at () {
	test_exit_code 1 bad_sector "$p" "$1" dv fsck $quick >out && cat out && grep "^damaged: data/" out && test "$(grep -c "^lost: f[1-6] (1 object)" out)" = "$2" && dv fsck -q
}

for quick in "" --quick
do
	export quick
	test_expect_success "a sector that cannot be read: found${quick:+ quickly}, and what lies around it in the pack is good" '
		cd "$SCRATCH" && rm -rf repo && make_repo repo && cd repo && for i in 1 2 3 4 5 6; do random_bytes 400000 1$i >f$i || return 1; done && dv add -q f? && git add -A && git commit -qm data &&
		p=$(ls -S .git/dv/data/*.pack | head -n 1) && test "$(stat -c %s "$p")" -gt 2400000 && bad_at 40 0 && bad_at 1000000 1 && bad_at 2300000 1 &&
		bad_sector "$p" 1000000 dv fsck $quick --repair >out && cat out && grep "^repaired: data/" out && dv fsck && rm f? && dv checkout -q && for i in 1 2 3 4 5 6; do random_bytes 400000 1$i | cmp - f$i || return 1; done
	'
done

test_expect_success 'a header that nobody needs' '
	fresh && flip "$(pack data)" 3 && test_exit_code 1 dv fsck && dv fsck --repair && whole
'

test_expect_success 'a pack that is gone: lost, unless a remote may have it' '
	fresh && rm "$(pack data)" && test_exit_code 1 dv fsck >out && grep "^lost:" out && dv fsck --repair && whole &&
	with_remote && rm "$(pack data)" && dv fsck >out && grep "never fetched" out
'

test_expect_success 'what was never fetched is no damage' '
	with_remote && git clone -q . ../clone && cd ../clone && dv fsck --json >out && cat out && grep "\"not_here\":2" out
'

test_expect_success 'an older version, from the remote, and no more than its files' '
	with_remote && echo new >model && dv add -q model && git commit -qam new && dv push -q && rm -rf .git/dv/data .git/dv/meta &&
	mkdir .git/dv/data .git/dv/meta && dv fetch -q -A && flip "$(ls -S .git/dv/data/*.pack | head -n 1)" 100000 500000 &&
	rm -rf data && test_exit_code 1 dv fsck >out && cat out && dv fsck --repair && dv cat --rev HEAD^ model >../got && random_bytes 400000 1 | cmp - ../got
'

# nowhere: data that only the store has, and a remote that never got it
nowhere () {
	fresh && dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm remote && rm -rf ../keep && mkdir ../keep && mv data model ../keep
}

for part in data meta
do
	export part
	test_expect_success "what nothing could mend ($part) stays lost, and is in quarantine, until it is back" '
		nowhere && size=$(stat -c %s "$(pack $part)") && flip "$(pack $part)" 60 $((size - 1000)) && test_exit_code 1 dv fsck && test_exit_code 1 dv fsck --repair >out && cat out &&
		grep "^lost: data" out && grep "^1 damaged file is .* in $PWD/.git/dv/quarantine" out && test_exit_code 1 dv fsck >out 2>err && cat out err && grep "^lost: data" out &&
		grep "something is wrong" out && grep "^1 damaged file is .* in $PWD/.git/dv/quarantine" out && grep "^hint: dv fsck --repair" err && test_exit_code 1 dv fsck --quick --json >out && grep "\"quarantine_files\":1" out &&
		cp -r ../keep/* . && dv add -q data model && dv fsck >out 2>err && cat out err && grep "all is well" out && grep "^hint: .*rm -r $PWD/.git/dv/quarantine" err &&
		rm -r .git/dv/quarantine/* && dv fsck >out && ! grep quarantine out && test ! -e .git/dv/lost
	'
done

test_expect_success 'a pack whose index and last frame are damaged: what it had is lost, not never fetched' '
	nowhere && p=$(pack data) && flip "$p" $(($(stat -c %s "$p") * 2 / 3)) $(($(stat -c %s "$p") / 3)) && test_exit_code 1 dv fsck && test_exit_code 1 dv fsck --repair && test_exit_code 1 dv fsck >out && cat out &&
	grep "^lost: " out && ! grep "never fetched" out && cp -r ../keep/* . && dv add -q data model && dv fsck
'

test_expect_success 'gc names what is damaged, how to mend it, and the quarantine' '
	nowhere && flip "$(pack meta)" 60 200 && test_exit_code 1 dv fsck --repair && test_must_fail dv gc --grace now 2>err && cat err && grep "^hint: .*dv fsck --repair.*quarantine" err &&
	cp -r ../keep/* . && dv add -q data model && dv gc --grace now && dv store | grep "^quarantine .* found bad"
'

test_expect_success 'a pointer that cannot be read: not all is well' '
	fresh && dv fsck && echo nonsense >x.dv && git add x.dv && rm x.dv && test_exit_code 1 dv fsck >out && cat out && grep "^unreadable: x: not a pointer" out && git reset -q &&
	echo nonsense >y.dv && test_exit_code 1 dv fsck --json >out && cat out && grep "\"unreadable\":1" out && rm y.dv && dv fsck &&
	echo late >late && dv add -q late && git add late.dv && rm late.dv && b=$(git rev-parse :late.dv) && f=.git/objects/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-) && mv $f ../blob &&
	test_exit_code 1 dv fsck >out && cat out && grep "^unreadable: late: " out && mkdir -p "$(dirname $f)" && mv ../blob $f && dv fsck && random_bytes 3000000 3 >movie.dv && git add -f movie.dv && dv fsck
'

test_expect_success 'a shared store: what its other users need is looked for, and mended from their work trees' '
	rm -rf one two shared && make_repo one && make_repo two && for r in one two; do (cd $r && dv config --local store.path "$SCRATCH/shared") || exit 1; done &&
	cd one && echo a >a && dv add -q a && cd ../two && random_bytes 300000 8 >b && dv add -q b && git add -A && git commit -qm b &&
	cd ../one && p=$(ls -S ../shared/data/*.pack | head -n 1) && flip "$p" 3000 5000 && test_exit_code 1 dv fsck >out && cat out && grep "^lost: b.* in $SCRATCH/two" out &&
	dv fsck --repair >out && cat out && grep "2 recorded versions" out && cd ../two && rm b && dv checkout -q b && random_bytes 300000 8 | cmp - b
'

test_expect_success 'a user that is out of sight is named' '
	cd one && mv ../two ../three && dv fsck >out && cat out && grep "^unseen: $SCRATCH/two/.git: " out && grep "all that can be seen is well" out && mv ../three ../two && dv fsck | grep "all is well"
'

there () {
	find "$SCRATCH/remote/packs" -type f -printf "%s %p\n" | sort -n | tail -n 1 | cut -d" " -f2
}

test_expect_success 'a remote: all is well' '
	with_remote && dv fsck -r origin >out && cat out && grep "all is well" out && dv fsck --quick -r origin
'

test_expect_success 'a remote: a pack that is gone, one that is short, one that is wrong' '
	cd repo && p=$(there) && cp "$p" ../keep && rm -f "$p" && test_exit_code 1 dv fsck --quick -r origin >out && grep "^missing: packs/" out &&
	dv fsck -r origin --repair >out && cat out && grep "^repaired: packs/" out && dv fsck -q -r origin &&
	p=$(there) && chmod u+w "$p" && truncate -s -5 "$p" && test_exit_code 1 dv fsck --quick -r origin >out && grep "^damaged: packs/" out &&
	dv fsck -q --quick -r origin --repair && p=$(there) && flip "$p" 5000 && dv fsck -q --quick -r origin && test_exit_code 1 dv fsck -r origin >out 2>err &&
	cat out && grep "^damaged: packs/" out && grep "^hint: dv fsck -r origin --repair " err && dv fsck -r origin --repair && rm -rf ../fresh && git clone -q . ../fresh && cd ../fresh && dv pull -q && diff -r data ../input
'

test_expect_success 'a remote: a version that was never pushed' '
	cd repo && random_bytes 5000 77 >late && dv add -q late && git add -A && git commit -qm late && test_exit_code 1 dv fsck --quick -r origin >out &&
	cat out && grep "^missing: late" out && dv fsck --quick --repair -r origin >out && grep "^repaired: late" out
'

test_expect_success 'a remote: what is not here cannot be mended, and is named' '
	rm -rf empty && git clone -q repo empty && cd empty && rm -f "$(there)" && test_exit_code 1 dv fsck --quick --repair -r origin >out 2>err && cat out err &&
	grep "^missing: packs/" out && cd ../repo && dv fsck -q --quick --repair -r origin
'

test_expect_success 'packs that are gone: what the work tree has is told, and dv add or dv fetch brings it back' '
	with_remote && rm .git/dv/meta/*.pack && dv fsck >out 2>err && cat out err && grep "never fetched" out && grep "^hint: .* at 2 of these paths: dv add .* dv fetch" err &&
	dv fsck --json | tail -n 1 | jq -e ".at_hand == 2" && dv fetch -q && dv fsck >out 2>err && test ! -s err && rm out err && whole &&
	git clone -q . ../partial && cd ../partial && dv fsck 2>err && test ! -s err && rm -rf ../partial
'

test_expect_success 'what several versions need: all of them are lost, and any one that is whole elsewhere mends them' '
	cd "$SCRATCH" && rm -rf repo remote && make_repo repo && mkdir remote && cd repo && mkdir a && random_bytes 300000 5 >m && cp m a/m && echo 1 >a/one && dv add -q a m && git add -A && git commit -qm 1 &&
	echo 2 >a/one && dv add -q a && dv remote add origin ../remote 2>err && git add -A && git commit -qm 2 && dv push -q m && rm err a/m && mv m .. && flip $(find .git/dv/data -size +100k) 1000 &&
	test_exit_code 1 dv fsck --quick >out && cat out && grep "^lost: a (1 object)" out && grep "^lost: m (1" out && grep "^lost: a of .* (1" out && test "$(grep -c ^lost out)" = 3 && cp -r .git/dv ../damaged &&
	dv fsck --quick --repair >out && cat out && ! grep ^lost out && dv fsck -q && dv checkout -q && cmp m ../m && cmp a/m ../m &&
	rm -rf .git/dv m a/m && mv ../damaged .git/dv && mv ../remote ../away && cp ../m m && dv fsck --quick --repair >out 2>err && cat out && ! grep ^lost out && dv fsck -q && dv checkout -q && cmp a/m ../m
'

test_done
