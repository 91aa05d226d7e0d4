#!/bin/sh

test_description='remotes of all kinds do the same: folder, nginx, Apache, S3'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

tool="$DV_BUILD/remote-tool"
random_bytes 3000000 1 >big
random_bytes 4000 2 >small
: >empty
python3 -c "print('plain text ' * 5)" >text

# suite <name> <url> <options>: what every kind has to do
suite () {
	name=$1 url=$2
	shift 2
	options=$*
	run="$tool $options $url"

	test_expect_success "$name: what was put comes back" '
		$run put packs/aa/big big && $run get packs/aa/big | cmp - big &&
		$run put roots/small small && $run get roots/small | cmp - small &&
		$run putmem packs/aa/mem big && $run get packs/aa/mem | cmp - big &&
		$run put dv-remote text && $run get dv-remote | cmp - text
	'

	test_expect_success "$name: an empty object" '
		$run put roots/empty empty && $run get roots/empty >got &&
		test_cmp empty got && test "$($run stat roots/empty)" = 0
	'

	test_expect_success "$name: sizes" '
		test "$($run stat packs/aa/big)" = 3000000 &&
		test "$($run stat roots/small)" = 4000
	'

	test_expect_success "$name: parts" '
		$run get packs/aa/big 1000000 500000 >got &&
		tail -c +1000001 big | head -c 500000 | cmp - got &&
		$run get packs/aa/big 2999990 - >got && tail -c 10 big | cmp - got &&
		$run get packs/aa/big 0 1 >got && head -c 1 big | cmp - got &&
		$run get packs/aa/big 3000000 - >got && test_cmp empty got
	'

	test_expect_success "$name: parts that are not there" '
		test_must_fail $run get packs/aa/big 2999990 11 2>err &&
		grep "^CORRUPT: remote test: .*packs/aa/big" err &&
		test_must_fail $run get packs/aa/big 3000001 - 2>err &&
		grep "^CORRUPT" err &&
		test_must_fail $run get packs/aa/big 9000000 10 2>err &&
		grep "^CORRUPT" err
	'

	test_expect_success "$name: a part of a file is put" '
		$run put packs/aa/part big 70000 200000 &&
		$run get packs/aa/part >got &&
		tail -c +70001 big | head -c 200000 | cmp - got
	'

	test_expect_success "$name: one that is there is replaced" '
		$run put roots/twice big && $run put roots/twice small &&
		$run get roots/twice | cmp - small
	'

	test_expect_success "$name: what is not there" '
		test_must_fail $run stat packs/none 2>err &&
		grep "^NOTFOUND: remote test: .*/packs/none: not there" err &&
		test_must_fail $run get packs/none 2>err && grep "^NOTFOUND" err &&
		test_must_fail $run get no/such/folder 5 6 2>err &&
		grep "^NOTFOUND" err
	'

	test_expect_success "$name: removing" '
		$run put roots/gone small && $run remove roots/gone &&
		test_must_fail $run stat roots/gone 2>err && grep "^NOTFOUND" err
	'

	test_expect_success "$name: listing" '
		$run list packs/ | sort >got &&
		printf "%s\n" "200000 packs/aa/part" "3000000 packs/aa/big" \
			"3000000 packs/aa/mem" | sort >want &&
		test_cmp want got && $run list none/ >got &&
		test_cmp empty got && $run list "" | grep " dv-remote$"
	'

	test_expect_success "$name: four threads at once" '
		$run many 4 12 70000
	'

	test_expect_success "$name: names that dv does not make" '
		for bad in ../x /x a//b a/./b A.B "a b" "" a/
		do
			test_must_fail $run stat "$bad" 2>err &&
			grep "^INVALID" err || return 1
		done
	'
}

# --- a folder ---------------------------------------------------------------

mkdir there
suite folder "$SCRATCH/there/remote"
suite 'folder by file://' "file://$SCRATCH/there/re%20mote"

test_expect_success 'folder: relative to the base folder' '
	$tool -b "$SCRATCH/there/x/y" ../../rel put a/b small &&
	cmp there/rel/a/b small
'

test_expect_success 'folder: nothing temporary is left' '
	test -z "$(find there -name ".dv-*")"
'

