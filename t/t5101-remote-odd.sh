#!/bin/sh

test_description='remotes: odd and hostile servers, where credentials come from'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

tool="$DV_BUILD/remote-tool"
start_python odd-server "$SCRATCH"
url=http://127.0.0.1:$PYTHON_PORT
python3 -c '
import sys
sys.stdout.buffer.write(bytes((i * 7 + i // 251) & 255 for i in range(300000)))
' >whole
tail -c +100001 whole | head -c 50000 >part

# s3 <bucket> <operation>: as an S3 server, with keys
s3 () {
	bucket=$1
	shift
	AWS_ACCESS_KEY_ID=KEY1 AWS_SECRET_ACCESS_KEY=the-secret-key \
		AWS_ENDPOINT_URL=$url "$tool" "s3://$bucket" "$@"
}

# asked <path>: how often
asked () {
	grep -c " $1 " odd.log
}

# --- ranges -----------------------------------------------------------------

test_expect_success 'a server as it should be' '
	$tool "$url/plain" get x | cmp - whole &&
	$tool "$url/plain" get x 100000 50000 | cmp - part
'

test_expect_success 'ranges are ignored: what is wanted is taken' '
	$tool "$url/ignores" get x | cmp - whole &&
	$tool "$url/ignores" get x 100000 50000 | cmp - part &&
	$tool "$url/ignores" get x 299999 - | cmp - "$(tail -c 1 whole >l && echo l)"
'

test_expect_success 'cut answers and no ranges: nothing comes twice' '
	$tool -v "$url/cuts" get x >got && cmp got whole &&
	test "$(asked /cuts/x)" = 3
'

test_expect_success 'a range that was not asked for' '
	test_must_fail $tool "$url/other-range" get x 100000 50000 2>err >got &&
	grep "^NETWORK: .*100001.*100000" err && test ! -s got
'

test_expect_success 'more bytes than were asked for' '
	test_must_fail $tool "$url/wide" get x 100000 50000 2>err >got &&
	grep "^CORRUPT: .*more bytes" err && test ! -s got &&
	test_must_fail $tool "$url/long" get x 100000 50000 2>err >got &&
	grep "^CORRUPT: .*more bytes" err
'

test_expect_success 'fewer bytes than were said' '
	test_must_fail $tool "$url/short" get x 100000 50000 2>err >got &&
	grep "^NETWORK: .*shorter" err && head -c 49990 part | cmp - got
'

test_expect_success 'a server that gives a little at a time' '
	$tool "$url/dribble" get x 0 300000 | cmp - whole
'

test_expect_success 'an object that changes while it is read' '
	test_must_fail $tool "$url/changes" get x 2>err >got &&
	grep "^CORRUPT: .*changed while" err
'

test_expect_success 'a Content-Range of nonsense, an encoded answer' '
	test_must_fail $tool "$url/nonsense-range" get x 0 10 2>err &&
	grep "^NETWORK: .*Content-Range" err &&
	test_must_fail $tool "$url/gzip" get x 2>err &&
	grep "^UNSUPPORTED: .*encodes" err
'

test_expect_success 'no Content-Length' '
	$tool "$url/headless" get x >got && cmp got whole &&
	test "$($tool "$url/no-length" stat x)" = 300000
'

# --- redirects, refusals ----------------------------------------------------

test_expect_success 'redirects: circles, and to what is no HTTP' '
	test_must_fail $tool "$url/circle" get x 2>err &&
	grep "^UNSUPPORTED: .*elsewhere" err && test "$(asked /circle/x)" = 6 &&
	test_must_fail $tool "$url/to-file" get x 2>err &&
	grep "^UNSUPPORTED: .*elsewhere.*file:" err
'

test_expect_success 'redirects: only the same host is told who we are' '
	$tool -o user=u -o password=p "$url/to-self" get x >got &&
	grep "^auth:Basic" got &&
	$tool -o user=u -o password=p "$url/to-other" get x >got &&
	grep "^auth:none" got &&
	$tool -o token=the-token "$url/to-other" get x >got &&
	grep "^auth:none" got
'

test_expect_success 'a token' '
	$tool -o token=the-token "$url/bearer" get x | cmp - whole &&
	test_must_fail $tool -o token=bad-token "$url/bearer" get x 2>err &&
	grep "^AUTH: .*token" err && ! grep bad-token err &&
	test_must_fail $tool -o "token=a
b" "$url/bearer" get x 2>err && grep "^INVALID" err
'

test_expect_success 'each status has its code' '
	while read -r status want
	do
		test_must_fail $tool "$url/status/$status" get x 2>err &&
		cat err && grep "^$want: remote test: $url/status/$status/x: " err ||
		return 1
	done <<-EOF
	400 NETWORK
	401 AUTH
	403 AUTH
	404 NOTFOUND
	405 UNSUPPORTED
	410 NOTFOUND
	418 NETWORK
	501 UNSUPPORTED
	507 NOSPACE
	299 NETWORK
	EOF
'

test_expect_success 'what is busy is asked again, what is refused is not' '
	s3 busy get x | cmp - whole && test "$(asked /busy/x)" = 3 &&
	s3 timeout-code get x | cmp - whole &&
	test "$(asked /timeout-code/x)" = 2 &&
	test_must_fail $tool "$url/status/403/once" get x &&
	test "$(asked /status/403/once/x)" = 1
'

# --- S3 ---------------------------------------------------------------------

test_expect_success 'S3: listings that never end' '
	test_must_fail s3 endless list packs/ 2>err >got &&
	grep "^CORRUPT: .*does not get on" err &&
	test_must_fail s3 endless-empty list packs/ 2>err &&
	grep "^CORRUPT: .*does not get on" err
'

test_expect_success 'S3: a page without a token' '
	s3 tokenless list packs/ >got &&
	printf "1 packs/a\n2 packs/b\n3 packs/c\n" | test_cmp - got
'

test_expect_success 'S3: keys outside what was asked for, and of strangers' '
	test_must_fail s3 outside list packs/ 2>err &&
	grep "^CORRUPT: .*not asked for" err &&
	s3 strangers list packs/ >got && echo "1 packs/a" | test_cmp - got
'

test_expect_success 'S3: listings that are none' '
	for how in bad-size entities half plain
	do
		test_must_fail s3 $how list packs/ 2>err >got && test ! -s got &&
		grep "^CORRUPT: .*no listing" err || return 1
	done &&
	test_must_fail s3 huge list packs/ 2>err &&
	grep "^CORRUPT: .*too long" err
'

test_expect_success 'S3: the region is found out, and only once' '
	s3 region get x | cmp - whole && s3 region-text get x | cmp - whole &&
	test "$(s3 region stat y)" = 300000 && s3 region put z part &&
	test_must_fail s3 region-never get x 2>err && grep "circles" err &&
	test_must_fail s3 region-evil get x 2>err &&
	grep "^IO: .*region us-east-1 is wrong" err && grep "^hint: .*region" err
'

test_expect_success 'S3: a wrong clock is put right' '
	s3 skew get x | cmp - whole && test "$(s3 skew stat y)" = 300000
'

test_expect_success 'S3: a clock that cannot be put right' '
	test_must_fail s3 skew-never get x 2>err && grep "^AUTH: .*clock" err
'

test_expect_success 'S3: secrets do not come back in messages' '
	test_must_fail env AWS_SESSION_TOKEN=the-session-token \
		AWS_ACCESS_KEY_ID=KEY1 AWS_SECRET_ACCESS_KEY=the-secret-key \
		AWS_ENDPOINT_URL="$url" DV_TRACE=1 $tool s3://echoes get x 2>err &&
	grep "^AUTH: .*access denied" err && ! grep the-session-token err &&
	! grep the-secret-key err
'

test_expect_success 'S3: no control bytes of the server reach the terminal' '
	test_must_fail s3 terminal get x 2>err && grep "^AUTH" err &&
	! LC_ALL=C grep "[^ -~]" err
'

test_expect_success 'S3: HEAD cannot say what is wrong, dv asks otherwise' '
	test_must_fail s3 no-bucket stat x 2>err &&
	grep "^IO: .*no bucket no-bucket" err
'

# --- where credentials come from --------------------------------------------

# whose [<option>...]: the number of the key that is used
whose () {
	AWS_ENDPOINT_URL=$url "$tool" "$@" s3://whose stat x
}

test_expect_success 'the environment, settings, profiles: which comes first' '
	mkdir -p "$HOME/.aws" && cat >"$HOME/.aws/credentials" <<-EOF &&
	[default]
	aws_access_key_id = KEY31
	aws_secret_access_key = s
	[team]
	aws_access_key_id = KEY32
	aws_secret_access_key = s
	EOF
	cat >"$HOME/.aws/config" <<-EOF &&
	[profile made]
	credential_process = $HOME/make "a b" c\\ d
	[profile role]
	role_arn = arn:aws:iam::1:role/x
	source_profile = default
	[profile sso]
	sso_session = x
	[profile bad]
	credential_process = $HOME/none
	[profile where]
	aws_access_key_id = KEY33
	aws_secret_access_key = s
	endpoint_url = $url
	region = eu-west-3
	EOF
	test "$(whose)" = 31 && test "$(AWS_PROFILE=team whose)" = 32 &&
	test "$(AWS_ACCESS_KEY_ID=KEY41 AWS_SECRET_ACCESS_KEY=s AWS_PROFILE=team whose)" = 41 &&
	test "$(AWS_ACCESS_KEY_ID=KEY41 AWS_SECRET_ACCESS_KEY=s whose -o profile=team)" = 32 &&
	test "$(AWS_ACCESS_KEY_ID=KEY41 AWS_SECRET_ACCESS_KEY=s whose -o accesskeyid=KEY51 -o secretaccesskey=s)" = 51 &&
	test "$(whose -o anonymous=true)" = 0
'

test_expect_success 'a profile has the endpoint too' '
	test "$($tool -o profile=where s3://whose stat x)" = 33 &&
	test "$(AWS_PROFILE=where $tool s3://whose stat x)" = 33
'

test_expect_success 'AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE' '
	sed "s/KEY31/KEY61/" "$HOME/.aws/credentials" >other &&
	test "$(AWS_SHARED_CREDENTIALS_FILE=other whose)" = 61 &&
	test_must_fail env AWS_CONFIG_FILE=/none AWS_PROFILE=where \
		$tool s3://whose stat x 2>err && grep "^AUTH: .*no profile where" err &&
	grep "^hint: aws configure --profile where" err
'

test_expect_success 'a credential_process, without a shell' '
	cat >"$HOME/make" <<-\EOF && chmod +x "$HOME/make" &&
	#!/bin/sh
	test "$1" = "a b" && test "$2" = "c d" && test $# = 2 || exit 3
	echo x >>"$HOME/made"
	n=$(wc -l <"$HOME/made")
	echo "{\"Version\": 1, \"AccessKeyId\": \"KEY$n\",
	  \"SecretAccessKey\": \"s\", \"Expiration\": \"2099-01-01T00:00:00Z\"}"
	EOF
	test "$(AWS_PROFILE=made whose)" = 1 &&
	test "$(wc -l <"$HOME/made")" = 1
'

test_expect_success 'keys that expired are asked for anew, once' '
	rm -f "$HOME/made" && AWS_PROFILE=made AWS_ENDPOINT_URL=$url \
		$tool s3://expires get x | cmp - whole &&
	test "$(wc -l <"$HOME/made")" = 2 && rm -f "$HOME/made" &&
	test_must_fail env AWS_PROFILE=made AWS_ENDPOINT_URL=$url \
		$tool s3://expired get x 2>err && cat err &&
	grep "^AUTH: .*expired" err && grep "^hint: .*credential_process" err &&
	test "$(wc -l <"$HOME/made")" = 2
'

# made_with <date>: how often 6 requests asked for keys that end then
made_with () {
	end=$(date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ) &&
	sed "s/2099-01-01T00:00:00Z/$end/" "$HOME/make" >"$HOME/new" &&
	chmod +x "$HOME/new" &&
	sed "s/process = [^ ]*/process = $(echo "$HOME/new" | sed "s,/,\\\\/,g")/" \
		"$HOME/.aws/config" >"$HOME/config" && rm -f "$HOME/made" &&
	AWS_CONFIG_FILE=$HOME/config AWS_PROFILE=made AWS_ENDPOINT_URL=$url \
		$tool s3://nothing many 1 2 0 && wc -l <"$HOME/made"
}

test_expect_success 'keys are asked for anew when they have ended' '
	test "$(made_with "+2 hours")" = 1 &&
	test "$(made_with "+60 seconds")" = 1 &&
	test "$(made_with "-60 seconds")" = 6
'

test_expect_success 'a credential_process that fails, roles, SSO: a way out' '
	test_must_fail env AWS_PROFILE=bad AWS_ENDPOINT_URL=$url \
		$tool s3://whose stat x 2>err &&
	grep "^AUTH: .*credential_process" err &&
	for p in role sso
	do
		test_must_fail env AWS_PROFILE=$p AWS_ENDPOINT_URL=$url \
			$tool s3://whose stat x 2>err && grep "^AUTH: .*profile $p" err &&
		grep "^hint: .*aws configure export-credentials --profile $p" err ||
		return 1
	done
'

test_expect_success 'the endpoint of a container' '
	rm -rf "$HOME/.aws" &&
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container \
		AWS_CONTAINER_AUTHORIZATION_TOKEN=let-me-in whose >got &&
	test "$(cat got)" -gt 0 && echo let-me-in >token &&
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container \
		AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token whose &&
	test_must_fail env AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container \
		AWS_ENDPOINT_URL=$url $tool s3://whose stat x 2>err &&
	grep "^AUTH: .*container" err &&
	test_must_fail env AWS_ENDPOINT_URL=$url \
		AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container-bad \
		$tool s3://whose stat x 2>err && grep "^AUTH: .*no JSON" err &&
	test_must_fail env AWS_ENDPOINT_URL=$url \
		AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/x \
		$tool s3://whose stat x 2>err && grep "^AUTH: .*FULL_URI" err
'

test_expect_success 'the role of the machine, unless that is turned off' '
	(unset AWS_EC2_METADATA_DISABLED &&
	 AWS_EC2_METADATA_SERVICE_ENDPOINT=$url whose >got) &&
	test "$(cat got)" -gt 0 &&
	test_must_fail env AWS_EC2_METADATA_SERVICE_ENDPOINT=$url \
		AWS_ENDPOINT_URL=$url $tool s3://whose stat x 2>err &&
	grep "^AUTH: .*no credentials" err
'

test_expect_success 'no machine role here: said after a second or two' '
	before=$(date +%s) && (unset AWS_EC2_METADATA_DISABLED &&
	 test_must_fail env AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 \
		AWS_ENDPOINT_URL=$url $tool s3://whose stat x 2>err) &&
	test $(($(date +%s) - before)) -le 3 &&
	grep "^AUTH: .*no credentials" err
'

# --- settings ---------------------------------------------------------------

test_expect_success 'settings that make no sense are named' '
	for bad in pathstyle=maybe stalltimeout=-1 \
		connecttimeout=99999999999999999999
	do
		test_must_fail $tool -o $bad "$url/plain" get x 2>err &&
		grep "^INVALID: remote.test.${bad%%=*}: " err || return 1
	done &&
	test_must_fail env AWS_REGION=../x AWS_ENDPOINT_URL=$url \
		$tool s3://plain get x 2>err && grep "^INVALID: .*region" err &&
	test_must_fail $tool -o endpointurl=ftp://x s3://plain get x 2>err &&
	grep "^INVALID: .*endpointurl" err
'

# --- WebDAV ------------------------------------------------------------------

dav_list () {
	"$tool" "$url/dav/$1" list p/
}

test_expect_success 'WebDAV: absolute and escaped names, and those that are not ours' '
	dav_list good | sort >out && cat out && printf "5 p/a\n7 p/d\n" | cmp - out && asked /dav/good/p/b-c/ && dav_list went | grep -x "6 p/b"
'

test_expect_success 'WebDAV: a folder that is named without a slash at its end' '
	dav_list bare >out && cat out && echo "5 p/a" | cmp - out
'

for how in out up up2 deep host slashes escape zero
do
	export how
	test_expect_success "WebDAV: a listing of what was not asked for: $how" '
		test_must_fail dav_list $how >out 2>err && cat err && grep "^CORRUPT: .*not asked for" err && test ! -s out
	'
done

for how in sizeless hidden withheld negative entity
do
	export how
	test_expect_success "WebDAV: a listing that does not tell of all: $how" '
		test_must_fail dav_list $how >out 2>err && cat err && grep "^CORRUPT: .*no listing" err && test ! -s out
	'
done

test_expect_success 'WebDAV: listings without end' '
	test_must_fail dav_list long 2>err && grep "^CORRUPT: .*too long" err && test_must_fail dav_list many 2>err && grep "^CORRUPT: .*too many" err &&
	test_must_fail $tool "$url/dav-loop" list p/ 2>err && grep "^CORRUPT: .*nested too deep" err
'

test_expect_success 'a server that takes PROPFIND for something else, or does not know it' '
	test_must_fail $tool "$url/dav-html" list p/ 2>err && grep "^UNSUPPORTED: .*cannot say what it has.*200" err && grep "^hint:" err
'

test_done
