#!/bin/sh

test_description='import-url of folders of a WebDAV server'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_apache
use_netrc

WWW=$SCRATCH/apache/www
SET="$HTTP_URL/the%20set"
APACHE_LOG=$SCRATCH/apache/access.log
ZEROS=$(printf %064d 0)
export WWW SET

source_of () {
	sed -n "s/^source\.$2: //p" "$1"
}

# taken <command>: bytes that were received
taken () {
	"$@" --json | python3 -c 'import json, sys; print(sum(json.loads(l)["bytes"] for l in sys.stdin))'
}

# asked <method>: how many requests of it since the log was emptied
asked () {
	grep -c "^$1 " "$APACHE_LOG"
}

test_expect_success 'setup' '
	make_repo repo && mkdir -p remote "$WWW/the set/sub/deep" "$WWW/the set/none" && cd "$WWW/the set" && random_bytes 3000000 1 >sub/big && : >nothing && random_bytes 70000 2 >a && cp a a-b &&
	echo odd >"sub/deep/100%25 ?#&+;<>\"ü$(printf "\ttab\nline")" && small_files many 300 && chmod -R a+rX "$WWW" && cd "$SCRATCH/repo" && dv remote add origin ../remote && git commit -qam remote
'

test_expect_success 'all files, whatever they are called; the pointer says where from' '
	cd repo && dv import-url "$SET/" data && cp -R "$WWW/the set" ../was && rmdir ../was/none && diff -r data ../was && test "$(source_of data.dv url)" = "$SET/" && grep "^kind: tree" data.dv &&
	source_of data.dv etag | grep "^sha256:" && dv import-url -q "$SET/sub/" && diff -r sub ../was/sub && git add -A && git commit -qm data && dv status -q && dv push -q
'

test_expect_success 'an empty file, whose length Apache does not tell, has its version recorded' '
	cd repo && : >"$WWW/hollow" && touch -d "1 minute ago" "$WWW/hollow" && chmod a+r "$WWW/hollow" && dv import-url -q "$HTTP_URL/hollow" empty && test ! -s empty && source_of empty.dv etag | grep . && dv update empty | grep "up to date" && git add -A && git commit -qm empty
'

test_expect_success 'update asks for the listing, and for what has changed' '
	cd repo && : >"$APACHE_LOG" && test "$(taken dv update data)" = 0 && test "$(asked GET)" = 0 && dv update data | grep "up to date" && cd "$WWW/the set" && echo more >>a && rm nothing && echo new >sub/new &&
	cd "$SCRATCH/repo" && dv status --sources -s >out && cat out && printf "C^ data\nC^ sub\n" | cmp - out && : >"$APACHE_LOG" && test "$(taken dv update data)" = 70009 && test "$(asked GET)" = 2 &&
	cmp data/a "$WWW/the set/a" && test -f data/sub/new && ! test -e data/nothing && git commit -qam updated && rm out && dv status -q --sources data
'

test_expect_success '--no-download lists; pull takes it' '
	cd repo && : >"$APACHE_LOG" && dv import-url --no-download "$SET/sub/" later && test "$(asked GET)" = 0 && grep "^id: sha256:$ZEROS" later.dv && grep "^files: 3" later.dv && dv pull later && diff -r later "$WWW/the set/sub"
'

test_expect_success '--to-remote; a clone has it of the remote; another of the source' '
	cd repo && dv import-url --to-remote "$SET/many/" far && ! test -e far && git add -A && git commit -qm far && git clone -q . ../clone && cd ../clone && : >"$APACHE_LOG" && dv pull far && diff -r far "$WWW/the set/many" && ! test -s "$APACHE_LOG" &&
	cd .. && mkdir remote.away && mv remote/* remote.away && rm -rf clone/.git/dv clone/far && cd clone && dv pull far && diff -r far "$WWW/the set/many" && mv ../remote.away/* ../remote
'

test_expect_success 'what is gone, and what is no folder' '
	cd repo && test_must_fail dv import-url "$HTTP_URL/void/" no 2>err && grep "no files" err && test_must_fail dv import-url "$SET/none/" no && mv "$WWW/the set/many" "$WWW/away" && dv status --sources far | grep "source gone" && mv "$WWW/away" "$WWW/the set/many" && ! test -e no.dv
'

test_expect_success 'a wrong password is told, not taken for an empty folder' '
	cd repo && mv "$HOME/.netrc" ../netrc && test_must_fail dv import-url "$SET/" no 2>err && cat err && grep 401 err && mv ../netrc "$HOME/.netrc"
'

start_python odd-server "$SCRATCH"
odd=http://127.0.0.1:$PYTHON_PORT
start_nginx
mkdir -p "$SCRATCH/nginx/www/open/d" && echo x >"$SCRATCH/nginx/www/open/d/x"

test_expect_success 'a web server without PROPFIND: what it lacks, and what to do' '
	cd repo && for to in "${HTTP_URL%/}/open/d/ 403" "$odd/status/405/ 405" "$odd/status/501/ 501" "$odd/dav-html/ 200"
	do
		test_must_fail dv import-url "${to% *}" no 2>err && cat err && grep "${to#* }" err && grep "hint:.*PROPFIND.*WebDAV.*one by one" err && ! test -e no.dv || return 1
	done
'

test_expect_success 'hostile listings: nothing of them is taken' '
	cd repo && git status --porcelain >../before && for how in good ghost out up up2 deep host slashes escape zero sizeless hidden withheld negative entity long
	do
		test_must_fail dv import-url "$odd/dav/$how/p/" no 2>err && cat err && ! test -e no && ! test -e no.dv || return 1
	done && ! grep "^GET" ../odd.log && git status --porcelain | cmp - ../before
'

test_expect_success 'folders in folders without end, a redirect' '
	cd repo && test_must_fail dv import-url "$odd/dav-loop/" no 2>err && grep "nested too deep" err &&
	test_must_fail dv import-url "$odd/to-other/" no 2>err && cat err && grep "sends PROPFIND elsewhere" err && grep "take that URL" err
'

test_done
