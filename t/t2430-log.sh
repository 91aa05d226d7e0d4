#!/bin/sh

test_description='dv log: the versions of a tracked path and of what is inside'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup: five versions, the last but one under another name, a commit apart' '
	make_repo repo && cd repo && mkdir -p data/sub &&
	for i in 1 2 3; do echo "file $i" >data/$i && echo "sub $i" >data/sub/$i || return 1; done &&
	dv add -q data && git add -A && git commit -qm "first" && git tag v1 &&
	echo more >>data/1 && rm data/2 && echo "new" >data/4 && dv add -q data && git commit -qam "second" && git tag v2 &&
	echo text >README && git add README && git commit -qm "no data" &&
	chmod +x data/sub/1 && dv add -q data && git commit -qam "third" &&
	git mv data.dv set.dv && mv data set && echo "/set" >>.gitignore && dv checkout -q && git commit -qam "moved" && git tag v4 &&
	mv set/3 set/three && dv add -q set && git commit -qam "fifth"
'

test_expect_success 'each commit that changed it, newest first, through the rename' '
	cd repo && dv log --oneline set | cut -d" " -f2- >../actual && cat >../expect <<-\EOF && test_cmp ../expect ../actual
	(6 files, 41 B; +0 ~0 -0, 1 renamed) fifth
	(6 files, 41 B; +0 ~0 -0, 6 renamed) moved
	(6 files, 41 B; +0 ~1 -0) third
	(6 files, 39 B -> 6 files, 41 B; +1 ~1 -1) second
	(6 files, 39 B; +6 ~0 -0) first
	EOF
'

test_expect_success 'the long form names commit, author, date and path' '
	cd repo && dv log -n 2 set >../actual && cat ../actual && test "$(grep -c "^commit" ../actual)" -eq 2 &&
	grep "^commit $(git rev-parse HEAD)$" ../actual && grep "^Author: A$" ../actual && grep "^    moved$" ../actual &&
	grep "^    renamed: data -> set (6 files, 41 B;" ../actual
'

test_expect_success 'of a path inside only what changed that' '
	cd repo && dv log --oneline set/sub/1 | sed "s/.*) //" >../actual &&
	printf "%s\n" moved third first | test_cmp - ../actual &&
	dv log --oneline set/1 | sed "s/.*) //" >../actual && printf "%s\n" moved second first | test_cmp - ../actual &&
	(cd set/sub && dv log --oneline -n 1 1) | sed "s/.*) //" >../actual && echo moved | test_cmp - ../actual
'

test_expect_success 'a revision or a range, and a path that is tracked no longer' '
	cd repo && dv log --oneline v2 data | sed "s/.*) //" >../actual &&
	printf "%s\n" second first | test_cmp - ../actual &&
	dv log --oneline v1..v2 data.dv | sed "s/.*) //" >../actual && echo second | test_cmp - ../actual &&
	dv log --oneline v2 -- data/2 | sed "s/.*) //" >../actual && printf "%s\n" second first | test_cmp - ../actual &&
	dv log --json v2 -- data/2 | head -n 1 | grep "\"change\":\"deleted\""
'

test_expect_success '--json has it all' '
	cd repo && dv log --json set >../out && python3 - ../out <<-\EOF
	import json, sys
	rows = [json.loads(line) for line in open(sys.argv[1])]
	assert [r["change"] for r in rows] == ["modified", "renamed", "modified", "modified", "added"], rows
	assert (rows[3]["added"], rows[3]["modified"], rows[3]["deleted"]) == (1, 1, 1)
	assert rows[3]["before"] == {"path": "data", "size": 39, "files": 6} and rows[3]["after"]["size"] == 41
	assert "before" not in rows[4] and len(rows[0]["commit"]) == 40 and rows[0]["subject"] == "fifth"
	EOF
'

test_expect_success 'a merge is a version only if it differs from all parents' '
	git clone -q repo merge && cd merge && git checkout -q -b side v2 && git checkout -q -b other v2 &&
	echo x >x && git add x && git commit -qm "aside" && git merge -q --no-ff -m "merged" side &&
	dv log --oneline data | sed "s/.*) //" >../actual && printf "%s\n" second first | test_cmp - ../actual
'

test_expect_success 'a single file, a name with odd bytes, a subject that would move the cursor' '
	cd repo && f="odd \"name\" *[x]" && echo 1 >"$f" && dv add -q "$f" && git add -A && git commit -qm "$(printf "red \033[31m")" &&
	echo 22 >"$f" && dv add -q "$f" && git commit -qam "two" && dv log --oneline "$f" >../actual &&
	sed "s/^[0-9a-f]* //" ../actual >../short && printf "%s\n" "(2 B -> 3 B; +0 ~1 -0) two" "(2 B; +1 ~0 -0) red ?[31m" | test_cmp - ../short
'

test_expect_success 'what once was no pointer is told and passed over' '
	cd repo && cp set.dv ../keep.dv && echo "<<<<<<< nonsense" >set.dv && git commit -qam "broken" && cp ../keep.dv set.dv &&
	git commit -qam "mended" && dv log --oneline set >../actual && head -n 3 ../actual && test "$(wc -l <../actual)" -eq 7
'

test_expect_success 'trouble: no such path, no such revision, no history, wrong usage' '
	cd repo && test_must_fail dv log nowhere 2>err && grep "no commit has a version of nowhere" err &&
	test_must_fail dv log no-such-rev -- set 2>err && test_must_fail dv log --output=x set &&
	test_exit_code 129 dv log && test_exit_code 129 dv log a b c &&
	test_must_fail dv log -- --all set 2>err && grep "no such commit: --all" err && test_must_fail dv log ../outside 2>err && grep outside err
'

test_expect_success 'in a clone without lists sizes are known, and what to fetch for the rest' '
	git clone -q repo bare && cd bare && dv log --oneline set >../actual 2>err && cat ../actual err &&
	grep "(6 files, 39 B -> 6 files, 41 B; list not in the store) second" ../actual && grep "hint: .*dv fetch -A set" err &&
	test_must_fail dv log --oneline set/1 >../actual 2>err && grep "list not in the store" ../actual && grep "hint: dv fetch -A set" err
'

test_expect_success 'as many versions as asked for, none too' '
	cd repo && dv log -n 2 --oneline set >../actual && test "$(wc -l <../actual)" = 2 && dv log -n 0 set >../actual && test ! -s ../actual
'

test_done
