#!/bin/sh

test_description='rm: stop tracking, and lose nothing'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup' '
	make_repo repo && cd repo && mkdir -p d/sub/deep sub && echo 1 >d/a && echo 2 >d/sub/b && echo 3 >d/sub/deep/c && ln -s a d/link && echo f >f && echo g >sub/g &&
	dv add -q d f sub/g && git add -A && git commit -q -m data
'

test_expect_success 'a file: data, pointer and line go, the hint can be typed' '
	cd repo && dv rm f >out 2>err && cat out err && grep "^f: no longer tracked, 1 file removed" out && test ! -e f && test ! -e f.dv && ! grep -x /f .gitignore &&
	sed -n "s/^hint: //p" err >hint && grep "git add f.dv .gitignore" hint && sh -e ./hint && rm hint out err && git status --short >../out && grep "^D  f.dv" ../out &&
	git reset -q --hard && dv checkout && grep f f
'

test_expect_success 'a whole directory with its folders; --dry-run does nothing' '
	cd repo && dv rm -n d >../out && grep "would no longer" ../out && test -f d/a && test -f d.dv && dv rm d && test ! -e d && test ! -e d.dv &&
	dv status >../out && ! grep "d/" ../out && git reset -q --hard && dv checkout && test -f d/sub/deep/c && test -L d/link
'

test_expect_success 'the last line of a .gitignore takes the file along' '
	cd repo && dv rm --json sub/g >../out && cat ../out && grep "\"removed\":1" ../out && test ! -e sub/.gitignore && git reset -q --hard && dv checkout
'

for change in "echo x >>d/a" "echo n >d/sub/new" "rm -rf .git/dv/data" "echo x >d/x && dv add -q d"
do
	export change
	test_expect_success "what would be lost is refused, all of the arguments stay: $change" '
		rm -rf copy && cp -a repo copy && cd copy && eval "$change" && describe_tree d >../before && test_must_fail dv rm f d 2>err && cat err &&
		grep "^error: d" err && grep "hint: dv rm --keep" err && describe_tree d >../after && test_cmp ../before ../after && test -f f && test -f f.dv && test -f d.dv
	'
done

test_expect_success 'a refusal names a command for the argument, not for what was found in it' '
	rm -rf copy && cp -a repo copy && cd copy/d && echo n >sub/new && test_must_fail dv rm sub 2>../err && cat ../err && grep "^error: d/sub/new is not recorded" ../err &&
	sed -n "s/^hint: \(dv rm --keep [^ ]*\) .*/\1/p" ../err >../hint && grep "keep sub$" ../hint && sh -e ../hint && test -f sub/b && ! dv ls sub &&
	test_must_fail dv rm -f sub/new 2>../err && cat ../err && grep "sub/new is not recorded" ../err && test -f sub/new
'

test_expect_success 'what dv add says of a file that is gone can be typed' '
	rm -rf copy && cp -a repo copy && cd copy/sub && rm g && test_must_fail dv add g 2>../err && cat ../err && sed -n "s/.*; \(dv rm [^ ]*\) .*/\1/p" ../err >../hint &&
	grep "rm g$" ../hint && sh -e ../hint && test ! -e g.dv && test ! -e .gitignore
'

test_expect_success '-f removes changed files; those never recorded are kept' '
	rm -rf copy && cp -a repo copy && cd copy && echo x >>d/a && echo n >d/sub/new && dv rm -f d >out && cat out && grep "1 kept that was not" out &&
	test ! -e d/a && test ! -e d/sub/deep && grep n d/sub/new && test ! -e d.dv
'

test_expect_success '--keep leaves the data' '
	rm -rf copy && cp -a repo copy && cd copy && echo x >>d/a && dv rm --keep d && grep x d/a && test -L d/link && test ! -e d.dv && git status --short | grep "d/"
'

test_expect_success 'a path inside a tracked directory leaves the pointer' '
	rm -rf copy && cp -a repo copy && cd copy && dv rm d/sub/deep d/link >out && cat out && test ! -e d/sub/deep && test ! -L d/link && dv ls -R d >out && cat out &&
	test "$(cat out | tr "\n" " ")" = "d/a d/sub/ d/sub/b " && dv status --short >out && ! grep "^[MDA?]" out
'

test_expect_success 'also what was never put here, and nothing else is fetched or dropped' '
	rm -rf clone && git clone -q repo clone && cd clone && mkdir -p .git/dv && cp -r ../repo/.git/dv/. .git/dv && rm -rf .git/dv/stat && dv checkout d/a && dv rm d/sub/b &&
	test ! -e d/sub && dv ls -R d >out && ! grep "sub/b" out && grep "sub/deep/c" out && dv checkout && test -f d/sub/deep/c && test ! -e d/sub/b
'

test_expect_success '--cached is --keep' '
	rm -rf copy && cp -a repo copy && cd copy && echo x >>d/a && dv rm --cached d && grep x d/a && test ! -e d.dv
'

test_expect_success '--keep inside: the file stays as one that is new' '
	rm -rf copy && cp -a repo copy && cd copy && dv rm --keep d/a && grep 1 d/a && dv status --short >out && grep "^?? d/a" out && ! dv ls d/a
'

test_expect_success 'what is not tracked or not recorded is named' '
	rm -rf copy && cp -a repo copy && cd copy && echo x >plain && test_must_fail dv rm plain 2>err && grep plain err && test_must_fail dv rm d/nope 2>err && grep "d/nope" err && test_must_fail dv rm 2>err && test -f plain
'

test_expect_success 'bytes of a name that cannot be shown are written as git does' '
	rm -rf copy && cp -a repo copy && cd copy && name=$(printf "a\377b\033c") && echo x >"d/$name" && test_must_fail dv rm d 2>err && cat err && grep "^error: d/a.377b.033c is not recorded" err && LC_ALL=C grep -v "[^ -~]" err | test_cmp err -
'

test_expect_success 'core.autostage stages what went; dv remove is the same command' '
	rm -rf copy && cp -a repo copy && cd copy && git config dv.core.autostage true && dv remove f sub/g d/link 2>err && ! grep hint err && git status --short >out && cat out && grep "^D  f.dv" out && grep "^M  d.dv" out && grep "^D  sub/g.dv" out
'

test_expect_success 'a .git in a tracked directory was never recorded: it stays, and so do the folders above' '
	rm -rf copy && cp -a repo copy && cd copy && mkdir d/.git d/sub/.git && echo x >d/.git/config && echo y >d/sub/.git/config && dv status -q && dv rm d >../out && cat ../out && grep "2 kept that were not recorded" ../out &&
	test ! -e d/a && test -f d/.git/config && test -f d/sub/.git/config && test ! -e d.dv
'

test_done
