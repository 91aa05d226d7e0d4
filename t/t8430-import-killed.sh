#!/bin/sh

test_description='import-url of a folder, killed: the next run goes on'

. "${0%/*}/test-lib.sh"

test_expect_success 'what was got and noted is not got again' '
	make_repo repo && mkdir from && random_bytes 300000 1 >from/a && random_bytes 1000 2 >from/b && cd repo &&
	{ DV_TEST_CRASH_AT=source-after-batch:1 "$DV_BUILD/crash/dv" import-url -q ../from; test $? -ge 128; } && ! test -e from.dv && ! test -e from &&
	dv import-url --json ../from >out && grep "\"bytes\":0," out && diff -r from ../from && dv fsck -q
'

test_expect_success 'a note that was cut short, or is of content that is gone, costs a download and no more' '
	cd repo && note=$(echo .git/dv/sources/*/listing) && head -c 150 "$note" >cut && mv cut "$note" && rm from.dv && rm -rf from .git/dv/data &&
	dv import-url --json ../from >out && grep "\"bytes\":301000," out && diff -r from ../from && dv fsck -q
'

test_done
