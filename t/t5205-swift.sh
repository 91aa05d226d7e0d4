#!/bin/sh

test_description='push and pull: S3 by OpenStack Swift (another signature checker)'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_swift
scenario Swift "s3://$S3_BUCKET/team"

test_expect_success 'a wrong secret is refused' '
	cd repo && test_must_fail env AWS_SECRET_ACCESS_KEY=wrong dv push 2>err && cat err
'

test_done
