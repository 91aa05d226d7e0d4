#!/bin/sh

test_description='dv init'

. "${0%/*}/test-lib.sh"

test_expect_success 'init makes and stages .dvconfig, .dvignore and .gitattributes, nothing else' '
	git init -q r && cd r &&
	dv init &&
	git status --porcelain >../out &&
	printf "A  .dvconfig\nA  .dvignore\nA  .gitattributes\n" >../expect &&
	test_cmp ../expect ../out
'

test_expect_success 'init again changes nothing' '
	cd r && echo "# mine" >>.dvignore && cp .dvignore keep &&
	dv init >out && grep "already" out && test_cmp keep .dvignore
'

test_expect_success 'init again puts back what lets pointers merge' '
	cd r && git commit -qm dv && echo "*.c text" >.gitattributes && git commit -qam lost && dv doctor --offline >out && grep -A1 "^warning .*merges" out | grep "hint: dv init" &&
	dv init && dv doctor --offline >out && grep "^ok .*merges" out && test "$(git diff --cached --name-only)" = .gitattributes && head -1 .gitattributes | grep "^\*.c text"
'

test_expect_success 'in a sub-folder it is the top that is set up' '
	git init -q s && mkdir -p s/a/b && cd s/a/b && dv init -q &&
	test -f ../../.dvconfig && test ! -e .dvconfig
'

test_expect_success 'the store is below .git: git clean cannot touch it' '
	make_repo t && cd t && echo data >d && dv add -q d &&
	git clean -fdxq && rm -f d &&
	test -d .git/dv/data &&
	git status --porcelain
'

test_expect_success 'a bare repository is refused' '
	git init -q --bare b.git && cd b.git &&
	test_must_fail dv init 2>err && grep -i "work tree" err
'

test_expect_success 'a .gitignore that lets little pass' '
	git init -q white && cd white && printf "*\n!*/\n!*.py\n" >.gitignore && dv init && test "$(git ls-files | tr "\n" " ")" = ".dvconfig .dvignore .gitattributes " && git commit -qm dv && dv init
'

test_done
