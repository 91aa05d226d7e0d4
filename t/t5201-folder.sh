#!/bin/sh

test_description='push and pull: a folder'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

mkdir "$SCRATCH/remote"
scenario folder "$SCRATCH/remote"

test_expect_success 'a remote relative to the top of the work tree' '
	make_repo rel && cd rel && echo x >d && dv add -q d && mkdir ../there &&
	dv remote add origin ../there && dv push && test -f ../there/dv-remote
'

test_expect_success 'a folder that is not there is an error, not made' '
	cd rel && dv remote add gone ../gone/deeper && test_must_fail dv push -r gone 2>err &&
	grep "gone" err && test ! -e ../gone
'

test_expect_success 'set-url changes a URL where it is set' '
	cd rel && dv remote add --local mine ../mine && dv remote set-url mine ../other &&
	test "$(dv config remote.mine.url)" = ../other && test_must_fail grep mine .dvconfig
'

test_done
