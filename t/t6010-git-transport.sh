#!/bin/sh

test_description='other git repositories over a transport: a filtered clone'

. "${0%/*}/test-lib.sh"

# git's own server on a port of the loopback interface that is free
start_git_daemon () {
	for port in $(python3 -c '
import socket
held = [socket.socket() for _ in range(5)]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))')
	do
		# ends by itself, whatever becomes of this script
		timeout 120 git daemon --reuseaddr --listen=127.0.0.1 \
			--port="$port" --base-path="$SCRATCH/served" \
			--export-all --log-destination=none \
			>"$SCRATCH/daemon.out" 2>&1 &
		DAEMON_PID=$!
		at_exit "kill $DAEMON_PID 2>/dev/null"
		while kill -0 "$DAEMON_PID" 2>/dev/null
		do
			GIT_URL=git://127.0.0.1:$port
			git ls-remote "$GIT_URL/registry" >/dev/null 2>&1 &&
				return 0
		done
	done
	echo "Bail out! git daemon does not start"
	exit 1
}

test_expect_success 'setup: a registry that is served' '
	mkdir served remote && make_repo work && cd work && mkdir data && small_files data 20 &&
	random_bytes 300000 1 >model.bin && random_bytes 500000 2 >big.in.git &&
	echo readme >README && dv add -q data model.bin && dv remote add origin "$SCRATCH/remote" &&
	git add -A && git commit -qm one && dv push -q && git clone -q --bare . ../served/registry &&
	git -C ../served/registry config uploadpack.allowFilter true &&
	git -C ../served/registry config uploadpack.allowAnySHA1InWant true &&
	git remote add origin ../served/registry
'

start_git_daemon

test_expect_success 'ls and cat take no file of git that is not shown' '
	make_repo user && cd user && dv ls --repo "$GIT_URL/registry" --size >../out && grep "KiB  model.bin$" ../out &&
	grep "^         -  big.in.git$" ../out && grep "^       7 B  README$" ../out &&
	dv cat --repo "$GIT_URL/registry" model.bin | cmp - ../work/model.bin &&
	dv cat --repo "$GIT_URL/registry" README | cmp - ../work/README &&
	clone=$(echo .git/dv/sources/*/.git) && big=$(git -C ../work rev-parse HEAD:big.in.git) &&
	git --git-dir="$clone" cat-file --batch-all-objects --batch-check="%(objectname)" >../have &&
	test_must_fail grep "$big" ../have
'

test_expect_success 'import, also of what the clone had left out' '
	cd user && dv import "$GIT_URL/registry" data && diff -r data ../work/data &&
	dv import "$GIT_URL/registry" big.in.git && cmp big.in.git ../work/big.in.git &&
	grep "^source.url: $GIT_URL/registry$" data.dv && git add -A && git commit -qm imports && dv status -q
'

test_expect_success 'update takes what was pushed there' '
	cd work && echo more >data/new && dv add -q data && git commit -qam two && dv push -q &&
	git push -q origin HEAD && cd ../user && dv update data && diff -r data ../work/data &&
	dv update data | grep "up to date" && git commit -qam updated
'

test_expect_success 'a second clone pulls from the source' '
	git clone -q user second && cd second && dv pull && diff -r data ../work/data &&
	cmp big.in.git ../work/big.in.git
'

test_expect_success 'a remote in a folder beside that repository is refused by name' '
	cd work && dv remote add beside ../remote && git add -A && git commit -qm beside &&
	git push -q origin HEAD && mkdir ../plain && cd ../plain &&
	test_must_fail dv get "$GIT_URL/registry" model.bin -r beside 2>err && cat err &&
	grep "beside.*\.\./remote.*not on this machine" err && ! test -e model.bin &&
	dv get ../work model.bin -r beside && cmp model.bin ../work/model.bin
'

test_done
