#!/bin/sh

test_description='a push that is slower than the grace of a gc at the remote'

. "${0%/*}/test-lib.sh"

# The remote has a pack that no root needs any more, and the pusher relies on
# it: it has the same data under another path.
new_world () {
	cd "$SCRATCH" && rm -rf repo clone third remote roots fresh && make_repo repo && mkdir remote && cd repo && dv remote add origin "$SCRATCH/remote" &&
	echo one >one && dv add -q one && git add -A && git commit -qm one && dv push -q && git clone -q . ../clone &&
	random_bytes 300000 1 >old && dv add -q old && git add -A && git commit -qm old && dv push -q &&
	git reset -q --hard HEAD^ && rm -f old && git reflog expire --expire=now --all && rm -f .git/ORIG_HEAD &&
	cd ../clone && mkdir dir && random_bytes 300000 1 >dir/old && random_bytes 200000 2 >dir/new && dv add -q dir && git add -A && git commit -qm dir &&
	cp -r "$SCRATCH/repo/.git/dv/have" .git/dv/
}

# gc_until <word>: the remote's clock may not have moved on
gc_until () {
	n=0
	until dv gc -r origin --grace now >out && cat out && grep "^$1" out
	do
		n=$((n + 1)) && test $n -lt 200 || return 1
	done
}

collected () {
	(cd ../repo && gc_until condemn && gc_until remove && grep "^remove packs/" out)
}

all_there () {
	git clone -q . ../fresh && cd ../fresh && dv pull -q && random_bytes 300000 1 | cmp - dir/old && random_bytes 200000 2 | cmp - dir/new && dv fsck -q -r origin
}

for point in "push pack sent" "push before locator" "push locator sent"
do
	export point
	test_expect_success "both runs of gc while a push has stopped at: $point" '
		new_world && stopped_at "$point" push && collected && go_on && cat ../stopped.out && grep "^pushed" ../stopped.out && all_there
	'
done

test_expect_success 'the first run alone: what is condemned goes under another name' '
	new_world && stopped_at "push before locator" push && (cd ../repo && gc_until condemn) && go_on && (cd ../repo && gc_until remove) && all_there
'

test_expect_success 'the second run alone' '
	new_world && (cd ../repo && gc_until condemn) && stopped_at "push before locator" push && (cd ../repo && gc_until remove) && go_on && all_there
'

test_expect_success 'two who collect at once: the slower one removes nothing' '
	new_world && cd ../repo && gc_until condemn && cp -r . ../other && cd ../other && stopped_at "gc-looked" gc -r origin --grace now &&
	(cd ../repo && gc_until remove) && test_exit_code 1 go_on && cat ../stopped.err && grep "somebody else is collecting" ../stopped.err
'

# One of the pusher's roots, which is at the remote, is condemned as well.
root_condemned () {
	new_world && cd ../clone && dv push -q && git clone -q . "$SCRATCH/third" && (cd ../third && dv pull -q) && cd ../repo && gc_until condemn && grep "^condemn roots/" out
}

test_expect_success 'a push inside of the second run: nothing it has written is removed' '
	new_world && cd ../repo && gc_until condemn && stopped_at "gc-looked" gc -r origin --grace now && (cd ../clone && dv push | grep "^pushed") && go_on && grep "^remove packs/" ../stopped.out && cd ../clone && all_there
'

for point in "gc-claimed" "gc-looked" "gc-before-remove-there"
do
	export point
	test_expect_success "what is being removed is pushed when it is gone: second run stopped at $point" '
		root_condemned && stopped_at "$point" gc -r origin --grace now && gc=$stopped gc_watcher=$watcher && cd ../clone && stopped_at "push waits" push &&
		kill -CONT $gc && wait $gc_watcher && go_on && cat ../stopped.out && dv push | grep "up to date" && all_there
	'
done

for point in "gc-claimed" "gc-before-remove-there" "gc-before-remove-there:2" "gc-before-packs"
do
	export point
	test_expect_success "the second run killed at $point: the next one goes on, other roots are pushed before" '
		root_condemned && { DV_TEST_CRASH_AT=$point "$DV_BUILD/crash/dv" gc -q -r origin --grace now; test $? -eq 137; } && dv push | grep "up to date" &&
		echo two >two && dv add -q two && git add -A && git commit -qm two && dv push | grep "^pushed 1" &&
		dv gc -r origin >out && cat out && grep "^remove packs/" out && dv gc -n -r origin | grep "nothing" && cd ../clone && dv push | grep "^pushed" && all_there
	'
done

test_expect_success 'the second run fails: nobody has to wait for it' '
	root_condemned && cp -r ../remote/roots ../roots && for f in ../remote/roots/*/*; do echo no >"$f"; done && test_must_fail dv gc -r origin --grace now 2>err && cat err && grep "not a root locator" err &&
	cp -r ../roots ../remote/ && dv gc -r origin | grep "not due" && cd ../clone && dv push && cd ../repo && dv gc -r origin --grace now && cd ../clone && all_there
'

test_expect_success 'Ctrl-C in the second run: nobody has to wait for it' '
	root_condemned && stopped_at "gc-before-remove-there" gc -r origin --grace now && kill -INT $stopped && { go_on; test $? = 130; } && dv gc -r origin | grep "not due" && cd ../clone && dv push && all_there
'

test_expect_success 'a push with nothing to do before the first run writes its list: it has the grace' '
	root_condemned && rm -r ../remote/gc && stopped_at "gc-before-mark" gc -r origin --grace now && (cd ../clone && dv push | grep "up to date") && go_on && grep "^condemn roots/" ../stopped.out &&
	dv gc -r origin --grace 1h | grep "not due" && (cd ../clone && dv push) && gc_until remove && cd ../clone && all_there
'

test_done
