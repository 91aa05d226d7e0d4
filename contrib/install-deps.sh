#!/bin/sh
# Installs the Debian 12 packages that building dv needs, or its tests too.
# As root, or by sudo.  No service is started or enabled to run by itself.
#
# usage: contrib/install-deps.sh build|test
set -eu

build='build-essential pkg-config git ca-certificates libgit2-dev
	libxxhash-dev libzstd-dev libcurl4-openssl-dev libssl-dev
	libjansson-dev libexpat1-dev libyaml-dev'
test='libcmocka-dev perl python3 jq openssl curl nginx-light
	libnginx-mod-http-dav-ext apache2-bin radosgw ceph-mon ceph-osd ceph-common swift-proxy swift-account
	swift-container swift-object asciidoctor mandoc xfsprogs shellcheck
	procps pre-commit zsh fish strace'

case "${1:-}" in
build) packages=$build ;;
test) packages="$build $test" ;;
*)
	echo "usage: contrib/install-deps.sh build|test" >&2
	exit 129
	;;
esac

if test "$(id -u)" -ne 0
then
	command -v sudo >/dev/null || {
		echo "error: neither root nor sudo: cannot install packages" >&2
		exit 1
	}
	exec sudo "$0" "$1"
fi

# Whatever is there already needs no network.
missing=
for package in $packages
do
	dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
		grep -qx installed || missing="$missing $package"
done
test -n "$missing" || exit 0

# Packages ask this whether they may start their services: no.
policy=/usr/sbin/policy-rc.d
if ! test -e $policy
then
	trap 'rm -f $policy' EXIT
	trap 'exit 130' INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update
# shellcheck disable=SC2086
apt-get install -y --no-install-recommends $missing
