#!/bin/sh

test_description='gc and fsck at WebDAV remotes: listed by PROPFIND'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"
. "$TEST_DIR/lib-gc.sh"

# second <folder>: the largest of its packs is the one that nothing needs
second () {
	ls -S "$1"/packs/*/* | sed -n 2p
}

# mend_there <url> <folder>: fsck -r finds what is gone and what is wrong, and sends
# it again
mend_there () {
	export url="$1" folder="$2"
	test_expect_success "$url: fsck -r finds and mends" '
		new_world "$url" && cd "$SCRATCH/repo" && dv fsck -r origin && p=$(second "$folder") && cp "$p" ../keep && rm "$p" &&
		test_exit_code 1 dv fsck --quick -r origin >out && cat out && grep "^missing: packs/" out &&
		dv fsck -r origin --repair >out && grep "^repaired: packs/" out && p=$(second "$folder") && cmp "$p" ../keep &&
		{ head -c 5000 ../keep && echo wrong && tail -c +5007 ../keep; } >"$p" && dv fsck -q --quick -r origin &&
		test_exit_code 1 dv fsck -r origin && dv fsck -q -r origin --repair && all_there "$SCRATCH/repo"
	'
}

start_nginx
use_netrc
try_remote nginx "$HTTP_URL/gc"
mend_there "$HTTP_URL/mend" "$SCRATCH/nginx/www/mend"

test_expect_success 'the listing says what lies there, also below an escaped path' '
	new_world "$HTTP_URL/a%20%C3%BC~b" && "$DV_BUILD/remote-tool" -o "user=$HTTP_USER" -o "password=$HTTP_PASS" "$HTTP_URL/a%20%C3%BC~b" list packs/ >out &&
	(cd "$SCRATCH/nginx/www/a ü~b" && find packs -type f -printf "%s %p\n") | sort >want && sort out | cmp - want && test -s want
'

test_expect_success 'a server without PROPFIND: refused with a way, nothing is written' '
	new_world "$HTTP_URL/unlisted/gc" && test_must_fail dv gc -r origin 2>err && cat err && grep "cannot say what it has" err && grep "^hint: .*folder" err &&
	test ! -e "$SCRATCH/nginx/www/unlisted/gc/gc" && dv fsck -q -r origin && dv gc -r "$SCRATCH/nginx/www/unlisted/gc" >out && grep younger out
'

start_apache
use_netrc
try_remote Apache "$HTTP_URL/gc"
mend_there "$HTTP_URL/mend" "$SCRATCH/apache/www/mend"
race Apache "$HTTP_URL/race"

test_done
