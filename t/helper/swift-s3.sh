#!/bin/sh
# Another S3 server for tests: OpenStack Swift with s3api, one process.
#
#	swift-s3.sh start <folder>	prints KEY=VALUE lines
#	swift-s3.sh stop <folder>
#
# Set before the start: S3_MAX_KEYS as for radosgw.sh, S3_REGION (us-east-1).
# Debian: swift-proxy swift-account swift-container swift-object.
here=$(cd "${0%/*}" && pwd)
. "$here/service.sh"

if test "$verb" = stop
then
	stop_all swift
	exit 0
fi
need curl:curl
/usr/bin/python3 -c 'import swift' 2>/dev/null || die 'swift is missing:' \
	apt install swift-proxy swift-account swift-container swift-object
port=$(free_ports 1)
run swift /usr/bin/python3 "$here/swift-s3.py" "$dir" --port "$port" \
	--max-keys "${S3_MAX_KEYS:-1000}" --region "${S3_REGION:-us-east-1}"
until_answers 60 "http://127.0.0.1:$port/" swift
say "S3_ENDPOINT=http://127.0.0.1:$port" "AWS_ACCESS_KEY_ID=test:tester" \
	"AWS_SECRET_ACCESS_KEY=testing" \
	"AWS_REGION=${S3_REGION:-us-east-1}"
