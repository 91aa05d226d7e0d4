#!/bin/sh

test_description='what is under way together, so that few round trips are waited for'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
use_netrc

# pushed <name> <path>...: a repository with these at a remote of that name
pushed () {
	name=$1 && shift && cd "$name" && dv add -q "$@" && git add -A && git commit -qm data &&
	dv remote add origin "$HTTP_URL/$name" 2>/dev/null && dv push -q && cd ..
}

# in_rounds <name> <N,M...> <argument of pull>...: a clone that pulls so, by a proxy
# that answers N requests when all of them have come, then M, and there are no more
in_rounds () {
	from=$1 rounds=$2 && shift 2 && rm -rf clone && git clone -q "$from" clone &&
	start_python busyproxy "${HTTP_URL#http://}" "$SCRATCH/busy.log" meet=$rounds && cd clone &&
	dv remote add -d near "http://127.0.0.1:$PYTHON_PORT/$from" 2>/dev/null && dv pull -q "$@" &&
	kill "$PYTHON_PID" && cd .. && cut -c1-40 busy.log && ! grep -q busy busy.log &&
	test "$(wc -l <busy.log)" -eq "$(echo "$rounds" | tr , "\n" | awk "{ n += \$1 } END { print n }")"
}

test_expect_success 'a directory: what its root locator names comes at once' '
	make_repo many && small_files many/data 2000 && pushed many data && in_rounds many 2,2 &&
	diff -r many/data clone/data
'

test_expect_success 'a file of a few megabytes too' '
	make_repo mid && random_bytes 5000000 1 >mid/file && pushed mid file && in_rounds mid 2,2 && cmp mid/file clone/file
'

test_expect_success 'of larger packs their indexes come along with the nodes' '
	make_repo big && random_bytes 20000000 2 >big/file && pushed big file && in_rounds big 2,2,3 && cmp big/file clone/file
'

test_expect_success 'one file of a directory: index with nodes, then the frame' '
	in_rounds many 2,2,1 data/s7/f000701 && cmp many/data/s7/f000701 clone/data/s7/f000701 &&
	test "$(find clone/data -type f | wc -l)" -eq 1
'

test_expect_success 'one file of a small directory: its pack takes no longer than an index' '
	make_repo few && small_files few/data 40 && pushed few data && in_rounds few 2,2 data/s0/f000007 &&
	cmp few/data/s0/f000007 clone/data/s0/f000007
'

test_expect_success 'a small root does not get all of the large pack that it shares' '
	make_repo shared && random_bytes 3000000 3 >shared/large && random_bytes 50000 4 >shared/small &&
	pushed shared large small && in_rounds shared 2,2,1 small && cmp shared/small clone/small
'

test_expect_success 'small requests go 32 at once, unless it is said how many' '
	make_repo pointers && cd pointers && for i in $(seq 100); do echo "$i" >f$i || return 1; done && cd .. &&
	cd pointers && set -- f* && cd .. && pushed pointers "$@" && in_rounds pointers 32,32,32,5,2 &&
	cmp pointers/f77 clone/f77 && rm -rf clone && git clone -q pointers clone &&
	start_python busyproxy "${HTTP_URL#http://}" "$SCRATCH/busy.log" hold=5 && cd clone &&
	dv remote add -d near "http://127.0.0.1:$PYTHON_PORT/pointers" 2>/dev/null && dv pull -q -j 3 && kill "$PYTHON_PID" &&
	awk "\$2 > n { n = \$2 } END { print n; exit n != 3 }" ../busy.log
'

test_expect_success 'a first push of forty: its locators go 32 at once' '
	make_repo forty && cd forty && for i in $(seq 40); do echo "$i" >f$i || return 1; done && dv add -q f* &&
	start_python busyproxy "${HTTP_URL#http://}" "$SCRATCH/busy.log" meet=2,1,1,1,1,32,8,1 &&
	dv remote add origin "http://127.0.0.1:$PYTHON_PORT/forty" 2>/dev/null && dv push -q && kill "$PYTHON_PID" &&
	cut -c1-40 ../busy.log && ! grep -q busy ../busy.log && test "$(wc -l <../busy.log)" -eq 47
'

test_done
