#!/bin/sh

test_description='dv diff --content: the lines of files of text'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup: text, a table, binary, large, odd names' '
	make_repo repo && cd repo && mkdir data &&
	printf "one\ntwo\nthree\n" >data/text && printf "id,name\n1,a\n2,b\n3,c\n" >data/t.csv &&
	random_bytes 3000 1 >data/bin && seq 300000 >data/long.txt && : >data/empty &&
	{ seq 1 1200000; echo end; } >data/huge.txt && echo "gone for good" >data/gone && echo x >"data/new
line" && ln -s text data/link && dv add -q data && git add -A && git commit -qm one && git tag one &&
	printf "one\nTWO\nthree\n" >data/text && printf "id,name\n1,a\n3,c\n4,d\n" >data/t.csv &&
	random_bytes 3000 2 >data/bin && sed -i "s/^150000$/changed/" data/long.txt && : >data/empty2 && rm data/gone &&
	sed -i "s/^end$/END/" data/huge.txt && echo y >"data/new
line" && ln -sf t.csv data/link && echo fresh >data/fresh && chmod +x data/empty &&
	dv add -q data && git commit -qam two && git tag two
'

cat >"$SCRATCH/expect" <<-\END
added:        data/empty2 (0 B)
added:        data/fresh (6 B)
--- /dev/null
+++ b/data/fresh
@@ -0,0 +1 @@
+fresh
deleted:      data/gone (14 B)
--- a/data/gone
+++ /dev/null
@@ -1 +0,0 @@
-gone for good
END

test_expect_success 'lines of what came, went and changed' '
	cd repo && dv diff --content one two >../out && grep -A4 -e "^added:" -e "^deleted:" ../out | grep -v "^modified" >../some &&
	while IFS= read -r line; do grep -qxF -e "$line" ../some || { echo "$line"; return 1; }; done <../expect &&
	sed -n "/data\/text (/,/^[a-z]*:/p" ../out | head -n 7 >../actual && cat >../expect2 <<-\END && test_cmp ../expect2 ../actual
	modified:     data/text (14 B)
	--- a/data/text
	+++ b/data/text
	@@ -1,3 +1,3 @@
	 one
	-two
	+TWO
	END
'

test_expect_success 'a table by its rows; a file of many chunks; a name with a line end' '
	cd repo && grep -A9 "^+++ b/data/t.csv$" ../out | grep "^[-+][0-9]" >../actual &&
	printf "%s\n" "-2,b" "+4,d" | test_cmp - ../actual &&
	grep "^-150000$" ../out && grep "^+changed$" ../out && grep -F "+++ \"b/data/new\\nline\"" ../out
'

test_expect_success 'binary and too long are said, links and bits have no lines' '
	cd repo && grep "^data/bin: binary$" ../out && grep "^data/huge.txt: more than 8 MiB, not compared by lines$" ../out &&
	grep -A1 "^modified:     data/link" ../out | grep -v "^---" >../two && cat ../two && ! grep "^-text" ../out &&
	grep -A1 "^modified:     data/empty (0 B, +x)$" ../out | tail -n 1 | grep "^added"
'

test_expect_success 'the work tree as it is now' '
	cd repo && dv diff --content >../out && test ! -s ../out && echo four >>data/text && chmod +x data/t.csv &&
	dv diff --content data/text data/t.csv >../out && grep "^+four$" ../out && ! grep "^[-+][0-9]" ../out &&
	dv diff --content one data/text >../out && grep "^-two$" ../out && grep "^+four$" ../out && ! ls .git/dv/tmp | grep .
'

# json <path>: what --json --content says of one path from one to two
json () { dv diff --json --content one two "$1" >../json && cat ../json; }

test_expect_success '--json has the lines: of text, a table, what came and went' '
	cd repo && json data/text | jq -e "[.hunks, .truncated, .binary] == [[{before_line: 1, before_lines: 3, after_line: 1, after_lines: 3, lines: [\" one\", \"-two\", \"+TWO\", \" three\"]}], null, null]" &&
	json data/t.csv | jq -e ".rows.added == 1 and (.hunks[0].lines | index([\"-2,b\"]) and index([\"+4,d\"]))" && json data/gone | jq -e ".hunks == [{before_line: 1, before_lines: 1, after_line: 0, after_lines: 0, lines: [\"-gone for good\"]}]" &&
	json data/long.txt | jq -e ".hunks[0].before_line == 149997" && dv diff --json one two | jq -se "all(has(\"hunks\") | not)"
'

test_expect_success '--json: binary, too long, a link, a bit' '
	cd repo && json data/bin | jq -e "[.binary, .hunks] == [true, null]" && json data/huge.txt | jq -e "[.too_long, .hunks] == [true, null]" &&
	json data/link | jq -e "has(\"hunks\") or has(\"binary\") | not" && json data/empty | jq -e "has(\"hunks\") | not"
