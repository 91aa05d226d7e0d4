#!/bin/sh

test_description='push and pull: HTTP (nginx with WebDAV), Basic auth, TLS'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
cat >"$HOME/helper" <<EOF
#!/bin/sh
test "\$1" = get && printf 'username=%s\npassword=%s\n' "$HTTP_USER" "$HTTP_PASS"
echo "\$1" >>"$HOME/helper.log"
EOF
chmod +x "$HOME/helper"
git config --global credential.helper "$HOME/helper"

scenario 'nginx, git credential' "$HTTP_URL/team"

test_expect_success 'git credential was asked and told that it worked' '
	grep get "$HOME/helper.log" && grep store "$HOME/helper.log"
'

test_expect_success 'TLS with a CA file, user and password from settings' '
	git config --global --unset credential.helper &&
	make_repo tls && cd tls && random_bytes 100000 9 >d && dv add -q d &&
	dv remote add origin "$HTTPS_URL/tls" &&
	dv config remote.origin.user "$HTTP_USER" &&
	dv config --local remote.origin.password "$HTTP_PASS" &&
	test_must_fail dv push 2>err && grep -i "certificate" err &&
	dv config --local remote.origin.cafile "$CA_FILE" && dv push
'

test_expect_success 'a wrong password is named as such, nothing is sent' '
	cd tls && dv config --local remote.origin.password wrong-one &&
	echo more >e && dv add -q e && test_must_fail dv push 2>err &&
	grep -i "401\|credential\|password" err && ! grep wrong-one err
'

test_done
