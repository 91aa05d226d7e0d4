#!/bin/sh

test_description='a file system that says at close() that it cannot keep what was written'

. "${0%/*}/test-lib.sh"

# late <pattern> <command>: so of the files whose path matches
late () {
	late_pattern=$1 && shift
	(export LATE_CLOSE="$late_pattern" LD_PRELOAD="$DV_BUILD/bad-disk.so" ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" && exec "$@")
}

# refused <pattern> <command>: it fails with that
refused () {
	test_must_fail late "$@" 2>err && cat err && grep -i "quota" err && rm err
}

test_expect_success 'checkout leaves what was there, and says so' '
	make_repo repo && cd repo && echo old >f && mkdir d && echo old >d/x && dv add -q f d && git add -A && git commit -qm old && echo new >f && echo new >d/x && dv add -q f d && git commit -qam new &&
	git checkout -q HEAD~1 && ls -A . d >../before && refused "$PWD/[!/]*" dv checkout f && grep -x new f && refused "$PWD/d/*" dv checkout d && grep -x new d/x && ls -A . d | cmp - ../before &&
	dv checkout && grep -x old f && grep -x old d/x
'

test_expect_success 'a file in a new folder is not there rather than cut short' '
	cd repo && rm -r d && mkdir e && (cd e && small_files . 70) && dv add -q e && git add -A && git commit -qm e && rm -r e && refused "$PWD/*/f*" dv checkout e && test -z "$(find e -type f 2>/dev/null)" && dv checkout && dv status -q
'

test_expect_success 'a private copy does not take the place of what it could not copy' '
	cd repo && dv config --local store.link hardlink && dv config --local store.linkfrom 0 && random_bytes 300000 1 >big && dv add -q big && rm big && dv checkout -q big && test "$(stat -c %h big)" -gt 1 && i=$(stat -c %i big) &&
	refused "$PWD/[!/]*" dv unprotect big && test "$(stat -c %i big)" = "$i" && random_bytes 300000 1 | cmp - big && dv unprotect big && test "$(stat -c %h big)" = 1
'

test_expect_success 'what was downloaded and not kept is not recorded' '
	cd repo && mkdir ../from && random_bytes 3000000 2 >../from/big && refused "*/sources/*/part" dv import-url ../from/big got && ! test -e got.dv && ! test -e got &&
	refused "*/tmp/*migrate-* (deleted)" dv import-url ../from && ! test -e from.dv && refused "*/sources/*/listing" dv import-url ../from && ! test -e from.dv && dv import-url -q ../from && cmp from/big ../from/big
'

test_expect_success 'a remote is not called damaged when it is here that there is no room' '
	cd repo && mkdir ../remote && dv remote add origin ../remote && dv push -q -A && refused "*/dv/tmp/*" dv fsck -r origin && dv fsck -q -r origin
'

test_expect_success 'pointers that were not kept get no name, one or many' '
	cd repo && mkdir p && echo 1 >p/1 && echo 2 >p/2 && refused "$PWD/p/.dv-tmp-*" dv add p/1 && refused "$PWD/p/.dv-tmp-*" dv add p/1 p/2 && test "$(ls -A p | wc -l)" = 2 && dv add -q p/1 p/2 && test -e p/2.dv
'

test_expect_success 'standard output that was not kept is an error' '
	cd repo && test_must_fail late "$SCRATCH/list" dv ls >../list 2>err && cat err && grep "cannot write standard output: .*quota" err && late "$SCRATCH/other" dv ls >../list && test -s ../list && test_exit_code 1 dv ls >/dev/full && dv add -q f >&-
'

test_done
