#!/bin/sh

test_description='push and pull: S3 (radosgw, which checks signatures)'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_radosgw
scenario radosgw "s3://$S3_BUCKET/team/data"

test_expect_success '20,000 small files take at most 30 requests, a second push 3' '
	make_repo many && cd many && small_files data 20000 && dv add -q data &&
	dv remote add origin "s3://$S3_BUCKET/many" &&
	n=$(requests dv push) && echo "push: $n" && test "$n" -le 30 &&
	n=$(requests dv push) && echo "again: $n" && test "$n" -le 3
'

test_expect_success 'one file of 20,000 takes about ten requests' '
	cd many && git add -A && git commit -qm many && git clone -q . ../one && cd ../one &&
	n=$(requests dv pull data/s77/f007701) && echo "requests: $n" &&
	test "$n" -le 12 && cmp ../many/data/s77/f007701 data/s77/f007701
'

test_expect_success 'a hundred pointers: what is there is found by a listing, what was removed or replaced is written again' '
	make_repo hundred && cd hundred && for i in $(seq 100); do echo "$i" >f$i || return 1; done && dv add -q f* && git add -A && git commit -qm data &&
	dv remote add origin "s3://$S3_BUCKET/hundred" && n=$(requests dv push) && echo "push: $n" &&
	n=$(requests dv push) && echo "again: $n" && test "$n" -le 4 &&
	n=$(requests dv push) && echo "once more: $n" && test "$n" -le 4 &&
	helper="python3 $TEST_DIR/helper/s3-bucket.py" && $helper list $S3_BUCKET hundred/roots/ >roots && test "$(wc -l <roots)" -eq 100 &&
	key=$(sed -n "1s/ .*//p" roots) && $helper delete $S3_BUCKET "$key" && dv status --remote >out && cat out &&
	grep "1 of 100 tracked paths are not at the remote" out && dv push && $helper list $S3_BUCKET hundred/roots/ >now && test_cmp roots now &&
	dv status --remote | grep "in sync" && : "listings count in seconds" && sleep 1.1 && $helper flip $S3_BUCKET "$key" 60 && dv status --remote >out && cat out && grep "1 of 100 tracked paths are not at the remote" out &&
	dv push && dv status --remote | grep "in sync" &&
	echo new >f7 && dv add -q f7 && n=$(requests dv push) && echo "one: $n" && test "$n" -le 10
'

test_expect_success 'G2: an object the remote lost is reported and pushed again' '
	cd repo && key=$(python3 "$TEST_DIR/helper/s3-bucket.py" list $S3_BUCKET team/data/packs/ |
		sort -k2n | tail -n 1 | cut -d" " -f1) && test -n "$key" &&
	python3 "$TEST_DIR/helper/s3-bucket.py" delete $S3_BUCKET "$key" &&
	dv status --remote >out && grep "not at the remote" out &&
	dv push >out && grep "repaired 1 pack" out &&
	rm -rf ../again && git clone -q . ../again && cd ../again && dv pull && dv status -q
'

test_expect_success 'doctor: keys, clock and rights, and nothing is left in the bucket' '
	cd repo && python3 "$TEST_DIR/helper/s3-bucket.py" list $S3_BUCKET team/data/ >before && dv doctor >out && cat out && grep "^ok .*credentials: from AWS_ACCESS_KEY_ID" out && grep "its clock and ours agree" out &&
	grep "may read and write" out && grep "may list" out && grep "may remove" out && ! grep "$AWS_SECRET_ACCESS_KEY" out &&
	python3 "$TEST_DIR/helper/s3-bucket.py" list $S3_BUCKET team/data/ >after && test_cmp before after && rm before after
'

test_expect_success 'a wrong secret, an unknown key, a bucket that is not there' '
	cd repo && test_must_fail env AWS_SECRET_ACCESS_KEY=not-the-secret dv push 2>err &&
	cat err && grep -i "credential\|secret\|signature\|denied" err && ! grep not-the-secret err &&
	test_must_fail env AWS_ACCESS_KEY_ID=NOBODY dv push 2>err && cat err &&
	dv remote add nobucket s3://no-such-bucket-here/x &&
	test_must_fail dv push -r nobucket 2>err && cat err && grep "no-such-bucket-here" err
'

test_expect_success 'no credentials at all: the error says where they are looked for' '
	cd repo && (unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
		test_must_fail dv push 2>err) && cat err && grep "AWS_ACCESS_KEY_ID" err
'

test_expect_success 'a profile with endpoint_url and credential_process' '
	mkdir -p "$HOME/.aws" && cat >"$HOME/.aws/config" <<-EOF &&
	[profile team]
	endpoint_url = $S3_ENDPOINT
	region = us-east-1
	credential_process = $HOME/process --for team
	EOF
	cat >"$HOME/process" <<-EOF &&
	#!/bin/sh
	echo "{\"Version\": 1, \"AccessKeyId\": \"$AWS_ACCESS_KEY_ID\", \"SecretAccessKey\": \"$AWS_SECRET_ACCESS_KEY\"}"
	EOF
	chmod +x "$HOME/process" && cd repo &&
	(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL AWS_REGION &&
	 AWS_PROFILE=team dv push | grep "up to date" &&
	 dv config --local remote.origin.profile team && dv push | grep "up to date")
'

test_done
