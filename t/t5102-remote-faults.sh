#!/bin/sh

test_description='remotes: connections that are cut, stall and are refused'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

tool="$DV_BUILD/remote-tool"
random_bytes 3000000 1 >big
random_bytes 4000 2 >small

# through <plan>... -- <operation>: the tool with the options and URL in $far,
# where PROXY stands for the port of a proxy that follows the plans
through () {
	plans=
	while test "$1" != --
	do
		plans="$plans $1"
		shift
	done
	shift
	start_proxy "$behind" $plans || return 1
	"$tool" $(echo "$far" | sed "s/PROXY/$PROXY_PORT/") "$@" 2>err
	code=$?
	stop_proxy
	cat err >&2
	return $code
}

# faults <name>: with $behind the real server, $far the way to it through a
# proxy and $near without
faults () {
	cuts_and_stalls "$1"
	for plan in cut-down=5 cut-down=2999999 status=500 early=503 early=429 \
		refuse close-head
	do
		test_expect_success "$name: get after $plan" '
			through $plan ok -- get packs/aa/big >got && cmp got big
		'
	done
	for plan in cut-up=5 cut-up=2999999 status=500 early=503 refuse \
		close-head
	do
		test_expect_success "$name: put after $plan" '
			$tool $near put packs/aa/sent small &&
			through $plan ok -- put packs/aa/sent big &&
			$tool $near get packs/aa/sent | cmp - big
		'
	done
	broken_for_good
}

# What differs from server to server.
cuts_and_stalls () {
	name=$1
	$tool $near put packs/aa/big big || exit 1
	for plan in cut-down=0 cut-down=1500000 drop-down=700000 status=503
	do
		test_expect_success "$name: get after $plan" '
			through $plan ok -- get packs/aa/big >got && cmp got big
		'
	done

	test_expect_success "$name: get with every answer cut" '
		through cut-down=300000 -- get packs/aa/big >got && cmp got big
	'

	for plan in cut-up=0 cut-up=1500000 status=503
	do
		test_expect_success "$name: put after $plan" '
			$tool $near put packs/aa/sent small &&
			through $plan ok -- put packs/aa/sent big &&
			$tool $near get packs/aa/sent | cmp - big
		'
	done

	test_expect_success "$name: a put that is cut leaves the old object" '
		$tool $near put packs/aa/old small &&
		test_must_fail through cut-up=1000000 -- put packs/aa/old big &&
		$tool $near get packs/aa/old | cmp - small
	'

	test_expect_success "$name: many threads through resets" '
		through ok cut-up=2000 refuse ok cut-down=10 ok close-head ok \
			-- many 6 5 30000
	'
}

# The same whatever is behind the proxy.
broken_for_good () {
	test_expect_success "$name: Retry-After is waited for" '
		before=$(date +%s%N) &&
		through status=503:1 ok -- get packs/aa/big >got &&
		after=$(date +%s%N) && cmp got big &&
		test $(((after - before) / 1000000)) -ge 1000
	'

	test_expect_success "$name: one that asks for more patience than we have is not asked again" '
		test_must_fail through status=503:3600 ok -- get packs/aa/big >got &&
		grep "^NETWORK: remote test: .*503 .*(tried 1 time; it asks for pauses of 3600 seconds)" err && grep "^hint: " err &&
		test_must_fail through status=429:1 status=429:90 ok -- put packs/aa/sent small &&
		grep "(tried 2 times; it asks for pauses of 91 seconds" err
	'

	test_expect_success "$name: a server that stays broken" '
		test_must_fail through close-head -- get packs/aa/big &&
		grep "^NETWORK: remote test: .*tried 6 times" err &&
		test_must_fail through status=503 -- stat packs/aa/big &&
		grep "^NETWORK: remote test: .*503 .*tried 6 times" err &&
		grep "^hint: " err
	'

	test_expect_success "$name: a server that says nothing" '
		test_must_fail through hang -- get packs/aa/big &&
		grep "^NETWORK: remote test: .*no answer" err
	'
}

# http <test> <name>: on the server that was started last
http () {
	login="-o user=$HTTP_USER -o password=$HTTP_PASS"
	behind=${HTTP_URL#http://}
	near="$login $HTTP_URL/a%20team/data"
	far="$login -o stalltimeout=1 http://127.0.0.1:PROXY/a%20team/data"
	"$1" "$2"
}

s3 () {
	behind=${S3_ENDPOINT#http://}
	near=s3://$S3_BUCKET/team/data
	far="-o stalltimeout=1 -o endpointurl=http://127.0.0.1:PROXY $near"
	"$1" "$2"
}

start_nginx
http faults nginx
start_apache
http cuts_and_stalls Apache
start_radosgw
s3 faults radosgw
start_swift
s3 cuts_and_stalls Swift

test_done
