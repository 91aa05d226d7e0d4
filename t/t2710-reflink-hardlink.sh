#!/bin/sh

test_description='hard links and clones where both can be had (XFS)'

. "${0%/*}/test-lib.sh"

need_xfs

links () { stat -c %h "$1"; }

test_expect_success 'reflink,hardlink clones, hardlink,reflink links' '
	make_repo xfs/repo && cd xfs/repo && random_bytes 60000000 1 >big && cp big "$SCRATCH/big" && dv config store.link reflink,hardlink,copy && dv add -q big &&
	test "$(links big)" = 1 && test -w big && rm big && dv checkout && test "$(links big)" = 1 && dv config store.link hardlink,reflink && rm big && dv checkout &&
	test "$(links big)" = 2 && cmp big "$SCRATCH/big" && git add -A && git commit -qm 1 && dv status --json >../out && test ! -s ../out
'

test_expect_success 'unprotect and relink share blocks: no room is taken' '
	cd xfs/repo && before=$(xfs_used) && dv unprotect big && test "$(links big)" = 1 && printf X | dd of=big conv=notrunc 2>/dev/null && dv checkout -q -f &&
	test "$(links big)" = 2 && cmp big "$SCRATCH/big" && dv config store.link reflink && dv checkout --relink big && test "$(links big)" = 1 && test -w big &&
	cmp big "$SCRATCH/big" && after=$(xfs_used) && test $((after - before)) -lt 4000000 && dv status --json >../out && test ! -s ../out && dv fsck
'

test_done
