#!/bin/sh

test_description='push and pull: a folder'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

mkdir "$SCRATCH/remote"
scenario folder "$SCRATCH/remote"

test_expect_success 'a remote relative to the top of the work tree' '
	make_repo rel && cd rel && echo x >d && dv add -q d && mkdir ../there &&
	dv remote add origin ../there && dv push && test -f ../there/dv-remote
'

test_expect_success 'a folder that is not there is an error, not made' '
	cd rel && dv remote add gone ../gone/deeper && test_must_fail dv push -r gone 2>err &&
	grep "gone" err && test ! -e ../gone
'

test_expect_success 'the store, what is in .git, and what git would see are no remotes' '
	make_repo odd && cd odd && git config core.quotepath true && ln -s "$PWD/.git/dv" ../link && before=$(cat .dvconfig) &&
	for u in . ./ .git .git/dv .git/dv/x sub/remote ../odd ../odd/.git/../sub "file://$PWD" "$PWD/" ../link
	do
		test_exit_code 1 dv remote add origin "$u" 2>err && grep "cannot be a remote: it is" err && grep "^hint: take a folder outside" err && rm err || return 1
	done && test "$(cat .dvconfig)" = "$before" && echo /kept >.gitignore && mkdir deep && (cd deep && test_exit_code 1 dv remote add origin ../deep) &&
	dv remote add ok kept/there 2>/dev/null && test_exit_code 1 dv remote set-url ok .git/dv && dv remote set-url ok ../fine && (cd deep && dv remote add up ../../fine2 2>/dev/null) &&
	dv remote add s s3://x/y 2>/dev/null && dv remote add h http://127.0.0.1:9/x 2>/dev/null
'

# all that dv and git keep
files () {
	find . ! -name "*.lock" | sort
}

test_expect_success 'what remote add refuses is refused in a .dvconfig that somebody has committed' '
	make_repo strange && cd strange && echo x >d && dv add -q d && mkdir ../strange2 && ln -s ../strange2 out && git add -A && git commit -qm d && dv status && files >../before &&
	for u in . .git .git/dv .git/hooks sub/remote none/../.git/dv out/../.git/dv -x "../a$(printf "\nb")" "../a$(printf "\033b")" "http://h/$(printf "\nb")" "s3://b/../c" "ftp://h/x" "http://u:s3cr3t@127.0.0.1:9/x"
	do
		git config -f .dvconfig remote.origin.url "$u" && for c in push "gc -r origin" "fsck -r origin" "status --remote"
		do
			echo "$c" && test_exit_code 1 dv $c >../out 2>&1 && cat ../out && ! grep s3cr3t ../out && ! LC_ALL=C grep "$(printf "\033")" ../out || return 1
		done && dv remote -v >../out && ! LC_ALL=C grep "$(printf "\033")" ../out && git checkout -q .dvconfig && files | cmp - ../before || return 1
	done && ! test -e ../strange2/.git
'

test_expect_success 'a password there is named, and gone with set-url' '
	cd strange && git config -f .dvconfig remote.origin.url "http://u:s3cr3t@127.0.0.1:9/x" && test_must_fail dv add d 2>err && cat err && grep "remote.origin.url: a password" err && ! grep s3cr3t err && rm err &&
	{ dv doctor >../out || :; } && grep "password in a URL" ../out && dv remote set-url origin ../strange2 && dv push && test -f ../strange2/dv-remote && git config -f .dvconfig remote.origin.url "http://u@127.0.0.1:9/x" && dv add -q d
'

test_expect_success 'a default that only looks like a name is not pasted into a command' '
	cd strange && git config -f .dvconfig core.remote "\$(touch x);-y" && git config -f .dvconfig --unset remote.origin.url && test_must_fail dv push 2>err && cat err && grep -F "dv remote add '\''\$(touch x);-y'\'' <url>" err && ! test -e x
'

test_expect_success 'set-url changes a URL where it is set' '
	cd rel && dv remote add --local mine ../mine && dv remote set-url mine ../other &&
	test "$(dv config remote.mine.url)" = ../other && test_must_fail grep mine .dvconfig
'

test_done
