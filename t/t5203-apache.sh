#!/bin/sh

test_description='push and pull: WebDAV by Apache'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_apache
host=${HTTP_URL#http://}
cat >"$HOME/.netrc" <<EOF
machine ${host%:*} login $HTTP_USER password $HTTP_PASS
EOF
chmod 600 "$HOME/.netrc"

scenario 'Apache, netrc' "$HTTP_URL/a/b"

test_done
