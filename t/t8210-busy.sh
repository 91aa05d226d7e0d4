#!/bin/sh

test_description='a server that can do only so much at once'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
use_netrc

# start_busy <option>...: BUSY_PORT; what arrives is in busy.log
start_busy () {
	start_python busyproxy "${HTTP_URL#http://}" "$SCRATCH/busy.log" "$@"
	BUSY_PID=$PYTHON_PID BUSY_PORT=$PYTHON_PORT
}

stop_busy () {
	kill "$BUSY_PID" 2>/dev/null
	wait "$BUSY_PID" 2>/dev/null
	:
}

test_expect_success 'setup' '
	make_repo repo && cd repo && for i in $(seq 300); do echo "$i" >f$i || return 1; done && dv add -q f* &&
	git add -A && git commit -qm data
'

test_expect_success 'one request at a time: push and pull come to an end' '
	start_busy most=1 hold=2 && cd repo && dv remote add one "http://127.0.0.1:$BUSY_PORT/one" && dv push -q -r one &&
	rm -rf ../clone && git clone -q . ../clone && cd ../clone && dv remote add one "http://127.0.0.1:$BUSY_PORT/one" &&
	dv pull -q -r one && stop_busy && cmp f77 ../repo/f77 && cmp f150 ../repo/f150 && grep -q busy ../busy.log
'

test_expect_success 'fewer requests are in flight while it refuses, more again afterwards' '
	start_busy most=2 hold=5 until=150 && cd repo && dv remote add two "http://127.0.0.1:$BUSY_PORT/two" && dv push -q -r two -j 8 &&
	stop_busy && awk "
		\$1 > 50 && \$1 < 150 { low += \$2; lows++; refused += \$3 == \"busy\" }
		\$2 > high && \$1 > 200 { high = \$2 }
		END { print low / lows, refused, high; exit !(low / lows < 4 && refused < 40 && high >= 6) }" ../busy.log
'

test_expect_success 'one object that is always refused does not hold up the others' '
	id=$(sed -n "s/^id: sha256://p" repo/f1.dv) && test -n "$id" && start_busy never=$id until=300 hold=20 &&
	git clone -q repo odd && cd odd && dv remote add one "http://127.0.0.1:$BUSY_PORT/one" && dv fetch -q -r one -j 8 &&
	stop_busy && awk -v id=$id "
		index(\$4, id) { asked++; next }
		\$1 > 100 && \$1 < 290 { sum += \$2; n++ }
		END { print sum / n, n, asked ; exit !(sum / n > 5 && n > 150 && asked < 40) }" ../busy.log
'

test_done
