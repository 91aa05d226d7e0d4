#!/bin/sh

test_description='import-url: files at paths, HTTP and S3'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
start_radosgw

source_of () {
	sed -n "s/^source\.$2: //p" "$1"
}

WWW=$SCRATCH/nginx/www/open
OPEN=${HTTP_URL%/}/open

test_expect_success 'setup' '
	make_repo repo && mkdir -p remote "$WWW/a b" && random_bytes 3000000 1 >big && random_bytes 1000 2 >small &&
	cp big "$WWW/big.bin" && cp small "$WWW/a b/small one.csv" && chmod -R a+rX "$WWW" &&
	cd repo && dv remote add origin ../remote && git commit -qam remote
'

test_expect_success 'a file on this machine, by path and by file://' '
	cd repo && dv import-url ../small && cmp small ../small && test "$(source_of small.dv url)" = "$SCRATCH/small" &&
	test -n "$(source_of small.dv etag)" && dv import-url "file://$SCRATCH/big" sub/big.bin &&
	cmp sub/big.bin ../big && dv status --porcelain | grep "^P" && grep -q "^/small$" .gitignore &&
	git add -A && git commit -qm files && dv status -q
'

test_expect_success 'over HTTP: the ETag is noted, names are decoded' '
	cd repo && dv import-url "$OPEN/big.bin" --json >../out && cat ../out && cmp big.bin ../big &&
	source_of big.bin.dv etag | grep "\"" && dv import-url "$OPEN/a%20b/small%20one.csv" &&
	cmp "small one.csv" ../small && git add -A && git commit -qm http
'

test_expect_success 'update asks once and takes what has changed' '
	cd repo && : >"$NGINX_LOG" && dv update big.bin | grep "up to date" && test "$(grep -c GET "$NGINX_LOG")" = 0 &&
	{ cat ../big; echo more; } >"$WWW/big.bin" && old=$(source_of big.bin.dv etag) && echo "desc: mine" >>big.bin.dv &&
	dv update big.bin && cmp big.bin "$WWW/big.bin" && test "$(source_of big.bin.dv etag)" != "$old" &&
	grep "^desc: mine" big.bin.dv && git commit -qam updated
'

test_expect_success 'a checksum is checked, kept, and checked again by update' '
	cd repo && sum=sha256:$(sha256sum <../small | cut -c1-64) && cp ../small "$WWW/sum" &&
	dv import-url --checksum "$sum" "$OPEN/sum" && test "$(source_of sum.dv checksum)" = "$sum" &&
	test_must_fail dv import-url --checksum "$sum" "$OPEN/big.bin" other && ! test -e other.dv &&
	test_must_fail dv import-url --checksum md5:1 "$OPEN/sum" other && echo tampered >"$WWW/sum" &&
	test_must_fail dv update sum && cmp sum ../small && git add -A && git commit -qm sum
'

test_expect_success 'a cut connection goes on within the run' '
	cd repo && start_proxy "${HTTP_URL#http://}" cut-down=1500000 ok &&
	dv import-url "http://127.0.0.1:$PROXY_PORT/open/big.bin" cut && stop_proxy && cmp cut "$WWW/big.bin" &&
	dv rm -q -f cut
'

test_expect_success 'a download that was killed goes on where it was, if it is the same version' '
	cd repo && random_bytes 2000000 5 >"$WWW/long" && dv import-url "$OPEN/long" &&
	dir=.git/dv/sources/$(printf %s "$OPEN/long" | sha256sum | cut -c1-64) && test -d $dir && ! test -e $dir/part &&
	source_of long.dv etag | tr -d "\n" >$dir/version && head -c 1500000 "$WWW/long" >$dir/part &&
	: >"$NGINX_LOG" && dv import-url -f "$OPEN/long" && cmp long "$WWW/long" && grep " 206 " "$NGINX_LOG" &&
	echo "\"old\"" >$dir/version && echo wrong >$dir/part && dv import-url -f "$OPEN/long" && cmp long "$WWW/long" &&
	git add -A && git commit -qm long
'

test_expect_success 'S3' '
	cd repo && python3 "$TEST_DIR/helper/s3-bucket.py" put $S3_BUCKET "raw/Data Set.bin" ../big &&
	dv import-url "s3://$S3_BUCKET/raw/Data Set.bin" s3.bin && cmp s3.bin ../big && source_of s3.bin.dv etag | grep . &&
	dv update s3.bin | grep "up to date" && git add -A && git commit -qm s3 && test_must_fail dv import-url "s3://$S3_BUCKET/nothing"
'

