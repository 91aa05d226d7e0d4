#!/bin/sh

test_description='bad networks: cuts, stalls, 503, flipped bytes'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
use_netrc
target=${HTTP_URL#http://}

test_expect_success 'setup' '
	make_repo repo && cd repo && random_bytes 20000000 1 >big && small_files small 200 && dv add -q big small &&
	dv remote add direct "$HTTP_URL/r" && git add -A && git commit -qm data && dv push -r direct
'

# through <plan>...: a clone pulls through a proxy with these plans
through () {
	start_proxy "$target" "$@" &&
	rm -rf "$SCRATCH/clone" && git clone -q "$SCRATCH/repo" "$SCRATCH/clone" && cd "$SCRATCH/clone" &&
	dv remote remove direct && dv remote add -d proxy "http://127.0.0.1:$PROXY_PORT/r" &&
	dv config --local remote.proxy.stalltimeout 1
}

# pulled <command>: runs it, stops the proxy, compares
pulled () {
	"$@" && whole
	ok=$?
	stop_proxy
	return $ok
}

whole () {
	cmp "$SCRATCH/repo/big" "$SCRATCH/clone/big" && diff -r "$SCRATCH/repo/small" "$SCRATCH/clone/small"
}

for plan in 'ok' 'cut-down=100000' 'cut-down=3000000' 'close-head' 'status=503:0' 'refuse' 'drop-down=2000000'
do
	test_expect_success "pull with the first two connections: $plan" '
		through "$plan" "$plan" ok && pulled dv pull -r proxy
	'
done

test_expect_success 'a server that has served and then says 503 for seconds is waited for' '
	busy=status=503:0 &&
	through cut-down=3000000 $busy $busy $busy $busy $busy $busy ok && pulled dv pull -r proxy -j 1
'

test_expect_success 'a flipped byte on the way is noticed and asked for again' '
	through flip-down=1500000 ok && pulled dv pull -r proxy
'

test_expect_success 'a byte flipped on every connection' '
	through flip-down=5000 && pulled dv pull -r proxy
'

for plan in 'cut-up=100000' 'cut-up=5000000' 'status=503:0' 'early=503' 'close-head' 'refuse'
do
	test_expect_success "push with the first two connections: $plan" '
		start_proxy "$target" "$plan" "$plan" ok && cd repo && where=$(echo "$plan" | tr "=:" "--") &&
		dv remote add "p-$where" "http://127.0.0.1:$PROXY_PORT/$where" && dv push -r "p-$where" -j 2 && stop_proxy &&
		dv remote add "d-$where" "$HTTP_URL/$where" && rm -rf ../clone && git clone -q . ../clone && cd ../clone &&
		dv remote add "d-$where" "$HTTP_URL/$where" && dv pull -r "d-$where" && whole
	'
done

test_expect_success 'a server that always says 503 is an error in the end, naming it' '
	start_proxy "$target" status=503:0 && cd repo && dv remote add busy "http://127.0.0.1:$PROXY_PORT/busy" &&
	test_must_fail dv push -r busy 2>../err && stop_proxy && cat ../err && grep 503 ../err
'

test_done