test_expect_success 'folder: below one that is missing nothing is made' '
	test_must_fail $tool "$SCRATCH/mnt/disk" put a/b small 2>err &&
	grep "^IO: remote test: .*there is no folder $SCRATCH/mnt" err &&
	grep "^hint: .*mount" err && test ! -e mnt &&
	test_must_fail $tool "$SCRATCH/mnt/disk" stat a/b 2>err &&
	grep "^IO" err && test_must_fail $tool "$SCRATCH/mnt/disk" list a/ 2>err &&
	grep "^IO" err
'

test_expect_success 'folder: one that is not there yet is empty' '
	test_must_fail $tool "$SCRATCH/there/new" stat a/b 2>err &&
	grep "^NOTFOUND" err && $tool "$SCRATCH/there/new" list a/ >got &&
	test_cmp empty got && test ! -e there/new
'

test_expect_success 'folder: a file in the way' '
	test_must_fail $tool "$SCRATCH/big/x" put a/b small 2>err &&
	grep "^IO: .*big is not a folder" err
'

test_expect_success 'folder: the same place has the same key' '
	ln -s there link && k=$($tool "$SCRATCH/there/remote" key) &&
	test "$k" = "$($tool "$SCRATCH/link/remote/" key)" &&
	test "$k" = "$($tool -b "$SCRATCH/link" remote key)" &&
	test "$k" != "$($tool "$SCRATCH/there/other" key)"
'

if test "$(id -u)" -ne 0
then
	test_expect_success 'folder: no permission' '
		mkdir locked && chmod 555 locked &&
		test_must_fail $tool "$SCRATCH/locked" put a/b small 2>err &&
		grep "^IO: remote test: .*Permission denied" err &&
		grep "^hint: .*ls -ld" err
	'
fi

if (ulimit -f 100 && trap '' XFSZ && ! dd if=/dev/zero of=probe bs=1M count=1) \
	2>/dev/null
then
	test_expect_success 'folder: a write that fails leaves nothing behind' '
		(ulimit -f 1000 && trap "" XFSZ &&
		 test_must_fail $tool "$SCRATCH/there/full" put a/b big 2>err) &&
		grep "^IO: remote test: .*there/full/a/b" err &&
		test -z "$(find there/full -type f)"
	'
fi

# --- HTTP -------------------------------------------------------------------

start_nginx
login="-o user=$HTTP_USER -o password=$HTTP_PASS"
suite nginx "$HTTP_URL/team/data" $login
suite 'nginx, TLS' "$HTTPS_URL/tls" $login -o "cafile=$CA_FILE"
suite 'nginx, git credential' "$HTTP_URL/asked" -c "$HTTP_USER:$HTTP_PASS"

test_expect_success 'nginx: requests are counted as the server counts' '
	: >"$NGINX_LOG" && $tool -v $login "$HTTP_URL/c" many 3 10 5000 2>err &&
	n=$(sed -n "s/^requests: //p" err) && test "$n" = 90 &&
	test "$(wc -l <"$NGINX_LOG")" = "$n"
'

test_expect_success 'HTTP: user and password in the URL' '
	$tool "http://$HTTP_USER:$HTTP_PASS@${HTTP_URL#http://}/team/data" \
		get roots/small | cmp - small
'

test_expect_success 'HTTP: .netrc' '
	echo "machine 127.0.0.1 login $HTTP_USER password $HTTP_PASS" \
		>"$HOME/.netrc" && chmod 600 "$HOME/.netrc" &&
	{ $tool "$HTTP_URL/team/data" get roots/small >got; code=$?; } &&
	rm "$HOME/.netrc" && test $code -eq 0 && cmp got small
'

test_expect_success 'HTTP: git credential is told what came of it' '
	$tool -c "$HTTP_USER:$HTTP_PASS" "$HTTP_URL/team/data" get roots/small \
		2>err >got && grep "credential: fill $HTTP_URL/team/data" err &&
	grep "credential: approve" err &&
	test_must_fail $tool -c "$HTTP_USER:wrong-one" "$HTTP_URL/team/data" \
		get roots/small 2>err && grep "credential: reject" err &&
	grep "^AUTH: remote test: $HTTP_URL/team/data/roots/small: " err &&
	! grep wrong-one err
'