test_expect_success '--to-remote pushes it and leaves the work tree alone' '
	cd repo && cp ../small "$WWW/far" && random_bytes 700000 7 >>"$WWW/far" && dv import-url --to-remote "$OPEN/far" &&
	! test -e far && git add -A && git commit -qm far && rm "$WWW/far" && git clone -q . ../far && cd ../far &&
	dv pull far && tail -c 700000 far >tail && random_bytes 700000 7 | cmp - tail
'

test_expect_success 'what no remote has comes from its source, if that is unchanged' '
	git clone -q repo clone && cd clone && dv pull s3.bin && cmp s3.bin ../big &&
	test_must_fail dv pull small 2>err && grep source.local err && sed "s,^source.url: ,&FILE://," small.dv >up.dv && test_must_fail dv update up 2>err &&
	grep source.local err && ! test -e up && rm up.dv && dv pull "small one.csv" &&
	cmp "small one.csv" ../small && echo changed >"$WWW/long" && test_must_fail dv pull long 2>err &&
	cat err && grep "has changed since" err && ! test -e long
'

test_expect_success 'update goes on where a source is gone, tells each, and fails at the end' '
	make_repo many && cd many && mkdir ../from && for n in a b c d; do echo $n >../from/$n && dv import-url ../from/$n || return 1; done &&
	git add -A && git commit -qm many && rm ../from/a ../from/c && echo new >../from/b && echo new >../from/d && cp c.dv ../c.dv &&
	test_must_fail dv update -q 2>err && cat err && test "$(grep -c "^error: " err)" = 2 && grep "cannot update a: .*from/a" err && grep "cannot update c: .*from/c" err &&
	echo new >want && cmp b want && cmp d want && echo c >want && cmp c want && cmp c.dv ../c.dv &&
	test_must_fail dv update a b --json >out 2>err && grep "\"b\"" out && test "$(grep -c "^error: " err)" = 1
'

test_expect_success 'bad URLs and what is in the way' '
	cd repo && for url in "$OPEN/" "http://u:p@127.0.0.1/x" "ftp://x/y" "" ../repo "$OPEN/nothing" /dev/zero; do
		test_must_fail dv import-url "$url" bad || return 1
	done && test_must_fail dv import-url ../small && test_must_fail dv import-url ../small ../outside && ! test -e bad.dv
'

test_expect_success '--to-remote with no remote takes nothing; --rev is not for a URL' '
	make_repo lonely && cd lonely && echo x >../lonely.csv && test_must_fail dv import-url --to-remote ../lonely.csv 2>err && grep "no remote" err && rm err &&
	test_must_fail dv import-url --to-remote -r nope ../lonely.csv && test -z "$(git status --porcelain)" && ! test -e lonely.csv.dv && dv import-url -q ../lonely.csv && echo y >>../lonely.csv && cp lonely.csv.dv ../was.dv &&
	test_must_fail dv update --to-remote && cmp lonely.csv.dv ../was.dv && test_must_fail dv update --rev main lonely.csv 2>err && cat err && grep "no branches, tags or commits" err && cmp lonely.csv.dv ../was.dv &&
	dv update --rev main && ! grep source.ref lonely.csv.dv && ! cmp -s lonely.csv.dv ../was.dv
'

test_expect_success 'a URL is no remote of ours: no message sends to the settings of one' '
	cd repo && for url in http://127.0.0.1:1/x https://127.0.0.1:1/x "${HTTP_URL%/}/nothing" s3://there-is-none/x; do
		test_must_fail dv import-url "$url" bad 2>err && cat err && ! grep "dv remote\|remote source\|remote\.source" err || return 1
	done && grep "hint: .*AWS_ENDPOINT_URL" err && rm err && ! test -e bad.dv
'

start_python odd-server "$SCRATCH"
ODD=http://127.0.0.1:$PYTHON_PORT

test_expect_success 'what is escaped in a URL is asked for as it is' '
	cd repo && dv import-url "$ODD/escaped/a%2Fb" && test "$(wc -c <b)" = 300000 && test "$(source_of b.dv url)" = "$ODD/escaped/a%2Fb" && dv update b | grep "up to date" &&
	test_must_fail dv import-url "$ODD/escaped/%ff" bad 2>err && cat err && grep "^error: $ODD/escaped/%ff: not there" err && git add -A && git commit -qm escaped
'

test_expect_success 'a server that sends in circles, or names no length' '
	cd repo && test_must_fail dv import-url "$ODD/circle/x" bad 2>err && cat err && grep "elsewhere (302) again and again" err && ! grep "^hint: .*remote" err &&
	test_must_fail dv import-url "$ODD/headless/x" bad 2>err && cat err && grep "does not say how long" err && grep "^hint: download it by another program, then dv add" err && rm err && ! test -e bad.dv
'

test_done
