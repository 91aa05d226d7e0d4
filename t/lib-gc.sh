# shellcheck shell=sh
# Collecting at a remote, for each kind of it; sourced after test-lib.sh.

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