test_expect_success 'HTTP: wrong and missing passwords' '
	test_must_fail $tool -o user=dv -o password=wrong-one "$HTTP_URL/x" \
		put a/b small 2>err && grep "^AUTH: .*user dv .*401" err &&
	grep "^hint: dv config --local remote.test.password" err &&
	! grep wrong-one err && test_must_fail $tool "$HTTP_URL/x" stat a/b \
		2>err && grep "^AUTH: .*401" err && grep "^hint: " err &&
	test_must_fail $tool "http://dv:wrong-one@${HTTP_URL#http://}/x" \
		stat a/b 2>err && grep "^AUTH" err && ! grep wrong-one err
'

test_expect_success 'HTTP: no right to write' '
	test_must_fail $tool $login "$HTTP_URL/open" put a/b small 2>err &&
	grep "^AUTH: .*403" err
'

test_expect_success 'HTTP: too big for the server' '
	test_must_fail $tool $login "$HTTP_URL/small" put a/b small 2>err &&
	grep "^UNSUPPORTED: .*413" err && grep "client_max_body_size" err
'

test_expect_success 'HTTP: reading follows redirects, writing says where to' '
	$tool $login "$HTTP_URL/moved/team/data" get roots/small | cmp - small &&
	test "$($tool $login "$HTTP_URL/moved/team/data" stat roots/small)" = 4000 &&
	test_must_fail $tool $login "$HTTP_URL/moved/team" put a/b small 2>err &&
	grep "^UNSUPPORTED: .*elsewhere .*/team/a/b" err &&
	grep "^hint: .*dv remote set-url" err
'

test_expect_success 'HTTP: another host is not told the password' '
	test_must_fail $tool $login "$HTTP_URL/away/team/data" get roots/small \
		2>err && grep "^AUTH: .*sends us to one" err
'

test_expect_success 'HTTP: a certificate nobody knows' '
	test_must_fail $tool $login "$HTTPS_URL/tls" stat roots/small 2>err &&
	grep "^NETWORK: remote test: $HTTPS_URL/tls/roots/small: .*certificate" err &&
	grep "^hint: .*cafile" err
'

test_expect_success 'HTTP: a cafile that is not there' '
	test_must_fail $tool -o cafile=/none.pem $login "$HTTPS_URL/tls" \
		stat roots/small 2>err && grep "^NETWORK: .*none.pem" err
'

test_expect_success 'HTTP: TLS where there is none, and the reverse' '
	test_must_fail $tool $login "https://${HTTP_URL#http://}/x" stat a/b \
		2>err && grep "^NETWORK: .*TLS does not begin" err &&
	test_must_fail $tool $login "http://${HTTPS_URL#https://}/x" stat a/b \
		2>err && cat err && grep "^NETWORK: .*400" err
'

test_expect_success 'HTTP: nobody listens' '
	test_must_fail $tool http://127.0.0.1:1/x stat a/b 2>err &&
	grep "^NETWORK: remote test: http://127.0.0.1:1/x/a/b: .*tried 3 times" err &&
	grep "^hint: .*dv remote -v" err
'

test_expect_success 'HTTP: no such host' '
	test_must_fail $tool http://no-such-host.invalid/x stat a/b 2>err &&
	grep "^NETWORK: .*no-such-host.invalid.*DNS" err && grep "^hint: " err
'

for plan in hang status=503:60
do
	test_expect_success "HTTP: Ctrl-C ends a wait at once: $plan" '
		start_proxy "${HTTP_URL#http://}" $plan &&
		{ "$TEST_DIR/helper/interrupt.py" 300 1000 \
			$tool $login "http://127.0.0.1:$PROXY_PORT/x" get a/b 2>err
		  code=$?; } &&
		stop_proxy && cat err && test $code -eq 0 && grep "^INTERRUPTED" err
	'
done

start_apache
login="-o user=$HTTP_USER -o password=$HTTP_PASS"
suite Apache "$HTTP_URL/a%20team/new" $login
suite 'Apache, TLS' "$HTTPS_URL/tls" $login -o "cafile=$CA_FILE"
# --- S3 ---------------------------------------------------------------------

S3_TLS=1 S3_MAX_KEYS=7
export S3_TLS S3_MAX_KEYS
start_radosgw
suite radosgw s3://$S3_BUCKET/team/data
suite 'radosgw, no prefix' s3://$S3_BUCKET
suite 'radosgw, TLS' "s3://$S3_BUCKET/t/l/s" -o "cafile=$CA_FILE" \
	-o "endpointurl=$S3_TLS_ENDPOINT"
