#!/bin/sh

test_description='versions of a large file on XFS: what a whole file of the store has too is shared'

. "${0%/*}/test-lib.sh"

need_xfs

# version <n>: the pointer of that version
version () { git checkout -q "v$1"; }

# is <n>: the work tree has that version, and nothing beside it
is () { cmp big "$SCRATCH/big$1" && dv status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status" && test -z "$(find . -maxdepth 1 -name '*dv-tmp*')"; }

test_expect_success 'versions: edited in five places, 1 MiB and 1001 bytes more, two fifths new' '
	make_repo xfs/repo && cd xfs/repo && random_bytes 60000000 1 >"$SCRATCH/big1" && cp "$SCRATCH/big1" "$SCRATCH/big2" &&
	for at in 0 700 20000 43000 59900; do
		random_bytes 100000 $((at + 7)) | dd of="$SCRATCH/big2" bs=1000 seek=$at conv=notrunc 2>/dev/null || return 1
	done &&
	{ head -c 30000000 "$SCRATCH/big1" && random_bytes 1048576 2 && tail -c +30000001 "$SCRATCH/big1"; } >"$SCRATCH/big3" &&
	{ head -c 30000000 "$SCRATCH/big1" && random_bytes 1001 3 && tail -c +30000001 "$SCRATCH/big1"; } >"$SCRATCH/big4" &&
	{ random_bytes 24000000 4 && tail -c +24000001 "$SCRATCH/big1"; } >"$SCRATCH/big5" &&
	for n in 1 2 3 4 5; do
		cp "$SCRATCH/big$n" big && dv add -q big && git add -A && git commit -qm "v$n" && git tag "v$n" || return 1
	done &&
	test "$(find .git/dv/loose -type f -size +50M | wc -l)" = 1
'

test_expect_success 'an edited version takes the room of what was edited' '
	cd xfs/repo && version 1 && dv checkout -q && is 1 && before=$(xfs_used) &&
	version 2 && dv checkout -q && is 2 && after=$(xfs_used) && echo "$before $after" && test $((after - before)) -lt 3000000 &&
	version 3 && dv checkout -q && is 3 && after=$(xfs_used) && echo "$before $after" && test $((after - before)) -lt 3000000 &&
	version 4 && dv checkout -q && is 4 && after=$(xfs_used) && echo "$before $after" && test $((after - before)) -lt 33000000
'

test_expect_success 'every version from every other, and into an empty work tree' '
	cd xfs/repo && for n in 5 2 4 3 5 1 3 2 1 4; do version $n && dv checkout -q && is $n || return 1; done &&
	for n in 1 2 3 4 5; do version $n && rm big && dv checkout -q -j 3 && is $n || return 1; done
'

test_expect_success 'writing to one version does not reach another or the store' '
	cd xfs/repo && version 2 && dv checkout -q && random_bytes 60000000 9 | dd of=big bs=1M conv=notrunc 2>/dev/null &&
	dv checkout -q -f && is 2 && version 1 && dv checkout -q && is 1 && dv fsck
'

test_expect_success 'a full disk: the file is as it was, and nothing is left' '
	cd xfs/repo && version 1 && dv checkout -q && version 5 && free=$(xfs_df avail) &&
	fallocate -l $((free - 6000000)) ../fill && test_must_fail dv checkout 2>../err && cat ../err && grep -i "no space" ../err &&
	cmp big "$SCRATCH/big1" && test -z "$(find . -maxdepth 1 -name "*dv-tmp*")" && rm ../fill && xfs_used && dv checkout -q && is 5
'

test_expect_success 'a disk that has room for what is not shared, not for all of it' '
	cd xfs/repo && version 1 && rm big && version 2 && free=$(xfs_df avail) && fallocate -l $((free - 20000000)) ../fill && xfs_df avail &&
	dv checkout -q && is 2 && version 3 && dv checkout -q && is 3 && rm big && dv checkout -q && is 3
'

test_expect_success 'and one that has not: refused before a byte is written' '
	cd xfs/repo && rm big && for n in 4 5; do
		version $n && before=$(xfs_used) && test_must_fail dv checkout 2>../err && cat ../err && grep "needs [23].* bytes more, there are" ../err && test ! -e big && test "$(xfs_used)" -le $((before + 100000)) || return 1
	done && rm ../fill && xfs_used && dv checkout -q && is 5
'

test_expect_success 'killed at any moment: the old version or the new one' '
	cd xfs/repo && version 1 && dv checkout -q && now=1 && next=2 &&
	for ms in 002 004 006 008 010 012 014 016 020 024 030 040; do
		version $next && timeout -s KILL 0.$ms dv checkout -q
		if cmp -s big "$SCRATCH/big$next"; then old=$now now=$next next=$old; else cmp big "$SCRATCH/big$now" || return 1; fi
	done &&
	version 4 && dv checkout -q && is 4
'

test_expect_success 'the whole file is altered: not shared, and what was hit is named' '
	cd xfs/repo && version 1 && dv checkout -q && f=$(find .git/dv/loose -type f -size +50M) && touch -r "$f" ../times && chmod u+w "$f" &&
	printf Z | dd of="$f" bs=1 seek=50000000 conv=notrunc 2>/dev/null && touch -r ../times "$f" && version 2 &&
	test_must_fail dv checkout 2>../err && cat ../err && grep big ../err && cmp big "$SCRATCH/big1" &&
	cp "$SCRATCH/big2" big && dv add -q big && rm big && dv checkout -q && is 2
'

test_done
