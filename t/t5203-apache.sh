#!/bin/sh

test_description='push and pull: WebDAV by Apache'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_apache
use_netrc

scenario 'Apache, netrc' "$HTTP_URL/a/b"

test_done
