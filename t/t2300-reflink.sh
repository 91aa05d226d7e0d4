#!/bin/sh

test_description='where files can share blocks (XFS): whole files are cloned, not copied'

. "${0%/*}/test-lib.sh"

need_xfs

test_expect_success 'add of 100 MB takes next to no room' '
	make_repo xfs/repo && cd xfs/repo && random_bytes 100000000 1 >big && cp big "$SCRATCH/big1" && before=$(xfs_used) &&
	dv add -q big && after=$(xfs_used) && echo "$before $after" && test $((after - before)) -lt 8000000 &&
	test -n "$(find .git/dv/loose -type f -size +90M)"
'

test_expect_success 'so does checkout, and the bytes are right' '
	cd xfs/repo && git add -A && git commit -qm big && rm big && before=$(xfs_used) && dv checkout && after=$(xfs_used) &&
	test $((after - before)) -lt 8000000 && cmp big "$SCRATCH/big1"
'

test_expect_success 'editing the file in the work tree does not touch the store' '
	cd xfs/repo && printf X | dd of=big bs=1 seek=5000000 conv=notrunc 2>/dev/null && dv checkout -f && cmp big "$SCRATCH/big1"
'

test_expect_success '1 MiB in the middle: only that is stored and pushed' '
	cd xfs/repo && { head -c 50000000 "$SCRATCH/big1" && random_bytes 1048576 2 && tail -c +50000001 "$SCRATCH/big1"; } >big &&
	cp big "$SCRATCH/big2" && mkdir "$SCRATCH/remote" && dv remote add origin "$SCRATCH/remote" && dv push -q &&
	stored=$(disk_bytes .git/dv) && sent=$(disk_bytes "$SCRATCH/remote") && dv add -q big && git commit -qam big2 && dv push -q &&
	test $(($(disk_bytes .git/dv) - stored)) -lt 2000000 && test $(($(disk_bytes "$SCRATCH/remote") - sent)) -lt 2000000
'

test_expect_success 'both versions come back, here and in a clone' '
	cd xfs/repo && git checkout -q HEAD~1 && dv checkout && cmp big "$SCRATCH/big1" && git checkout -q main && dv checkout && cmp big "$SCRATCH/big2" &&
	git clone -q . "$SCRATCH/clone" && cd "$SCRATCH/clone" && dv pull && cmp big "$SCRATCH/big2"
'

test_expect_success 'a stored file that was altered is noticed: refused, then healed by pull' '
	cd xfs/repo && git checkout -q HEAD~1 && f=$(find .git/dv/loose -type f -size +90M | head -n 1) && chmod u+w "$f" &&
	printf Z | dd of="$f" bs=1 seek=7000000 conv=notrunc 2>/dev/null && rm big && test_must_fail dv checkout 2>../err && cat ../err &&
	grep big ../err && dv remote list -v && dv pull -r "$SCRATCH/remote" && cmp big "$SCRATCH/big1"
'

test_done