'

test_expect_success '--json: not without end, and bytes that are no text' '
	make_repo ends && cd ends && seq 5000 >many && { printf "%070000d\n" 1 && echo x; } >wide && printf "a\n" >last && printf "a\n\nb\n" >blank && dv add -q many wide last blank && git add -A && git commit -qm one && git tag one &&
	seq 5001 10000 >many && { printf "%070000d\n" 2 && echo x; } >wide && printf "\377\033[31m" >last && printf "a\n\nB\n" >blank && git config diff.suppressBlankEmpty true && dv add -q many wide last blank && git commit -qam two && git tag two &&
	json many | jq -e ".truncated and (.hunks | length == 1) and (.hunks[0] | .before_lines == 5000 and (.lines | length == 1000))" && json wide | jq -e ".truncated and .hunks[0].lines == []" &&
	json last | jq -e ".hunks[0].lines == [\"-a\", \"+\\u00ff\\u001b[31m\", \"\\\\ No newline at end of file\"]" && json blank | jq -e ".hunks[0].lines[1] == \" \"" && test "$(wc -c <../json)" -lt 1000
'

test_expect_success 'colours as git has them' '
	cd repo && git config color.diff always && dv diff --content data/text >../out && grep "$(printf "\033\[32m+")" ../out &&
	git config color.diff auto && dv diff --content data/text >../out && ! grep "$(printf "\033")" ../out && git config --unset color.diff
'

test_expect_success 'settings of git that run something are not followed' '
	cd repo && git config diff.external "touch $SCRATCH/ran; true" && echo "*.dv diff=evil" >.gitattributes &&
	git config diff.evil.textconv "touch $SCRATCH/ran; cat" && dv diff --content one two >../out && grep "^+fresh" ../out &&
	test ! -e ../ran && git config --unset diff.external && rm .gitattributes
'

test_expect_success 'content that the store lacks is told, the rest is shown' '
	mkdir remote && cd repo && dv push -q -r "$SCRATCH/remote" -A && git clone -q . ../clone && cd ../clone &&
	dv remote add -d origin "$SCRATCH/remote" && dv fetch -q data/fresh &&
	dv ls -R --rev one data >/dev/null && dv ls -R --rev two data >/dev/null &&
	test_must_fail dv diff --content one two >../out 2>err && cat err && grep "^+fresh$" ../out &&
	grep "^data/gone: its content is not in the store$" ../out && grep "the store lacks the content of" err &&
	grep "hint: dv fetch --rev one; dv fetch --rev two" err && test_must_fail dv diff --json --content one two data/gone data/fresh >../json && jq -se "map(has(\"hunks\")) | sort == [false, true]" ../json && dv fetch -q --rev one && dv fetch -q --rev two &&
	dv diff --content one two >../out && grep "^-gone for good$" ../out
'

test_expect_success 'git does not change line ends, nor filter what it compares' '
	make_repo plain && cd plain && printf "one\r\n" >cr && echo text >t && dv add -q cr t && git add -A && git commit -qm one && printf "one\n" >cr && echo TEXT >t && dv diff --content >../expect 2>&1 && grep "^+one" ../expect &&
	git config core.autocrlf true && dv diff --content >../actual 2>&1 && test_cmp ../expect ../actual && git config core.autocrlf input && dv diff --content >../actual 2>&1 && test_cmp ../expect ../actual && git config --unset core.autocrlf &&
	echo "* filter=up eol=crlf working-tree-encoding=UTF-16" >../attributes && git config core.attributesFile "$SCRATCH/attributes" && git config filter.up.clean "tr a-z A-Z" && dv diff --content >../actual 2>&1 && test_cmp ../expect ../actual && git config --unset core.attributesFile &&
	mkdir -p .git/info && echo "* -diff" >.git/info/attributes && dv diff --content >../actual 2>&1 && test_cmp ../expect ../actual && (GIT_DIR=$PWD/.git dv diff --content >../actual 2>&1) && test_cmp ../expect ../actual
'

test_expect_success 'settings of this repository are heard, those of a linked work tree too' '
	cd plain && git config color.ui always && git config color.diff.new blue && dv diff --content t >../actual && grep "$(printf "\033\[34m")+" ../actual && git config --unset color.ui && git config --unset color.diff.new &&
	git worktree add -q --detach ../plain2 && cd ../plain2 && dv checkout -q && seq 20 >t && dv add -q t && git commit -qam seq && sed s/10/ten/ t >u && mv u t && git config extensions.worktreeConfig true &&
	git config --worktree diff.context 1 && dv diff --content t >../actual && grep "^@@ -9,3 +9,3 @@" ../actual
'

test_done
