#!/bin/sh

test_description='dv check-ignore: as git check-ignore --no-index, for .dvignore'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup: the same patterns for dv and for git in a repository of its own' '
	make_repo repo && git init -q twin && for r in repo twin
	do
		mkdir -p $r/data/logs/deep $r/data/cache $r/data/keep && touch $r/data/logs/a.log $r/data/logs/a.gz || return 1
	done &&
	printf "%s\n" "# a comment" "" "*.log" "!keep.log" "/data/cache/" "data/logs/**/*.gz" "trail\\ " "\\!bang" >top &&
	printf "%s\r\n" "x.tmp" "!special.log" >below && printf "\357\273\277bom\n" >>repo/data/logs/.dvignore &&
	cp repo/data/logs/.dvignore twin/data/logs/.gitignore &&
	cp top repo/.dvignore && cp top twin/.gitignore && cp below repo/data/.dvignore && cp below twin/data/.gitignore &&
	cat >paths <<-\EOF
	a.log
	data/x.log
	data/keep.log
	keep.log
	data/special.log
	data/logs/special.log
	data/cache
	data/cache/
	data/cache/inside/file
	cache/
	data/logs/a.gz
	data/logs/deep/b.gz
	data/x.tmp
	x.tmp
	data/logs/x.tmp
	data/logs/bom
	data/bom
	plain
	!bang
	trail 
	./data/../a.log
	EOF
'

test_expect_success 'each answer is that of git, whatever the options' '
	for options in "" "-v" "-v -n"
	do
		(cd twin && git check-ignore --no-index $options --stdin <../paths; echo $?) |
			sed "s/\.gitignore/.dvignore/g" >expect &&
		(cd repo && dv check-ignore $options --stdin <../paths; echo $?) >actual &&
		test_cmp expect actual || return 1
	done
'

test_expect_success 'NUL bytes on both sides, names with every kind of byte' '
	printf "%s\0" "new
line.log" "$(printf "\377\376").log" "quo\"te.log" "tab	.log" plain >zpaths &&
	(cd twin && git check-ignore --no-index -z -v -n --stdin <../zpaths) | sed "s/\.gitignore/.dvignore/g" >expect &&
	(cd repo && dv check-ignore -z -v -n --stdin <../zpaths) >actual && cmp expect actual &&
	(cd repo && dv check-ignore "new
line.log") >actual && printf "%s\n" "\"new\\nline.log\"" | test_cmp - actual
'

test_expect_success 'paths as arguments, from a folder below' '
	cd repo/data && dv check-ignore -v cache/x logs/a.log ../plain >../../actual &&
	printf ".dvignore:5:/data/cache/\tcache/x\n.dvignore:3:*.log\tlogs/a.log\n" | test_cmp - ../../actual
'

test_expect_success 'exit codes: 0 one is, 1 none is, 128 for trouble, 129 for wrong usage' '
	cd repo && test_exit_code 0 dv check-ignore -q plain a.log && test_exit_code 1 dv check-ignore plain &&
	test_exit_code 1 dv check-ignore data/special.log && test_exit_code 0 dv check-ignore -v data/special.log &&
	test_exit_code 128 dv check-ignore ../outside 2>err && grep outside err &&
	ln -s data link && test_exit_code 128 dv check-ignore link/a.log 2>err && grep "symbolic link" err &&
	test_exit_code 129 dv check-ignore && test_exit_code 129 dv check-ignore -n x && test_exit_code 129 dv check-ignore --stdin x
'

test_expect_success '--json has an object a path, with the pattern that decides' '
	cd repo/data && printf "%s\0" special.log a.log logs .git/x "a\"b" >../../zin &&
	cat >../../expect <<-\EOF &&
	{"path":"special.log","ignored":false,"file":"data/.dvignore","line":2,"pattern":"!special.log"}
	{"path":"a.log","ignored":true,"file":".dvignore","line":3,"pattern":"*.log"}
	{"path":"logs","ignored":false}
	{"path":".git/x","ignored":true,"pattern":".git"}
	{"path":"a\"b","ignored":false}
	EOF
	dv check-ignore --json -n --stdin -z <../../zin | test_cmp ../../expect - &&
	dv check-ignore --json a.log special.log logs >../../actual && sed -n 2p ../../expect | test_cmp - ../../actual &&
	dv check-ignore --json -v a.log special.log logs >../../actual && test $(wc -l <../../actual) = 2 &&
	test_exit_code 1 dv check-ignore --json special.log logs >../../actual && test ! -s ../../actual
'

test_expect_success '.git is left out without any pattern' '
	cd repo && dv check-ignore -v data/.git/config >../actual && printf "(built in):0:.git\tdata/.git/config\n" | test_cmp - ../actual
'

test_expect_success 'what it says is what add does' '
	cd repo && rm -f link && touch data/x.tmp data/special.log data/logs/deep/b.gz data/cache/c && dv add -q data &&
	dv ls -R data >../recorded && find data -type f | while read -r f
	do
		if dv check-ignore -q "$f"; then ! grep -qx "$f" ../recorded; else grep -qx "$f" ../recorded; fi || { echo "$f"; return 1; }
	done
'

test_done
