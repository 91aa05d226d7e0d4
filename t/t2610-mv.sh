#!/bin/sh

test_description='mv: another name for tracked data'

. "${0%/*}/test-lib.sh"

clean () {
	dv status --short >"$SCRATCH/clean" && { ! grep "^[MDA?!X]" "$SCRATCH/clean" || { cat "$SCRATCH/clean"; return 1; }; }
}

test_expect_success 'setup' '
	make_repo base && cd base && mkdir -p d/sub plain && echo 1 >d/a && echo 2 >d/sub/b && echo f >f && echo p >plain/p &&
	dv add -q d f && git add -A && git commit -q -m data
'

test_expect_success 'a file: data, pointer and line move, git sees a rename' '
	cp -a base m1 && cd m1 && cp f.dv ../f.dv && dv mv f g >out 2>err && cat out err && grep "^f -> g$" out && grep f g && test ! -e f && test_cmp ../f.dv g.dv && test ! -e f.dv &&
	grep -x /g .gitignore && ! grep -x /f .gitignore && clean && sed -n "s/^hint: //p" err >../hint && sh -e ../hint && git status --short >out && grep "^R  f.dv -> g.dv" out
'

test_expect_success 'a directory into a folder that is not there yet, and into one that is' '
	cp -a base m2 && cd m2 && describe_tree d >../before && dv mv -n d x/y/e && test -d d && dv mv d x/y/e && describe_tree x/y/e >../after && test_cmp ../before ../after &&
	clean && test ! -e d.dv && dv mv x/y/e plain && test -f plain/e/sub/b && clean && grep -x /e plain/.gitignore && test ! -e x/y/.gitignore
'

test_expect_success 'nothing is read again' '
	cp -a base m3 && cd m3 && head -c 300000 /dev/urandom >d/big && dv add -q d && until dv status && dv add --json d | grep "\"read_bytes\":0,"; do :; done &&
	dv mv d e && dv add --json e >out && cat out && grep "\"read_bytes\":0," out
'

test_expect_success 'data that are not here: the pointer moves' '
	cp -a base m4 && cd m4 && rm -rf d && dv mv d e && test -f e.dv && test ! -e d.dv && dv checkout && test -f e/sub/b
'

test_expect_success 'inside a tracked directory: the pointer is made anew' '
	cp -a base m5 && cd m5 && dv mv d/sub/b d/new/c && grep 2 d/new/c && dv ls -R d >out && cat out && grep "d/new/c" out && ! grep "sub/b" out && clean &&
	dv mv d/a d/new && grep 1 d/new/a && clean
'

test_expect_success 'what cannot be is refused and all stays' '
	cp -a base m6 && cd m6 && describe_tree . | grep -v "^b.\.git/\|^b.\.git.\|out\|err" >../before &&
	for args in "d f" "f d.dv" "d/a f2" "f d/f" "plain/p q" "nope q" "d d/x" "f ../out-of-here" "f .git/x" "f plain/p"
	do
		test_must_fail dv mv $args 2>../err || { echo "$args"; return 1; }
		grep "^error: " ../err || return 1
	done && describe_tree . | grep -v "^b.\.git/\|^b.\.git.\|out\|err" >../after && test_cmp ../before ../after && test_must_fail dv mv f 2>../err && test_must_fail dv mv f d nodir 2>../err && clean
'

test_expect_success 'across the border of a tracked directory: the hint as typed' '
	cp -a base m8 && cd m8 && for args in "f d/f" "d/a f2"
	do
		test_must_fail dv mv $args 2>../err && sed -n "s/^hint: //p" ../err | sed "s/, then/ \&\&/; s/ and / \&\& /" >../hint &&
		cat ../hint && sh -e ../hint || return 1
	done && dv ls -R >out && printf "d/\nd/f\nd/sub/\nd/sub/b\nf2\n" >expect && test_cmp expect out && dv status --short >out && ! grep -v "^P " out
