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

test_expect_success 'set-url changes a URL where it is set' '
	cd rel && dv remote add --local mine ../mine && dv remote set-url mine ../other &&
	test "$(dv config remote.mine.url)" = ../other && test_must_fail grep mine .dvconfig
'

test_done
