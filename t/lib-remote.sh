# shellcheck shell=sh
# Real servers for a script; sourced after test-lib.sh.  Each start_* prints
# nothing, sets what is said, and has the server stopped at the end.

# start_server <helper> <folder>: its KEY=VALUE lines become variables
start_server () {
	"$TEST_DIR/helper/$1" start "$2" >"$2.env" 2>"$2.err" || {
		echo "Bail out! $1 does not start"
		sed 's/^/# /' "$2.err"
		exit 1
	}
	at_exit "\"$TEST_DIR/helper/$1\" stop \"$2\""
	. "$2.env"
}

# HTTP_URL HTTPS_URL HTTP_USER HTTP_PASS CA_FILE; NGINX_LOG counts requests
start_nginx () {
	start_server nginx-dav.sh "$SCRATCH/nginx"
	NGINX_LOG=$SCRATCH/nginx/access.log
}

start_apache () {
	start_server apache-dav.sh "$SCRATCH/apache"
}

# In ~/.netrc: the user and password of the HTTP server started last
use_netrc () {
	host=${HTTP_URL#http://}
	printf 'machine %s login %s password %s\n' "${host%:*}" \
		"$HTTP_USER" "$HTTP_PASS" >"$HOME/.netrc"
	chmod 600 "$HOME/.netrc"
}

# S3_ENDPOINT and AWS_*, exported; S3_BUCKET is there
start_radosgw () {
	start_server radosgw.sh "$SCRATCH/rgw"
	use_s3
}

start_swift () {
	start_server swift-s3.sh "$SCRATCH/swift"
	use_s3
}

use_s3 () {
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
	export AWS_ENDPOINT_URL="$S3_ENDPOINT"
	S3_BUCKET=dv-test
	python3 "$TEST_DIR/helper/s3-bucket.py" create $S3_BUCKET || {
		echo "Bail out! cannot create a bucket"
		exit 1
	}
}

# start_python <helper> <argument>...: one of ours, in Python; PYTHON_PORT and
# PYTHON_PID
start_python () {
	python_out=$SCRATCH/$1.out python_helper=$TEST_DIR/helper/$1.py
	shift
	rm -f "$python_out"
	python3 "$python_helper" "$@" >"$python_out" 2>"${python_out%out}err" &
	PYTHON_PID=$!
	at_exit "kill $PYTHON_PID 2>/dev/null"
	until grep -q '^PORT' "$python_out" 2>/dev/null
	do
		kill -0 $PYTHON_PID 2>/dev/null || {
			echo "Bail out! $python_helper does not start"
			exit 1
		}
		sleep 0.01
	done
	PYTHON_PORT=$(sed -n 's/^PORT //p' "$python_out")
}

# start_proxy <host:port> <plan>...: PROXY_PORT
start_proxy () {
	start_python faultproxy "$@"
	PROXY_PID=$PYTHON_PID PROXY_PORT=$PYTHON_PORT
}

stop_proxy () {
	kill "$PROXY_PID" 2>/dev/null
	wait "$PROXY_PID" 2>/dev/null
	:
}

# requests <command>: what its --json says it asked of the remote
requests () {
	"$@" --json | python3 -c '
import json, sys
print(sum(json.loads(l).get("requests", 0) for l in sys.stdin))'
}

# scenario <name> <url>: the main job on one remote.  The caller has put
# credentials where they belong.
scenario () {
	scenario_name=$1
	scenario_url=$2

	test_expect_success "$scenario_name: setup" '
		make_repo repo && cd repo &&
		mkdir data && small_files data/many 1000 &&
		random_bytes 3000000 1 >data/big.bin &&
		ln -s big.bin data/link && mkdir data/empty &&
		random_bytes 400000 2 >model.bin &&
		dv add -q data model.bin && git add -A &&
		git commit -qm data &&
		dv remote add origin "$scenario_url" &&
		git commit -qm remote .dvconfig
	'

	test_expect_success "$scenario_name: push" '
		cd repo && dv push -n >out && grep "would have pushed 2" out &&
		dv push >out && grep "pushed 2 of 2" out
	'

	test_expect_success "$scenario_name: pushing again has nothing to do" '
		cd repo && n=$(requests dv push) && echo "requests: $n" &&
		test "$n" -le 10 && dv push | grep "up to date"
	'

	test_expect_success "$scenario_name: a clone pulls identical bytes" '
		git clone -q repo clone && cd clone && dv pull &&
		diff -r --no-dereference ../repo/data data &&
		cmp ../repo/model.bin model.bin && dv status -q
	'

	test_expect_success "$scenario_name: pulling again asks nothing" '
		cd clone && n=$(requests dv fetch) && test "$n" -eq 0 &&
		dv pull | grep "up to date"
	'

	test_expect_success "$scenario_name: one file of a thousand takes about ten requests" '
		git clone -q repo part && cd part &&
		n=$(requests dv pull data/many/s3/f000317) &&
		echo "requests: $n" && test "$n" -le 12 &&
		cmp ../repo/data/many/s3/f000317 data/many/s3/f000317 &&
		test "$(find data -type f | wc -l)" -eq 1
	'

	test_expect_success "$scenario_name: a second version sends what changed" '
		cd repo &&
		{ head -c 1500000 data/big.bin && echo inserted &&
		  tail -c +1500001 data/big.bin; } >new &&
		mv new data/big.bin && rm data/many/s1/f000101 &&
		echo new >data/many/new && dv add -q data &&
		git commit -qam "Second" && dv push --json >out &&
		cat out &&
		python3 -c "
import json
r = json.loads(open(\"out\").readline())
assert r[\"moved_paths\"] == 1 and r[\"bytes\"] < 600000, r"
	'

	test_expect_success "$scenario_name: the clone follows" '
		cd clone && git pull -q && dv pull &&
		diff -r --no-dereference ../repo/data data && dv status -q
	'

	test_expect_success "$scenario_name: --all-commits gets old versions too" '
		git clone -q repo every && cd every && dv fetch -A &&
		git checkout -q HEAD~1 && dv checkout &&
		test -f data/many/s1/f000101 && dv status -q
	'
}