'

test_expect_success 'several into a folder; autostage; dv move is the same command' '
	cp -a base m7 && cd m7 && git config dv.core.autostage true && dv move f d plain 2>err && ! grep hint err && git status --short >out && cat out && grep "^R  f.dv -> plain/f.dv" out && clean
'

test_expect_success 'what is recorded stays where it is when git add fails' '
	cp -a base m10 && cd m10 && git config dv.core.autostage true && : >.git/index.lock && test_must_fail dv mv d/a d/z 2>err && grep index.lock err && rm .git/index.lock err &&
	test -f d/z && ! test -e d/a && git add d.dv && git commit -qm moved && dv status -q && dv status >../out && cat ../out && grep "nothing changed" ../out
'

test_expect_success 'into a folder that is not there: a file is not given its name' '
	cp -a base m9 && cd m9 && test_must_fail dv mv f none/ 2>../err && cat ../err && grep "there is no folder none" ../err && grep "hint: mkdir -p none" ../err && test -f f && ! test -e none.dv &&
	test_must_fail dv mv d/a d/none/ && test -f d/a && dv mv d/sub d/new/ && test -f d/new/b && dv mv d e/ && test -f e/new/b && mkdir none && dv mv f none/ && test -f none/f
'

test_expect_success 'where one of several cannot be moved none is, and two cannot take one name' '
	cp -a base m11 && cd m11 && mkdir -p e/d x && echo x >x/f && dv add -q x/f && test_must_fail dv mv f d e 2>../err && cat ../err && grep "^error: e/d is there already" ../err && test -f f && test -d d &&
	test ! -e e/f && test_must_fail dv mv f x/f e 2>../err && cat ../err && grep "^error: two of them would become e/f$" ../err && test -f f && test -f x/f && test ! -e e/f.dv
'

test_expect_success 'a move that fails half-way is undone' '
	cp -a base m12 && cd m12 && mkdir e && ln -s nowhere e/.gitignore && test_must_fail dv mv f e 2>../err && cat ../err && grep "e/.gitignore is a symbolic link" ../err &&
	grep f f && test -f f.dv && test ! -e e/f && test ! -e e/f.dv && grep -x /f .gitignore && rm e/.gitignore && clean && git status --porcelain >out && ! grep dv out
'

test_expect_success 'of several, a failure nobody could foresee: what was moved before is to be added' '
	cp -a base m15 && cd m15 && mkdir x e && echo x >x/g && dv add -q x/g && git add x && git commit -qm x && rm x/.gitignore && ln -s nowhere x/.gitignore &&
	test_must_fail dv mv f x/g e 2>../err && cat ../err && grep "^error: x/.gitignore is a symbolic link" ../err && grep "^hint: git add .*e/f.dv" ../err && ! grep e/g ../err &&
	test -f e/f && test -f x/g && test -f x/g.dv && test ! -e e/g && test ! -e e/g.dv
'

test_expect_success 'beyond a symbolic link nothing is ours' '
	cp -a base m13 && cd m13 && ln -s plain sl && echo q >plain/q && dv add -q plain/q && for command in "mv sl/q q2" "rm -f sl/q" "cat sl/q" "checkout sl/q" "ls sl/q"
	do
		test_must_fail dv $command 2>../err && cat ../err && grep "nothing is tracked at sl/q" ../err && grep "hint: sl leads elsewhere: cd sl$" ../err || return 1
	done && test -f plain/q.dv && grep q plain/q && test ! -e q2.dv && (cd sl && dv cat q)
'

test_expect_success 'the hint names nothing that is gone and git never knew' '
	cp -a base m14 && cd m14 && mkdir e && echo e >e/plain && git add e/plain && dv mv f d e 2>/dev/null && dv mv e/f e/d . 2>../err && cat ../err && test ! -e e/.gitignore && sed -n "s/^hint: //p" ../err >../hint && sh -e ../hint && clean
'

test_done