suite 'radosgw, bucket as a host' "s3://$S3_BUCKET/host" \
	-o pathstyle=false \
	-o "endpointurl=http://localhost:${S3_ENDPOINT##*:}"

test_expect_success 'radosgw: a prefix with all sorts of characters' '
	url="s3://$S3_BUCKET/a b+c=d&e%20f~(g)ü!@;,:" &&
	$tool "$url" put x/y small && $tool "$url" get x/y | cmp - small &&
	test "$($tool "$url" stat x/y)" = 4000 &&
	test "$($tool "$url" list x/)" = "4000 x/y" && $tool "$url" remove x/y
'

test_expect_success 'radosgw: a listing of many pages' '
	test "$($tool s3://$S3_BUCKET/team/data list many/ | wc -l)" = 48 &&
	$tool s3://$S3_BUCKET/team/data list many/ | sort -u | wc -l >got &&
	test "$(cat got)" = 48
'

test_expect_success 'S3: each sort of wrong credentials by its name' '
	run="$tool s3://$S3_BUCKET/x" &&
	test_must_fail env AWS_SECRET_ACCESS_KEY=not-the-secret \
		$run put a/b small 2>err &&
	grep "^AUTH: remote test: s3://$S3_BUCKET/x/a/b: .*SignatureDoesNotMatch" err &&
	grep "^hint: .*AWS_ACCESS_KEY_ID" err && ! grep not-the-secret err &&
	test_must_fail env AWS_ACCESS_KEY_ID=NOBODY $run stat a/b 2>err &&
	grep "^AUTH: .*InvalidAccessKeyId" err
'

test_expect_success 'S3: settings come before the environment' '
	AWS_ACCESS_KEY_ID=NOBODY $tool -o "accesskeyid=$AWS_ACCESS_KEY_ID" \
		-o "secretaccesskey=$AWS_SECRET_ACCESS_KEY" \
		s3://$S3_BUCKET/x put a/b small
'

test_expect_success 'S3: half a pair of keys' '
	test_must_fail $tool -o accesskeyid=x s3://$S3_BUCKET/x stat a/b 2>err &&
	grep "^AUTH: .*accesskeyid is set but secretaccesskey is not" err &&
	(unset AWS_SECRET_ACCESS_KEY &&
	 test_must_fail $tool s3://$S3_BUCKET/x stat a/b 2>err) &&
	grep "^AUTH: .*AWS_SECRET_ACCESS_KEY is not" err
'

test_expect_success 'S3: no credentials at all' '
	(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
	 test_must_fail $tool s3://$S3_BUCKET/x stat a/b 2>err) &&
	grep "^AUTH: .*no credentials.*AWS_ACCESS_KEY_ID" err &&
	grep "^hint: .*anonymous" err
'

test_expect_success 'S3: anonymous' '
	test_must_fail $tool -o anonymous=true s3://$S3_BUCKET/x stat a/b 2>err &&
	grep "^AUTH: .*without credentials" err
'

test_expect_success 'S3: a bucket that is not there' '
	for what in "stat a/b" "get a/b" "put a/b small" "list a/"
	do
		test_must_fail $tool s3://no-such-bucket/x $what 2>err &&
		grep "^IO: remote test: s3://no-such-bucket/x.*there is no bucket no-such-bucket" err &&
		grep "^hint: " err || return 1
	done
'

test_expect_success 'S3: nobody listens at the endpoint' '
	test_must_fail $tool -o endpointurl=http://127.0.0.1:1 \
		s3://$S3_BUCKET/x stat a/b 2>err && grep "^NETWORK" err
'

test_expect_success 'S3: a certificate nobody knows' '
	test_must_fail $tool -o "endpointurl=$S3_TLS_ENDPOINT" \
		s3://$S3_BUCKET/x stat a/b 2>err &&
	grep "^NETWORK: .*certificate" err && grep "^hint: .*cafile" err &&
	AWS_CA_BUNDLE=$CA_FILE $tool -o "endpointurl=$S3_TLS_ENDPOINT" \
		s3://$S3_BUCKET/x list a/
'

start_swift
suite Swift s3://$S3_BUCKET/team/data
test_expect_success 'Swift: a wrong region is put right' '
	AWS_REGION=eu-west-9 $tool -v s3://$S3_BUCKET/team/data get roots/small >got 2>err &&
	cmp got small && grep "requests: 2" err
'

test_done
