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
	grep "hint: dv fetch --rev one; dv fetch --rev two" err && dv fetch -q --rev one && dv fetch -q --rev two &&
	dv diff --content one two >../out && grep "^-gone for good$" ../out
'

test_done
