#!/bin/sh

test_description='gc at remotes: condemned first, removed when nobody has come to need it'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"
. "$TEST_DIR/lib-gc.sh"

start_radosgw

# Two roots in one pack of metadata: of the one that is forgotten only the
# locator is condemned.
test_expect_success 'a condemned locator that names what it should is written again' '
	new_world "$SCRATCH/remote4" && random_bytes 5000 4 >one && random_bytes 5000 5 >gone && dv add -q one gone && git add -A . ":!gone.dv" && git commit -qm one &&
	git add -A && git commit -qm gone && dv push -q && rm -rf ../clone && git clone -q . ../clone && (cd ../clone && dv pull -q) && forget &&
	gc_until "condemn roots/" >/dev/null && cat out && cd "$SCRATCH/clone" && dv push >out && grep "up to date" out &&
	cd ../repo && dv gc -r origin --grace now >out && cat out && all_there "$SCRATCH/clone"
'

try_remote folder "$SCRATCH/remote"
try_remote S3 "s3://$S3_BUCKET/gc"

race folder "$SCRATCH/remote3"
race S3 "s3://$S3_BUCKET/race"

test_expect_success 'a pending list that is damaged or newer: nothing is relied on' '
	mkdir remote2 && cd repo && dv remote add two "$SCRATCH/remote2" && dv push -q -r two && mkdir "$SCRATCH/remote2/gc" &&
	printf "DVGC\002\000\000\000" >"$SCRATCH/remote2/gc/pending" && test_must_fail dv push -r two 2>err && grep newer err &&
	echo nonsense >"$SCRATCH/remote2/gc/pending" && test_must_fail dv push -r two 2>err && cat err && test_must_fail dv gc -r two
'

test_expect_success 'a file where a folder has to be is no empty folder: nothing is condemned' '
	cd repo && rm "$SCRATCH/remote2/gc/pending" && find "$SCRATCH/remote2" -type f ! -name now | sort >before && for f in roots packs
	do
		mv "$SCRATCH/remote2/$f" "$SCRATCH/kept" && echo x >"$SCRATCH/remote2/$f" &&
		test_exit_code 1 dv gc -r two --grace now 2>err && grep "$f.*cannot list it" err && test ! -e "$SCRATCH/remote2/gc/pending" && rm "$SCRATCH/remote2/$f" && mv "$SCRATCH/kept" "$SCRATCH/remote2/$f" || return 1
	done && find "$SCRATCH/remote2" -type f ! -name now | sort >after && test_cmp before after
'

test_expect_success 'where nobody has pushed nothing is made' '
	cd repo && dv gc -r "$SCRATCH/nobody" -n --grace now >out && grep "nothing to free" out && test ! -e "$SCRATCH/nobody" && mkdir "$SCRATCH/nobody" && dv gc -r "$SCRATCH/nobody" --grace now && test -z "$(ls "$SCRATCH/nobody")"
'

test_done
