#!/bin/sh

test_description='moving in from DVC with the data at a server, or versioned in a bucket'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

bucket () {
	python3 "$TEST_DIR/helper/s3-bucket.py" "$@"
}

start_nginx
start_radosgw

test_expect_success 'a repository of DVC without its cache' '
	git init -q repo && cd repo && mkdir .dvc data && : >.dvc/config && small_files data/many 60 &&
	printf "a\r\nb\n" >old.txt && random_bytes 3000000 5 >big.bin &&
	python3 "$TEST_DIR/helper/dvc-repo.py" --cache "$SCRATCH/cache" add data big.bin &&
	python3 "$TEST_DIR/helper/dvc-repo.py" --old --cache "$SCRATCH/cache" add old.txt &&
	cp -r data big.bin old.txt .. && rm -r data big.bin old.txt && git add -A && git commit -qm dvc
'

test_expect_success 'HTTP with a password from config.local' '
	cp -r repo http && cd http && (cd ../cache && find . -type f) | sed "s,^\./,," | while read -r f
	do
		curl -sfu "$HTTP_USER:$HTTP_PASS" --create-dirs -T "../cache/$f" "$HTTP_URL/dvc/$f" || exit 1
	done &&
	printf "[core]\n    remote = web\n[\047remote \"web\"\047]\n    url = $HTTP_URL/dvc\n" >.dvc/config &&
	printf "[\047remote \"web\"\047]\n    auth = basic\n    user = $HTTP_USER\n    password = $HTTP_PASS\n" >.dvc/config.local &&
	dv migrate --from-dvc >../out && grep "carried over 3 tracked paths$" ../out &&
	dv checkout -q && diff -r data ../data && cmp big.bin ../big.bin && cmp old.txt ../old.txt
'

test_expect_success 'a server that refuses us is named; the data is left' '
	cp -r repo denied && cd denied && printf "[\047remote \"web\"\047]\n    url = $HTTP_URL/dvc\n" >.dvc/config &&
	test_exit_code 1 dv migrate --from-dvc >../out 2>../err &&
	grep "note: remote web: .*401\|note: remote web: .*password" ../err && grep "0 tracked paths, 3 left" ../out
'

test_expect_success 'S3, with keys and endpoint from DVC, through remote://' '
	cp -r repo s3 && cd s3 && (cd ../cache && find . -type f) | sed "s,^\./,," | while read -r f
	do
		bucket put $S3_BUCKET "team/dvc/$f" "../cache/$f" || exit 1
	done &&
	printf "[core]\nremote = mine\n[\047remote \"base\"\047]\nurl = s3://$S3_BUCKET/team\nendpointurl = $S3_ENDPOINT\n" >.dvc/config &&
	printf "[\047remote \"mine\"\047]\nurl = remote://base/dvc\n" >>.dvc/config &&
	printf "[\047remote \"base\"\047]\naccess_key_id = $AWS_ACCESS_KEY_ID\nsecret_access_key = \"$AWS_SECRET_ACCESS_KEY\"\n" >.dvc/config.local &&
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL
		dv migrate --from-dvc >../out
	) && grep "carried over 3 tracked paths$" ../out &&
	for p in data big.bin old.txt; do test_cmp ../http/$p.dv $p.dv || return 1; done
'

test_expect_success 'versions in a bucket, under the names of the files' '
	git init -q cloud && cd cloud && mkdir .dvc sub && bucket versions $S3_BUCKET &&
	echo one >f && v1=$(bucket put $S3_BUCKET "ver/sub/f 1" f) && m1=$(md5sum <f | cut -c1-32) &&
	echo two >f && bucket put $S3_BUCKET "ver/sub/f 1" f && m2=$(md5sum <f | cut -c1-32) &&
	v3=$(bucket put $S3_BUCKET "ver/dir/a/x" f) && echo three >f && v4=$(bucket put $S3_BUCKET "ver/dir/y" f) && m4=$(md5sum <f | cut -c1-32) && rm f &&
	printf "[\047remote \"v\"\047]\nurl = s3://$S3_BUCKET/ver\nversion_aware = true\nendpointurl = $S3_ENDPOINT\n" >.dvc/config &&
	printf "outs:\n- path: f 1\n  md5: $m1\n  size: 4\n  hash: md5\n  cloud:\n    v:\n      version_id: $v1\n" >"sub/f 1.dvc" &&
	cat >dir.dvc <<-EOF &&
	outs:
	- path: dir
	  files:
	  - {relpath: a/x, md5: $m2, size: 4, cloud: {v: {version_id: $v3}}}
	  - {relpath: y, md5: $m4, size: 6, isexec: true, cloud: {v: {version_id: $v4}}}
	EOF
	dv migrate --from-dvc -q && dv checkout -q && test "$(cat "sub/f 1")" = one && test "$(cat dir/a/x)" = two &&
	test "$(cat dir/y)" = three && test -x dir/y
'

test_done
