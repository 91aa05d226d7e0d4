#!/bin/sh

test_description='mv and init, killed: the same command goes on; Ctrl-C ends in order'

. "${0%/*}/test-lib.sh"

# killed_at <point> <arguments of dv>
killed_at () {
	(DV_TEST_CRASH_AT=$1 && export DV_TEST_CRASH_AT && shift && "$DV_BUILD/crash/dv" "$@")
	test $? -eq 137
}

test_expect_success 'setup' '
	make_repo base && cd base && mkdir -p d/sub plain && echo 1 >d/a && echo 2 >d/sub/b && echo f >f && echo p >plain/p &&
	dv add -q d f && git add -A && git commit -q -m data
'

for words in "f g" "d e" "d plain" "f plain/g"
do
	export words
	test_expect_success "mv $words" '
		cp -a base want && (cd want && dv mv -q $words && dv status >../status && describe_tree . >../all && grep -v "^b.\.git/" ../all >../tree) &&
		for point in newfile-synced "mv: before data" "mv: after data" "stat-index: before rename" "stat-index: after rename"
		do
			echo "$point" && cp -a base m && (cd m && killed_at "$point:1" mv -q $words && git status --porcelain -uall >../seen && ! grep dv-tmp ../seen &&
			dv mv -q $words && dv status | cmp - ../status && find . -name ".dv-tmp-*" -not -path "./.git/*" -delete && describe_tree . | grep -v "^b.\.git/" | cmp - ../tree) && rm -rf m || exit 1
		done && rm -rf want
	'
done

test_expect_success 'what is there by itself is still in the way' '
	cp -a base m && cd m && cp f.dv g.dv && git add g.dv && test_must_fail dv mv f g 2>err && grep "g.dv is there" err && git rm -q --cached g.dv && echo g >g &&
	test_must_fail dv mv f g 2>err && grep "g is there" err && rm g && echo other >g && dv add -q g && rm g && test_must_fail dv mv f g 2>err && grep "g.dv is there" err && cmp f.dv ../base/f.dv
'

test_expect_success 'init' '
	git init -q i && (cd i && DV_TEST_CRASH_LOG=$SCRATCH/points "$DV_BUILD/crash/dv" init -q && git status --porcelain >../staged && git config --list --local >../config && rm ../points) &&
	for n in 1 2 3 4 5 6
	do
		rm -rf i && git init -q i && cd i && if killed_at newfile-named:$n init -q; then echo $n >>../points; fi && dv init -q && git status --porcelain | cmp - ../staged &&
		git config --list --local | cmp - ../config && cd .. || exit 1
	done && grep 3 points
'

test_expect_success 'init of what was committed changes nothing' '
	cp -a base again && cd again && dv init >out && grep already out && rm out && test -z "$(git status --porcelain)"
'

# At the n-th of many pointers: the n are finished, not one more is begun.
for n in 10 100
do
	export n
	test_expect_success "Ctrl-C while pointers are written: $n of twice as many" '
		rm -rf many && make_repo many && cd many && mkdir a b && for i in $(seq $n); do echo $i >a/$i && echo $i >b/$i || exit 1; done &&
		stopped_at batch-written:$n add a/* b/* && kill -INT $stopped && test_exit_code 130 go_on && grep interrupted ../stopped.err && ls a/*.dv >../put && test $(wc -l <../put) = $n && ! ls b/*.dv && test $(wc -l <a/.gitignore) = $n &&
		for p in a/*.dv; do git check-ignore -q ${p%.dv} || exit 1; done && dv status >../out && test $(grep -c "uncommitted: " ../out) = $n && ! grep "modified: " ../out &&
		dv add -q a/*[0-9] b/*[0-9] && dv status >../out && test $(grep -c "uncommitted: " ../out) = $((2 * n)) && git add -A && git commit -qm many && git ls-files >../files && ! grep "^[ab]/[0-9]*$" ../files && dv status -q && dv fsck -q
	'
done

# Ctrl-C goes to git too, and may end it before dv has heard of it.
test_expect_success 'Ctrl-C while git works is told as such' '
	mkdir shim && real=$(command -v git) && export real && cat >shim/git <<-\EOF &&
	#!/bin/sh
	case "$*" in *"$INT_AT"*) test $INT_WHOM = all && kill -INT 0; kill -INT $$ ;; esac
	exec "$real" "$@"
	EOF
	chmod +x shim/git && cp -a base ctrl && cd ctrl && before=$(git rev-parse HEAD) && for whom in all git
	do
		for at in rev-list for-each-ref "worktree list" force
		do
			echo "$whom $at" && force= && { test "$at" != force || { at=rev-list force=--force; }; } && test_exit_code 130 env INT_AT="$at" INT_WHOM="$whom" PATH="$SCRATCH/shim:$PATH" setsid --wait dv gc $force --grace now 2>err || exit 1
			cat err && grep "interrupted" err && ! grep hint err || exit 1
		done
	done && dv fsck -q && test "$(dv cat f)" = f
'

test_done
