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

# pull_by <name> <N,M...> <argument of pull>...: clone pulls so, by a proxy that answers
# N requests when all of them have come, then M
pull_by () {
	from=$1 rounds=$2 && shift 2 &&
	start_python busyproxy "${HTTP_URL#http://}" "$SCRATCH/busy.log" meet=$rounds && cd clone &&
	dv remote add -d near "http://127.0.0.1:$PYTHON_PORT/$from" 2>/dev/null && dv pull -q "$@" &&
	kill "$PYTHON_PID" && cd .. && cut -c1-40 busy.log && ! grep -q busy busy.log
}

fresh_clone () {
	rm -rf clone && git clone -q "$1" clone
}

# in_rounds <name> <N,M...> <argument of pull>...: the same in a new clone, and there are no more
in_rounds () {
	fresh_clone "$1" && pull_by "$@" &&
	test "$(wc -l <busy.log)" -eq "$(echo "$rounds" | tr , "\n" | awk "{ n += \$1 } END { print n }")"
}

# moved <name> <argument of pull>...: requests and bytes of a pull into a new clone
moved () {
	fresh_clone "$1" && from=$HTTP_URL/$1 && shift &&
	dv -C clone pull --json -r "$from" "$@" >moved.json && cat moved.json >&2 &&
	python3 -c "
import json
rows = [json.loads(l) for l in open(\"moved.json\")]
print(*(sum(r.get(k, 0) for r in rows) for k in (\"requests\", \"bytes\")))"
}

# The largest pack of chunks that a repository has
largest_pack () {
	find "$1/.git/dv/data" -name "*.pack" -printf "%s %f\n" | sort -n | tail -n 1 | sed "s/.* //; s/.pack//"
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
	cd pointers && set -- f* && cd .. && pushed pointers "$@" && in_rounds pointers 32,32,32,7 &&
	cmp pointers/f77 clone/f77 && rm -rf clone && git clone -q pointers clone &&
	start_python busyproxy "${HTTP_URL#http://}" "$SCRATCH/busy.log" hold=5 && cd clone &&
	dv remote add -d near "http://127.0.0.1:$PYTHON_PORT/pointers" 2>/dev/null && dv pull -q -j 3 && kill "$PYTHON_PID" &&
	awk "\$2 > n { n = \$2 } END { print n; exit n != 3 }" ../busy.log
'

test_expect_success 'many roots: data of the first come before the locators of the last' '
	make_repo ahead && random_bytes 20000000 6 >ahead/a && pushed ahead a && cd ahead &&
	for i in $(seq 40); do echo "$i" >f$i || return 1; done && dv add -q f* && git add -A &&
	git commit -qm more && dv push -q && cd .. && fresh_clone ahead && pull_by ahead 4,4,4,4,4,4 -j 4 &&
	cmp ahead/a clone/a && cmp ahead/f40 clone/f40 && large=$(largest_pack ahead) &&
	test "$(grep -c "/$large" busy.log)" -eq 4 && test "$(grep -c /roots/ busy.log)" -eq 41 &&
	test "$(head -n 24 busy.log | grep -c "/$large")" -ge 2
'

test_expect_success 'many packs: data of the first come before the indexes of the last' '
	make_repo grown && mkdir grown/d && random_bytes 9000000 1 >grown/d/f1 && pushed grown d && cd grown && for i in 2 3 4 5
	do
		random_bytes 9000000 "$i" >d/f$i && dv add -q d && git commit -qam "$i" && dv push -q || return 1
	done && cd .. && fresh_clone grown && pull_by grown 2,2,2,2,2,2 -j 2 && diff -r grown/d clone/d &&
	test "$(wc -l <busy.log)" -eq 22 && awk "/packs/ && ++n[\$4] == 1 { first = NR }
		n[\$4] == 2 && !second { second = NR } END { exit !second || second > first }" busy.log
'

test_expect_success 'what is asked for early is neither more nor in smaller pieces' '
	make_repo pieces && cd pieces && for i in $(seq 10 69)
	do
		random_bytes 300000 "$i" >f$i || return 1
	done && dv add -q f* && git add -A && git commit -qm data && dv remote add origin "$HTTP_URL/pieces" && dv push -q && cd .. &&
	moved pieces $(seq -f f%g 20 29) >late && moved pieces -j 4 $(seq -f f%g 20 29) >early && cat late early && test_cmp late early &&
	moved grown >late && moved grown -j 4 >early && cat late early && test_cmp late early
'

test_expect_success 'a dry run asks for no data' '
	fresh_clone ahead && : >"$NGINX_LOG" && pull_by ahead 1 -j 4 -n && grep packs/ "$NGINX_LOG" &&
	awk "/packs/ { n += \$4 } END { exit n > 200000 }" "$NGINX_LOG"
'

test_expect_success 'a large pack that is wrong: all comes from the other remote, the rest from here' '
	make_repo wrong && cd wrong && random_bytes 12000000 7 >a && for i in $(seq 9); do echo "$i" >f$i || return 1; done &&
	dv add -q a f* && dv remote add origin "$SCRATCH/one" && dv remote add backup "$SCRATCH/two" && git add -A &&
	git commit -qm data && mkdir ../one ../two && dv push -q && dv push -q -r backup && cd .. &&
	flip "$(find one -name "$(largest_pack wrong)")" 9000000 && fresh_clone wrong && cd clone &&
	dv pull -j 4 2>err && cat err && grep backup err && cmp a ../wrong/a && cmp f9 ../wrong/f9
'

test_expect_success 'a first push of forty: its locators go 32 at once' '
	make_repo forty && cd forty && for i in $(seq 40); do echo "$i" >f$i || return 1; done && dv add -q f* &&
	start_python busyproxy "${HTTP_URL#http://}" "$SCRATCH/busy.log" meet=2,1,1,1,1,32,8,1 &&
	dv remote add origin "http://127.0.0.1:$PYTHON_PORT/forty" 2>/dev/null && dv push -q && kill "$PYTHON_PID" &&
	cut -c1-40 ../busy.log && ! grep -q busy ../busy.log && test "$(wc -l <../busy.log)" -eq 47
'

test_expect_success 'many pointers: a push lists the folders of locators, and reads those that changed' '
	make_repo crowd && cd crowd && for i in $(seq 520); do echo "$i" >f$i || return 1; done && dv add -q f* &&
	dv remote add origin "$HTTP_URL/crowd" && n=$(requests dv push) && echo "push: $n" && folders=$(find "$SCRATCH/nginx/www/crowd/roots" -mindepth 1 -type d | wc -l) &&
	n=$(requests dv push) && echo "again: $n, $folders folders" && test "$n" -le $((folders + 4)) &&
	set -- "$SCRATCH"/nginx/www/crowd/roots/*/* && cp "$1" ../kept && rm "$1" && n=$(requests dv push) && echo "one gone: $n" &&
	test "$n" -le $((folders + 8)) && cmp "$1" ../kept &&
	flip "$2" 60 && touch -d "+10 seconds" "$2" && dv status --remote | grep "1 of 520" && dv push && dv status --remote | grep "in sync" &&
	flip "$3" 60 && touch -d "2020-01-01" "$3" && dv status --remote | grep "1 of 520" && dv push && dv status --remote | grep "in sync"
'

test_expect_success 'what was seen of locators is lost or damaged: they are read' '
	cd crowd && find . -path "*/have/*/roots" >seen && seen=$(cat seen) && cp "$seen" ../seen && for at in 0 20 60 9000
	do
		cp ../seen "$seen" && flip "$seen" $at && dv push | grep "up to date" || return 1
	done && touch -d 2020-01-01 "$SCRATCH"/nginx/www/crowd/roots/*/* && rm "$seen" && dv push | grep "up to date" && test -s "$seen" && n=$(requests dv push) && echo "$n" && test "$n" -le 400
'

test_done
