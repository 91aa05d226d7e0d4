#!/bin/sh

test_description='store.fallback: another store is read from, never written to'

. "${0%/*}/test-lib.sh"

# frozen: what the team's store is made of, to see that nothing changes it
frozen () {
	find "$SCRATCH/team/.git/dv" -printf '%p %y %s %T@\n' | sort
}

test_expect_success 'setup: a team has data in its store, a colleague a clone without any remote' '
	make_repo team && cd team && random_bytes 2000000 1 >big && mkdir d && small_files d/s 120 && dv add -q big d && git add -A && git commit -q -m data &&
	frozen >../before && git clone -q . ../mine && cd ../mine && dv status --short >out && grep "^! " out && test_must_fail dv checkout && git config dv.store.fallback "$SCRATCH/team/.git/dv"
'

test_expect_success 'what it has counts as here: status, ls, cat, checkout' '
	cd mine && dv status --short >out && ! grep "^! " out && dv ls -R d >out && test -s out && dv cat big | cmp - ../team/big && dv checkout && cmp big ../team/big && diff -r d ../team/d && dv status --short >out && ! grep "^[MD!]" out
'

test_expect_success 'nothing was copied, nothing was written there' '
	cd mine && test "$(disk_bytes .git/dv/data)" -eq 0 && frozen >../after && test_cmp ../before ../after
'

test_expect_success 'push takes from it; a fetch takes nothing' '
	cd mine && dv remote add -d origin "$SCRATCH/there" 2>/dev/null && dv fetch -n >out && cat out && dv push >out && cat out && dv push | grep "up to date" && frozen >../after && test_cmp ../before ../after &&
	git add -A && git commit -q -m r && git clone -q . ../other && cd ../other && dv pull && cmp big ../team/big && diff -r d ../team/d
'

test_expect_success 'what is added is stored here, though it is there too' '
	cd mine && cp ../team/big again && dv add again && test "$(disk_bytes .git/dv/data)" -ge 2000000 && dv fsck
'

test_expect_success 'one that goes away: what was only there is missing, and said so' '
	cd mine && mv ../team ../gone && dv status --short >out && cat out && grep "^! " out && rm -r d && test_must_fail dv checkout d 2>err && cat err && dv doctor --offline >out && grep "^warning .*fallback store" out && mv ../gone ../team && dv checkout && diff -r d ../team/d
'

test_expect_success 'a damaged one is not believed' '
	cp -a team hurt && cd hurt && for p in .git/dv/data/*.pack; do chmod u+w "$p" && printf XXXX | dd of="$p" bs=1 seek=500000 conv=notrunc 2>/dev/null; done &&
	git clone -q ../team ../third && cd ../third && git config dv.store.fallback "$SCRATCH/hurt/.git/dv" && test_must_fail dv checkout 2>err && cat err && { ! test -e big || cmp big ../team/big; } &&
	dv remote add -d origin "$SCRATCH/there" 2>/dev/null && dv pull && cmp big ../team/big && diff -r d ../team/d
'

test_expect_success 'from .dvconfig it is not taken' '
	git clone -q team fourth && cd fourth && git config -f .dvconfig store.fallback "$SCRATCH/team/.git/dv" && test_must_fail dv checkout && test ! -e big
'

test_expect_success 'gc knows its own packs only' '
	cd mine && rm -f again.dv again && dv gc --grace now && cmp big ../team/big && rm big && dv checkout big && cmp big ../team/big && frozen >../after && test_cmp ../before ../after
'

test_done
