#!/bin/sh

test_description='killed in the middle: nothing half-made, the next run goes on'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
git config --global "credential.$HTTP_URL.username" "$HTTP_USER"
use_netrc

# kill_when <signal> <condition> <command>: runs it in the background, signals it
# once the condition holds (or it has ended); its exit code is in $code
kill_when () {
	signal=$1 condition=$2
	shift 2
	"$@" 2>"$SCRATCH/err" &
	killed=$!
	until eval "$condition" || ! kill -0 $killed 2>/dev/null
	do
		:
	done
	kill -$signal $killed 2>/dev/null
	wait $killed
	code=$?
	cat "$SCRATCH/err"
}

packs_there () {
	find "$SCRATCH/nginx/www" -path '*/packs/*' -type f -size +60M
}

test_expect_success 'setup: 320 MiB that do not compress' '
	make_repo repo && cd repo && random_bytes 335544320 1 >big && dv add -q big &&
	dv remote add origin "$HTTP_URL/r" && git add -A && git commit -qm big
'

test_expect_success 'G4: kill -9 a push once a pack has arrived' '
	cd repo && kill_when 9 "test -n \"\$(packs_there)\"" dv push -q -j 1 && test $code -eq 137 &&
	packs_there | xargs -n1 basename | sort >../arrived && test -s ../arrived && : >"$NGINX_LOG"
'

test_expect_success 'the next push does not send again what arrived' '
	cd repo && dv push && while read -r name
	do
		! grep "PUT .*$name" "$NGINX_LOG" || return 1
	done <../arrived
'

test_expect_success 'and what is there is whole' '
	git clone -q repo clone && cd clone && dv pull && cmp ../repo/big big
'

test_expect_success 'a pull that is killed leaves no wrong file and goes on' '
	git clone -q repo clone2 && cd clone2 &&
	kill_when 9 "test -n \"\$(find .git/dv/data -name \*.pack 2>/dev/null)\"" dv pull -q -j 1 && test $code -eq 137 &&
	{ test ! -e big || cmp big ../repo/big; } &&
	dv pull && cmp big ../repo/big && test -z "$(find . -name "*.dv-tmp")"
'

# A new folder has a temporary name until its files are written.
test_expect_success 'a checkout killed in a new folder: git sees nothing, the next one does it all' '
	make_repo flat && cd flat && mkdir data &&
	seq 8000 | split -l 1 -a 4 - data/ &&
	cp -r data ../flat-data && dv add -q data && git add -A && git commit -qm data && rm -r data &&
	kill_when 9 "test -n \"\$(find . -maxdepth 1 -name \*.dv-tmp)\"" dv checkout -q -j 1 && test $code -eq 137 &&
	find . -maxdepth 1 -name "*.dv-tmp" | grep . && test ! -e data && test -z "$(git status --porcelain)" &&
	dv checkout -q && diff -r data ../flat-data && test -z "$(find . -name "*.dv-tmp")" &&
	mkdir -p data/.0123456789abcdef.dv-tmp/x && dv status -q && dv add -q data && test -z "$(git status --porcelain)" &&
	rm data/aaaa && dv checkout -q && test ! -e data/.0123456789abcdef.dv-tmp && dv status -q
'

test_expect_success 'an add that is killed leaves nothing but what the next one uses' '
	cd repo && random_bytes 335544320 2 >big2 &&
	kill_when 9 "test -n \"\$(find .git/dv/tmp -type f 2>/dev/null)\"" dv add -q big2 && test $code -eq 137 &&
	test ! -e big2.dv && dv status -q && dv add -q big2 &&
	cp big2 ../keep && rm big2 && dv checkout big2 && cmp big2 ../keep &&
	test -z "$(find .git/dv/tmp -type f)"
'

test_expect_success 'Ctrl-C: exit code 130, no temporary files, and it goes on' '
	cd repo && random_bytes 335544320 3 >big3 &&
	kill_when TERM "test -n \"\$(find .git/dv/tmp -type f 2>/dev/null)\"" dv add -q big3 && test $code -eq 130 &&
	test ! -e big3.dv && test -z "$(find .git/dv/tmp -type f)" && dv add -q big3 && cp big3 ../keep && rm big3 &&
	dv checkout big3 && cmp big3 ../keep
'

test_done
