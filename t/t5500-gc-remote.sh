#!/bin/sh

test_description='gc at remotes: condemned first, removed when nobody has come to need it'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

start_nginx
start_radosgw

add_file () {
	random_bytes "$2" "$3" >"$1" && dv add -q "$1"
}

# new_world <url>: a repository with two versions at the remote, of which one
# nothing knows any more
new_world () {
	cd "$SCRATCH" && rm -rf repo clone && make_repo repo && cd repo && dv remote add origin "$1" && add_file kept 200000 1 &&
	git add -A && git commit -qm kept && dv push -q && git checkout -qb feature && add_file feat 150000 2 && git add -A && git commit -qm feat && dv push -q &&
	git checkout -q main && rm -f feat && add_file gone 300000 3 && git add -A && git commit -qm gone && dv push -q && git clone -q . ../clone &&
	forget
}

forget () {
	git reset -q --hard HEAD^ && rm -f gone && git reflog expire --expire=now --all && rm -f .git/ORIG_HEAD
}

# gc_until <word>: the remote's clock may count in seconds
gc_until () {
	n=0
	until dv gc -r origin --grace now >out && cat out && grep "^$1" out
	do
		n=$((n + 1)) && test $n -lt 200 || return 1
	done
}

all_there () {
	cd "$SCRATCH" && rm -rf fresh && git clone -q "$1" "$SCRATCH/fresh" && cd "$SCRATCH/fresh" && dv fetch -q -A && dv fsck -q
}

try_remote () {
	export url="$2"
	test_expect_success "$1: what is young stays" '
		new_world "$url" && dv gc -r origin >out && cat out && grep "younger than the grace" out && all_there "$SCRATCH/clone"
	'

	test_expect_success "$1: a dry run changes nothing, the first run condemns" '
		cd repo && gc_until condemn >/dev/null && grep "^condemn packs/" out && all_there "$SCRATCH/clone" &&
		cd "$SCRATCH/repo" && dv gc -r origin >out && grep "not due" out
	'

	test_expect_success "$1: the second removes what the dry run names; G1: a branch keeps its own" '
		cd repo && dv gc -n -r origin --grace now >dry && cat dry && grep "^remove packs/" dry && grep "^remove roots/" dry &&
		dv gc -r origin --grace now >real && sed "s/would have //" dry | cmp - real && all_there "$SCRATCH/repo" &&
		cd "$SCRATCH/clone" && test_must_fail dv fetch -q
	'

	test_expect_success "$1: a push heals what was removed" '
		cd clone && random_bytes 300000 3 >gone && dv add -q gone && git diff --quiet HEAD && dv push -q && all_there "$SCRATCH/clone"
	'

	test_expect_success "$1: who pushes what is condemned sends it under another name" '
		cd clone && rm -rf "$SCRATCH/repo/.git/dv/have" && cd ../repo && gc_until condemn >/dev/null && cd ../clone && dv push >out && cat out && grep pushed out &&
		dv push >out && grep "up to date" out && cd ../repo && dv gc -r origin --grace now >out && cat out && grep "^remove packs/" out &&
		all_there "$SCRATCH/clone"
	'

	test_expect_success "$1: another repository that pushes there, named by its path" '
		cd repo && gc_until condemn >/dev/null && dv gc -r origin --grace now --repo ../clone >out && cat out && ! grep "^remove packs" out &&
		all_there "$SCRATCH/clone" && cd "$SCRATCH/repo" && dv gc -r origin --grace now --repo ../clone >out && cat out && ! grep "^condemn packs/.*[0-9][0-9] KiB" out
	'
}

# pusher <rounds>: what is pushed is dropped again in every second round, and
# comes back two rounds later
pusher () {
	cd "$SCRATCH/clone" && i=0 &&
	while test $i -lt "$1"
	do
		random_bytes 120000 $((i % 2 ? 50 + i % 4 : 60 + i)) >own && dv add -q own && git add -A && git commit -qm "$i" && dv push -q || return 1
		test $((i % 2)) -eq 0 || { git reset -q --hard HEAD^ && git reflog expire --expire=now --all && rm -f .git/ORIG_HEAD && dv checkout -q -f; } || return 1
		i=$((i + 1))
	done
	: >"$SCRATCH/pusher.done"
}

race () {
	export url="$2"
	test_expect_success "$1: pushing while another collects" '
		rm -f pusher.done && : >gc.log && new_world "$url" && cd "$SCRATCH/clone" && dv pull -q && git reset -q --hard HEAD^ && dv checkout -q -f && git reflog expire --expire=now --all && rm -f .git/ORIG_HEAD &&
		{ (pusher 14) >"$SCRATCH/pusher.log" 2>&1 & } && cd "$SCRATCH/repo" && n=0 &&
		until grep -q "^remove packs/" ../gc.log && test -f ../pusher.done; do n=$((n + 1)) && test $n -lt 600 && dv gc -r origin --grace 1s --repo ../clone >>../gc.log || exit 1; done && wait &&
		cat "$SCRATCH/pusher.log" && test -f "$SCRATCH/pusher.done" && all_there "$SCRATCH/clone" && all_there "$SCRATCH/repo"
	'
}

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

test_expect_success 'plain HTTP and WebDAV: refused, with a way' '
	cd repo && dv remote add web "$HTTP_URL/gc" && test_must_fail dv gc -r web 2>err && cat err && grep "cannot say what it has" err
'

test_expect_success 'a pending list that is damaged or newer: nothing is relied on' '
	mkdir remote2 && cd repo && dv remote add two "$SCRATCH/remote2" && dv push -q -r two && mkdir "$SCRATCH/remote2/gc" &&
	printf "DVGC\002\000\000\000" >"$SCRATCH/remote2/gc/pending" && test_must_fail dv push -r two 2>err && grep newer err &&
	echo nonsense >"$SCRATCH/remote2/gc/pending" && test_must_fail dv push -r two 2>err && cat err && test_must_fail dv gc -r two
'

test_done
