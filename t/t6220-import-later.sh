#!/bin/sh

test_description='import-url: data for later or for a remote only, URLs with a query'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx

source_of () {
	sed -n "s/^source\.$2: //p" "$1"
}

WWW=$SCRATCH/nginx/www/open
OPEN=${HTTP_URL%/}/open
ZEROS=$(printf %064d 0)

test_expect_success 'setup' '
	make_repo repo && mkdir -p remote "$WWW" from/sub && random_bytes 300000 1 >"$WWW/file" && random_bytes 50000 2 >from/a && echo b >from/sub/b &&
	chmod -R a+rX "$WWW" && cd repo && dv remote add origin ../remote && git commit -qam remote
'

test_expect_success '--no-download asks for the version and gets nothing' '
	cd repo && : >"$NGINX_LOG" && dv import-url --no-download "$OPEN/file" && test "$(grep -c "GET /open/file" "$NGINX_LOG")" = 0 &&
	grep "^id: sha256:$ZEROS" file.dv && grep "^size: 300000" file.dv && test -n "$(source_of file.dv etag)" && ! test -e file &&
	dv import-url --no-download ../from && grep "^kind: tree" from.dv && grep "^files: 2" from.dv && grep "^id: sha256:$ZEROS" from.dv &&
	dv import-url --no-download ../from/a one && git add -A && git commit -qm later
'

test_expect_success 'what is not here yet disturbs nobody' '
	cd repo && dv status --porcelain >out && grep "^A  *file" out && grep "^A  *from" out && dv ls && dv du && test_must_fail dv ls from 2>err && grep "not been downloaded" err &&
	test_must_fail dv cat file && dv push | grep "up to date" && dv status --remote | grep "in sync" && dv gc -n && dv fsck && dv log file | grep "added: file" && dv diff HEAD~1 && test_must_fail dv checkout &&
	dv checkout --allow-missing && dv mv file moved && dv mv moved file && git diff --quiet -- "*.dv" && git checkout -q .gitignore && git clone -q . ../merged && cd ../merged && git checkout -qb side && dv import-url --no-download -f ../from/a one && git add -A &&
	git commit -q --allow-empty -m side && dv fsck
'

test_expect_success 'pull gets it, and the pointer says what it is; so does fetch' '
	git clone -q repo clone && cd clone && dv pull file && cmp file "$WWW/file" && ! grep "$ZEROS" file.dv && git diff --stat | grep file.dv && dv status --porcelain | grep "^P" &&
	cd ../repo && echo "desc: mine" >>from.dv && dv fetch from && ! grep "$ZEROS" from.dv && grep "^desc: mine" from.dv && ! test -e from && dv checkout from && diff -r from ../from &&
	dv pull && cmp one ../from/a && cmp file "$WWW/file" && git commit -qam here && dv push && dv status -q
'

test_expect_success 'a commit from before cannot be filled in' '
	cd repo && test_must_fail dv fetch --rev HEAD~1 2>err && cat err && grep "not downloaded" err && dv gc -n && dv fsck
'

test_expect_success 'update --no-download notes that there is something new; update or pull get it' '
	cd repo && echo more >>"$WWW/file" && echo c >../from/c && old=$(source_of file.dv etag) && : >"$NGINX_LOG" && dv update --no-download file from &&
	test "$(grep -c "GET /open/file" "$NGINX_LOG")" = 0 && grep "$ZEROS" file.dv && grep "$ZEROS" from.dv && grep "^files: 3" from.dv && test "$(source_of file.dv etag)" != "$old" && ! cmp -s file "$WWW/file" &&
	dv update --no-download file | grep "up to date" && dv update file && cmp file "$WWW/file" && ! grep "$ZEROS" file.dv && dv pull from && diff -r from ../from && git commit -qam new
'

test_expect_success 'one that has changed since is refused by pull, and taken by update' '
	cd repo && dv import-url --no-download "$OPEN/file" again && echo again >>"$WWW/file" && test_must_fail dv pull again 2>err && grep "dv update" err && ! test -e again &&
	grep "$ZEROS" again.dv && dv update again && cmp again "$WWW/file" && git add -A && git commit -qm again
