#!/bin/sh
# An S3 server for tests: Ceph's radosgw with one monitor and one OSD that
# keeps its objects in memory, all on loopback.
#
#	radosgw.sh start <folder>	prints KEY=VALUE lines
#	radosgw.sh stop <folder>
#
# Set before the start: S3_MAX_KEYS, the names on one page of a listing
# (1000); S3_TLS=1, https as well.  It checks signatures and, with S3_STS=1,
# real session tokens.  Buckets also answer as http://<bucket>.localhost:port.
# Requests are logged to <folder>/access.log, a line each.
# Debian: radosgw ceph-mon ceph-osd ceph-common, without recommended ones.
. "${0%/*}/service.sh"

if test "$verb" = stop
then
	stop_all rgw osd mon
	exit 0
fi
need radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd ceph:ceph-common \
	openssl:openssl curl:curl
key=${S3_KEY:-DVTESTKEY}
secret=${S3_SECRET:-dvtestsecretdvtestsecret}
set -- $(free_ports 4)
mon2=$1 mon1=$2 port=$3 tls_port=$4
conf=$dir/ceph.conf
mkdir -p "$dir/mon" "$dir/osd" "$dir/run"
tls=
if test -n "${S3_TLS-}"
then
	make_certificate
	tls="ssl_endpoint=127.0.0.1:$tls_port"
	tls="$tls ssl_certificate=$dir/tls/cert.pem"
	tls="$tls ssl_private_key=$dir/tls/key.pem"
fi
sts=false
test -z "${S3_STS-}" || sts=true
fsid=$(cat /proc/sys/kernel/random/uuid)
# Without cephx radosgw does not start.  Without tcp_nodelay each small answer
# is 40 ms late.
cat >"$conf" <<END
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$mon2/0,v1:127.0.0.1:$mon1/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = $dir/keyring
run dir = $dir/run
admin socket = $dir/run/\$name.asok
crash dir = $dir/run
log file = $dir/\$name.log
pid file =
mon data = $dir/mon
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1
mon osd min down reporters = 1
mon tick interval = 1
paxos propose interval = 0.05
paxos min wait = 0.02
osd data = $dir/osd
osd objectstore = memstore
osd max object size = 134217728
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
memstore device bytes = 4294967296
memstore page set = true
memstore page size = 65536
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1 $tls
rgw dns name = localhost
rgw data = $dir/run
rgw max listing results = ${S3_MAX_KEYS:-1000}
rgw s3 auth use sts = $sts
rgw sts key = abcdefghijklmnop
rgw thread pool size = 64
rgw enable usage log = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw enable quota threads = false
rgw run sync thread = false
rgw override bucket index max shards = 1
rgw dynamic resharding = false
debug ms = 0
[client.rgw]
log file = $dir/access.log
debug rgw = 1
END

add_key () {
	ceph-authtool "$dir/keyring" --gen-key -n "$1" --cap mon 'allow *' \
		--cap osd 'allow *' >>"$dir/setup.out"
}

: >"$dir/keyring"
ceph-authtool "$dir/keyring" --gen-key -n mon. --cap mon 'allow *' \
	>"$dir/setup.out"
add_key client.admin
add_key client.rgw
add_key osd.0
monmaptool --create --clobber --fsid "$fsid" \
	--addv a "[v2:127.0.0.1:$mon2,v1:127.0.0.1:$mon1]" "$dir/monmap" \
	>>"$dir/setup.out"
ceph-mon -c "$conf" -i a --mkfs --keyring "$dir/keyring" \
	--monmap "$dir/monmap" >>"$dir/setup.out" 2>&1
run mon ceph-mon -c "$conf" -i a -f
uuid=$(cat /proc/sys/kernel/random/uuid)
ceph -c "$conf" --connect-timeout 30 osd new "$uuid" 0 >>"$dir/setup.out"
ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$uuid" >>"$dir/setup.out" 2>&1
run osd ceph-osd -c "$conf" -i 0 -f
run rgw radosgw -c "$conf" -n client.rgw -f
until_answers 90 "http://127.0.0.1:$port/" rgw osd mon

admin () {
	radosgw-admin -c "$conf" -n client.rgw --log-file /dev/null "$@" \
		>>"$dir/setup.out" 2>&1 || die "$(tail -n 3 "$dir/setup.out")"
}

admin user create --uid dv --display-name dv --access-key "$key" \
	--secret-key "$secret"
if test -n "${S3_STS-}"
then
	admin caps add --uid dv --caps 'roles=*'
	admin role create --role-name dv --path / --assume-role-policy-doc \
		'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/dv"]},"Action":["sts:AssumeRole"]}]}'
	admin role-policy put --role-name dv --policy-name all --policy-doc \
		'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}'
	say "S3_ROLE_ARN=arn:aws:iam:::role/dv"
fi
test -z "$tls" || say "S3_TLS_ENDPOINT=https://127.0.0.1:$tls_port" \
	"CA_FILE=$dir/tls/cert.pem"
say "S3_ENDPOINT=http://127.0.0.1:$port" "AWS_ACCESS_KEY_ID=$key" \
	"AWS_SECRET_ACCESS_KEY=$secret" "AWS_REGION=us-east-1"
