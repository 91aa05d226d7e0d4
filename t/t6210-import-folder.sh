#!/bin/sh

test_description='import-url of folders: on this machine and in S3'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
start_radosgw

source_of () {
	sed -n "s/^source\.$2: //p" "$1"
}

s3_put () {
	python3 "$TEST_DIR/helper/s3-bucket.py" put $S3_BUCKET "$1" "$2"
}

# taken <command>: bytes that were received
taken () {
	"$@" --json | python3 -c 'import json, sys; print(sum(json.loads(l)["bytes"] for l in sys.stdin))'
}

test_expect_success 'setup' '
	make_repo repo && mkdir -p remote from/sub/deep && random_bytes 3000000 1 >from/sub/big && : >from/nothing &&
	random_bytes 70000 2 >from/a && cp from/a from/a-b && echo deep >"from/sub/deep/two words" && printf "x\n" >"from/$(printf "tab\there")" &&
	cd repo && dv remote add origin ../remote && git commit -qam remote
'

test_expect_success 'a folder on this machine' '
	cd repo && dv import-url ../from && diff -r from ../from && test "$(source_of from.dv url)" = "$SCRATCH/from" &&
	grep "^kind: tree" from.dv && grep "^files: 6$" from.dv && source_of from.dv etag | grep "^sha256:" &&
	dv import-url "file://$SCRATCH/from/" copy/data && diff -r copy/data ../from && git add -A && git commit -qm from && dv status -q
'

test_expect_success 'update takes only what has changed' '
	cd repo && test "$(taken dv update from)" = 0 && dv update from | grep "up to date" && echo more >>../from/a && rm ../from/nothing &&
	echo new >../from/sub/new && test "$(taken dv update from)" = 70009 && diff -r from ../from && git commit -qam updated &&
	rm .git/dv/sources/*/listing && test "$(taken dv update from)" = 0 && touch ../from/a && test "$(taken dv update from)" -gt 3000000 &&
	git diff --no-ext-diff --no-textconv from.dv | grep -c "^[-+][a-z]" | grep -x 2 && git commit -qam touched
'

test_expect_success 'what was changed here stays' '
	cd repo && echo mine >from/a && echo theirs >../from/a && cp from.dv before && test_must_fail dv update from 2>err && grep "changed here" err &&
	grep -x mine from/a && cmp from.dv before && dv update -f from && diff -r from ../from && git commit -qam forced && rm before
'

test_expect_success 'links and special files are named and refused, an empty folder too' '
	cd repo && ln -s a ../from/link && test_must_fail dv import-url ../from no 2>err && grep "link is a symbolic link" err && rm ../from/link &&
	mkfifo ../from/fifo && test_must_fail dv import-url ../from no && rm ../from/fifo && mkdir ../void && test_must_fail dv import-url ../void no 2>err &&
	grep "no files" err && test_must_fail dv import-url --checksum sha256:$(printf %064d 0) ../from no && ! test -e no.dv
'

test_expect_success 'a prefix in S3, in more than one page' '
	cd repo && (cd ../from && find . -type f) | while read -r f
	do
		s3_put "set/${f#./}" "../from/${f#./}" || exit 1
	done && : >../nothing && s3_put set/sub/ ../nothing && s3_put other ../nothing &&
	dv import-url "s3://$S3_BUCKET/set/" && diff -r set ../from && test "$(taken dv update set)" = 0 && git add -A && git commit -qm set &&
	echo another >../from/sub/new && s3_put set/sub/new ../from/sub/new && test "$(taken dv update set)" = 8 && diff -r set ../from && git commit -qam set2
'

test_expect_success 'a prefix that is written without its slash is hinted at' '
	cd repo && test_must_fail dv import-url "s3://$S3_BUCKET/set" no 2>err && grep "s3://$S3_BUCKET/set/" err && test_must_fail dv import-url "s3://$S3_BUCKET/void/" no
'

test_expect_success 'a source that changes after it was listed is refused, and taken the next time' '
	cd repo && start_proxy "${S3_ENDPOINT#http://}" rate=2000000 &&
	lock=.git/dv/sources/$(printf %s "s3://$S3_BUCKET/set/" | sha256sum | cut -c1-64).lock && rm -rf "$lock" "${lock%.lock}" && rm -f ../from/sub/big && random_bytes 3000000 9 >../from/sub/big &&
	{ AWS_ENDPOINT_URL=http://127.0.0.1:$PROXY_PORT dv import-url -q "s3://$S3_BUCKET/set/" moving 2>err & } && until test -e "$lock"; do kill -0 $! || return 1; done &&
	s3_put set/sub/big ../from/sub/big && test_must_fail wait $! && cat err && grep "changed while it was read" err && ! test -e moving.dv &&
	dv import-url -q "s3://$S3_BUCKET/set/" moving && diff -r moving ../from && stop_proxy && dv rm -q -f moving
'

test_expect_success 'what no remote has comes from its source, byte for byte, or not at all' '
	cd repo && dv update -q set && cp -r ../from ../was && echo own >../from/own && dv update -q from copy/data && git add -A && git commit -qm now && git clone -q . ../clone && cd ../clone && dv pull set && diff -r set ../was &&
	test_must_fail dv pull from 2>err && grep source.local err && git config dv.source.local true && dv pull from copy && diff -r from ../from && diff -r copy/data ../from
'

test_expect_success 'rm -rf .git/dv: the recorded version comes back while the source still has it' '
	cd clone && rm -rf .git/dv set from && dv pull set from/sub && diff -r set ../was && diff -r from/sub ../from/sub && ! test -e from/a && dv pull from &&
	diff -r from ../from && dv status -q && rm -rf .git/dv from && echo later >../from/sub/new && test_must_fail dv pull from 2>err && grep "has changed since" err && ! test -e from
'

test_expect_success 'a folder of a web server is refused with a hint' '
	cd repo && mkdir -p "$SCRATCH/nginx/www/open/d" && test_must_fail dv import-url "${HTTP_URL%/}/open/d/" no 2>err && cat err && grep "hint:" err
'

start_python odd-server "$SCRATCH"
odd=http://127.0.0.1:$PYTHON_PORT

test_expect_success 'names that are no files of a folder' '
	cd repo && for what in up twice git empty beside slash
	do
		test_must_fail env AWS_ENDPOINT_URL=$odd dv import-url "s3://lists/$what/" odd 2>err && cat err && ! test -e odd.dv || return 1
	done && test -z "$(find "$SCRATCH" -name x)" && AWS_ENDPOINT_URL=$odd dv import-url "s3://lists/deep/" odd && rm -rf odd odd.dv
'

test_expect_success 'S3 without any keys: what is public, and what is not' '
	for verb in create public
	do
		python3 "$TEST_DIR/helper/s3-bucket.py" $verb public-$S3_BUCKET || return 1
	done && python3 "$TEST_DIR/helper/s3-bucket.py" put public-$S3_BUCKET set/a repo/from/a && s3_put private/a repo/from/a &&
	make_repo anybody && cd anybody && (
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY && export AWS_EC2_METADATA_DISABLED=true &&
		dv import-url s3://public-$S3_BUCKET/set/a && cmp a ../repo/from/a && dv import-url s3://public-$S3_BUCKET/set/ && cmp set/a a && dv update &&
		test_must_fail dv import-url s3://$S3_BUCKET/private/a no 2>../err
	) && cat ../err && grep "access denied without credentials" ../err && grep "^hint: set AWS_ACCESS_KEY_ID" ../err && ! grep anonymous ../err
'

test_done