'

test_expect_success 'add of other data in its place wins' '
	cd repo && dv import-url --no-download "$OPEN/file" mine && echo mine >mine && dv add mine && ! grep "^id: sha256:$ZEROS" mine.dv && git add -A && git commit -qm mine && dv status -q mine && dv update mine | grep "up to date" && test "$(cat mine)" = mine
'

test_expect_success 'and stays so when --no-download finds something new, which nobody has taken either' '
	cd repo && echo 1 >../lone && dv import-url --no-download ../lone && echo mine >lone && dv add -q lone && cp lone.dv before && echo 22 >../lone &&
	test_exit_code 1 dv update --no-download lone 2>err && cat err && grep "changed here since it was imported" err && test_cmp before lone.dv && dv update -f --no-download lone && grep "^id: sha256:$ZEROS" lone.dv && rm before && git add -A && git commit -qm lone
'

test_expect_success '--to-remote of a folder, and of its update: never in the work tree' '
	cd repo && dv import-url --to-remote ../from far && ! test -e far && echo d >../from/d && dv update --to-remote far && ! test -e far && git add -A && git commit -qm far &&
	git clone -q . ../far && rm -rf ../from.away && mv ../from ../from.away && cd ../far && dv pull far && diff -r far ../from.away && mv ../from.away ../from &&
	test_exit_code 129 dv update --to-remote --no-download && test_exit_code 129 dv import-url --to-remote --no-download ../from x
'

test_expect_success 'update --to-remote leaves the data that is here as it is' '
	cd repo && cp -r from was && echo e >../from/e && dv update --to-remote from && diff -r from was && dv checkout from && diff -r from ../from && git add -A . ":!was" && git commit -qm e && rm -rf was
'

test_expect_success 'a query is asked for, names come from the path' '
	cd repo && : >"$NGINX_LOG" && test_must_fail dv import-url "$OPEN/file?id=7&v=a%20b" && dv import-url -f "$OPEN/file?id=7&v=a%20b" && cat "$NGINX_LOG" && grep "GET /open/file?id=7&v=a%20b " "$NGINX_LOG" &&
	test "$(source_of file.dv url)" = "$OPEN/file?id=7&v=a%20b" && dv update file | grep "up to date" && echo query >>"$WWW/file" && dv update file && cmp file "$WWW/file" &&
	dv import-url -o named "$OPEN/file?path=/x/y" && cmp named "$WWW/file" && test_must_fail dv import-url "$OPEN/?id=7" 2>err && grep "no name" err
'

test_expect_success 'secrets do not get into a pointer, nor are they shown' '
	cd repo && for query in X-Amz-Signature=s3cr3t "a=b&Signature=s3cr3t" "sig=s3cr3t" "x=1&tok%65n=s3cr3t" "access_token=s3cr3t" "KEY=s3cr3t" "a;api-key=s3cr3t"
	do
		test_must_fail dv import-url "$OPEN/file?$query" no 2>err && cat err && ! grep s3cr3t err && ! test -e no.dv || return 1
	done && for url in "http://s3cr3t@127.0.0.1/x" "http://u:s3cr3t@127.0.0.1/x" "$OPEN/file#part"
	do
		test_must_fail dv import-url "$url" no 2>err && cat err && ! grep s3cr3t err || return 1
	done && echo "source.url: $OPEN/file?token=s3cr3t" >>named.dv && sed -i "0,/^source.url/{/^source.url/d}" named.dv && test_must_fail dv update named 2>err && ! grep s3cr3t err
'

test_expect_success 'what is left to do is said: the push that failed, and the pointer that has its id now' '
	cd repo && test_must_fail dv import-url --to-remote -r "$SCRATCH/none/there" ../from/a left 2>err && cat err && grep "^left.dv is written all the same: dv push left does the rest" err && test -f left.dv && dv push left && dv rm -qf left &&
	dv import-url -q --no-download ../from/a later && git add -A && git commit -qm later && dv fetch later 2>err && cat err && grep "^later.dv has its id now: git add later.dv" err && dv fetch later 2>err && ! grep "git add" err
'

test_done
