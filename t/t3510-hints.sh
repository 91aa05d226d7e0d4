#!/bin/sh

test_description='what a hint says can be typed as it is, where the user stands'

. "${0%/*}/test-lib.sh"

# typed <file>: runs the command of the hint in it
typed () {
	sh -c "$(sed -n "s/^hint: \(.*; \)\{0,1\}\(dv [^;]*\).*/\2/p" "$1" | sed "s/ does that\$//")"
}

test_expect_success 'setup: a name that has to be quoted, pushed; a clone without data' '
	make_repo one && cd one && mkdir -p "a dir/sub" && echo 1 >"a dir/sub/1" && echo 2 >"a dir/2" && dv add -q "a dir" && dv remote add origin "$SCRATCH/there" 2>/dev/null &&
	git add -A && git commit -qm one && echo 3 >"a dir/3" && dv add -q "a dir" && git commit -qam two && dv push -q -A && cd .. && git clone -q one two && mkdir two/deep
'

test_expect_success 'dv add where the list of a directory is not in the store' '
	cd two/deep && test_exit_code 1 env DV_CORE_REMOTE=none dv add "../a dir/2" 2>../../err && cat ../../err &&
	grep "^hint: dv fetch .\.\./a dir.$" ../../err && typed ../../err
'

test_expect_success 'dv add of what was never put here' '
	cd two/deep && dv fetch -q && mkdir -p "../a dir" && test_exit_code 1 dv add "../a dir/2" 2>../../err && cat ../../err && grep "dv checkout .\.\./a dir/2. does that" ../../err &&
	typed ../../err && test "$(cat "../a dir/2")" = 2
'

test_expect_success 'pointers inside of each other, and a folder that is not there' '
	cd one && cp "a dir.dv" "a dir/x.dv" && git add -f "a dir/x.dv" && mkdir -p deep && (cd deep && test_exit_code 1 dv status 2>../../err && cat ../../err &&
	grep "keep one of them: rm .\.\./a dir/x.\.dv, or rm .\.\./a dir.\.dv" ../../err) && git rm -qf --cached "a dir/x.dv" && rm "a dir/x.dv" &&
	dv remote add gone "$SCRATCH/no such/x y" 2>/dev/null && test_exit_code 1 dv push -r gone 2>../err && cat ../err && grep "mkdir -p .$SCRATCH/no such." ../err
'

test_done
