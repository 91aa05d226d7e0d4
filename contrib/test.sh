#!/bin/bash
# Everything: installs what the tests need (Debian 12), builds, and runs
# `make check` in a normal build and in one with ASan and UBSan.  The last
# line adds both up: "N passed, N failed".
#
# usage: contrib/test.sh
set -u
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0
log=$(mktemp) || exit 1
ahead=
trap 'rm -f "$log"; test -z "$ahead" || kill -- "-$ahead" 2>/dev/null' EXIT

finish () {
	echo "$passed passed, $failed failed"
	exit $((failed > 0))
}

# count <command>: runs it and adds its last line up.  That it fails without a
# failed test (it does not build, say) is a failure as well.
count () {
	local code p f

	echo "== $*"
	"$@" 2>&1 | tee "$log"
	code=${PIPESTATUS[0]}
	read -r p f < <(sed -n \
		's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" |
		tail -n 1)
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-0}))
	if test "$code" -ne 0 && test "${f:-0}" -eq 0
	then
		failed=$((failed + 1))
	fi
}

# get_ahead: most of both builds, while packages are installed; that takes a
# minute of one core.  What fails in here fails again below, and is told there.
get_ahead () {
	make -j"$jobs" all
	make -j"$jobs" O=build-asan SANITIZE=address,undefined all
}

jobs=$(nproc)
if contrib/install-deps.sh build
then
	# a process group of its own, to be ended as one with this script
	set -m
	get_ahead </dev/null >/dev/null 2>&1 &
	ahead=$!
	set +m
	contrib/install-deps.sh test || failed=1
	wait
	ahead=
else
	failed=1
fi
test $failed -eq 0 || finish
count make -j"$jobs" check-docs
count make -j"$jobs" check
count make -j"$jobs" sanitize
finish
