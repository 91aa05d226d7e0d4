#!/bin/sh

test_description='status --sources; imports come back from their pointers alone'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx

WWW=$SCRATCH/nginx/www/open
OPEN=${HTTP_URL%/}/open
imports="data part.bin README.txt mixed file from"

# where <imported path>: the place it came from
where () {
	case $1 in
	part.bin) echo ../registry/data/sub/big ;;
	README.txt) echo ../registry/README ;;
	file) echo "$WWW/file" ;;
	from) echo ../from ;;
	*) echo "../registry/$1" ;;
	esac
}

all_here () {
	for p in $imports
	do
		diff -r -x "*.dv" -x .gitignore "$p" "$(where "$p")" || return 1
	done
}

test_expect_success 'setup: all kinds of sources' '
	make_repo registry && cd registry && mkdir ../remote && mkdir -p data/sub mixed/code && small_files data/many 20 &&
	random_bytes 70000 1 >data/sub/big && random_bytes 5000 3 >mixed/weights && echo "print()" >mixed/code/run.py && echo readme >README &&
	dv add -q data mixed/weights && dv remote add origin ../remote && git add -A && git commit -qm one && dv push -q && cd .. &&
	mkdir -p "$WWW" from/sub && random_bytes 30000 4 >"$WWW/file" && echo a >from/sub/a && chmod -R a+rX "$WWW" &&
	make_repo repo && cd repo && dv import -q ../registry data && dv import -q ../registry data/sub/big -o part.bin &&
	dv import -q ../registry README -o README.txt && dv import -q ../registry mixed && dv import-url -q "$OPEN/file" && dv import-url -q ../from &&
	echo own >own && dv add -q own && git add -A && git commit -qm imports && all_here
'

test_expect_success 'all as recorded' '
	cd repo && dv status --sources >out && grep "sources are as recorded" out && dv status -q --sources && dv status --sources --exit-code --json >out && ! test -s out
'

test_expect_success 'without --sources nobody is asked' '
	cd repo && : >"$NGINX_LOG" && dv status && ! test -s "$NGINX_LOG" && dv status --sources && grep -c "HEAD /open/file" "$NGINX_LOG" | grep -x 1 && ! grep GET "$NGINX_LOG"
'

test_expect_success 'a commit there that does not touch the path changes nothing' '
	cd registry && echo other >other && git add -A && git commit -qm other && cd ../repo && dv status -q --sources
'

test_expect_success 'what has changed is told, a line each' '
	cd registry && echo more >data/many/new && echo again >README && echo "print(1)" >mixed/code/run.py && dv add -q data && git commit -qam two && dv push -q &&
	echo more >>"$WWW/file" && echo b >../from/b && cd ../repo && dv status --sources >out && cat out && grep -c "source changed" out | grep -x 5 && ! grep part.bin out &&
	dv status --sources --porcelain | grep "^C^ " >out && printf "C^ %s\n" README.txt data file from mixed >expect && test_cmp expect out &&
	test_exit_code 1 dv status -q --sources && test_exit_code 1 dv status --sources --exit-code -s && dv status -z --sources | tr "\0" "\n" | grep -x "C^ data" &&
	dv status --json --sources file data >out && cat out && grep "\"state\":\"source changed\",\"path\":\"data\",\"url\":\"$SCRATCH/registry\",\"recorded\":\"[0-9a-f]\{40\}\",\"now\":\"[0-9a-f]\{40\}\"}" out &&
	grep "\"path\":\"file\",\"url\":\"$OPEN/file\"" out && git status --porcelain | grep -v "^??" | wc -l | grep -x 0
'

test_expect_success 'rm -rf .git/dv: fetch and pull bring back what is recorded, though git sources have moved on' '
	cd repo && git config dv.source.local true && for p in data part.bin README.txt mixed
	do
		cp -R $p ../was.$p || return 1
	done && rm -rf .git/dv data part.bin README.txt mixed && dv fetch data part.bin && dv pull data part.bin README.txt mixed && for p in data part.bin README.txt mixed
	do
		diff -r --no-dereference $p ../was.$p || return 1
	done && rm -rf .git/dv file from && test_must_fail dv pull file from 2>err && cat err && grep "has changed since" err
'

test_expect_success 'rm -rf .git/dv: update takes what is there now, of all kinds' '
	cd repo && rm -rf .git/dv $imports && dv update $imports && all_here && dv status --sources >out && grep "sources are as recorded" out && rm out && git add -A && git commit -qm updated
'

test_expect_success 'and a clone with nothing but pointers has all of it' '
	git clone -q repo clone && cd clone && git config dv.source.local true && dv pull $imports && all_here
'

test_expect_success 'what is gone is told apart from what cannot be asked' '
	cd repo && mv "$WWW/file" ../file.away && mv ../from ../from.away && dv status --sources --json >out && cat out && grep "\"state\":\"source gone\",\"path\":\"file\"" out && grep "\"state\":\"source gone\",\"path\":\"from\"" out &&
	mv ../from.away ../from && git -C ../registry rm -q --cached README && git -C ../registry commit -qm gone && dv status --sources -s >out && grep "^G^ README.txt" out &&
	mv ../file.away "$WWW/file" && mv ../registry/.git ../registry/git.away && test_exit_code 1 dv status --sources >out 2>err && cat out err && grep "source unknown.* data " out && grep "4 of 6 sources could not be looked at" err &&
	! grep "source.*file" out && mv ../registry/git.away ../registry/.git && git config --unset dv.source.local && git clone -q . ../stranger && cd ../stranger && test_exit_code 1 dv status --sources --json >out && grep "source unknown.*from.*\"why\":.*on this machine" out
'

test_expect_success 'a part of what has not been pushed there is not told as gone' '
	cd registry && echo new >data/many/newer && dv add -q data && git add -A && git commit -qm unpushed && mv .git/dv ../dv-away && cd ../repo && test_exit_code 1 dv status --sources -s >out 2>err && cat out err &&
	grep "^U^ part.bin" out && test_exit_code 1 dv status --sources part.bin >out 2>err && cat out err && grep "source unknown.*part.bin.*not at remote" out && cd ../registry && rm -rf .git/dv && mv ../dv-away .git/dv && dv push -q && cd ../repo && dv status -q --sources part.bin &&
	git -C ../registry rm -q --cached data.dv && git -C ../registry commit -qm away && dv status --sources -s part.bin >out && grep "^G^ part.bin" out
'

test_done
