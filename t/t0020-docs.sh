#!/bin/sh

test_description='the manual agrees with the program'

. "${0%/*}/test-lib.sh"

docs=$TEST_DIR/../Documentation
commands=$(dv completion --commands | cut -f1)

test_expect_success 'every command has a page with its name and summary' '
	dv completion --commands | while IFS="	" read -r c summary
	do
		grep -q "^dv-$c - $summary\$" "$docs/dv-$c.adoc" || { echo "$c"; return 1; }
	done
'

test_expect_success 'the SYNOPSIS of each page is the usage of -h' '
	for c in $commands
	do
		dv $c -h | sed -n "s/^usage: //p; s/^   or: //p" >expect &&
		sed -n "/^\[verse\]/,/^\$/p" "$docs/dv-$c.adoc" | grep "^dv " >actual &&
		test_cmp expect actual || return 1
	done
'

test_expect_success 'every option has its entry, and no entry is without option' '
	for c in $commands
	do
		dv $c --list-options | cut -f1 | tr " " "\n" | sed "s/=\$//" | sort -u >expect &&
		sed -n "s/^\(-[A-Za-z-]*\)\( <[a-z]*>\)*::\$/\1/p" "$docs/dv-$c.adoc" | sort -u >actual &&
		test_cmp expect actual || { echo "$c"; return 1; }
	done
'

test_expect_success 'dv(1) names every command' '
	for c in $commands
	do
		grep -q "dv-$c(1)" "$docs/dv.adoc" || { echo "$c"; return 1; }
	done
'

test_expect_success 'every page is a well-formed man page' '
	asciidoctor -b manpage -D pages "$docs"/dv*.adoc 2>err && cat err && test ! -s err
'

test_expect_success 'every page that a page refers to exists' '
	cat "$docs"/dv*.adoc | grep -o "dv[a-z-]*([157])" | sort -u | sed "s/(.)//" >names &&
	while read -r name
	do
		test -f "$docs/$name.adoc" || { echo "no $name.adoc"; return 1; }
	done <names
'

test_expect_success 'the tutorial works as typed' '
	python3 - "$docs/dvtutorial.adoc" >script <<-\EOF &&
	import re, sys
	for block in re.findall(r"^----\n(.*?)^----\n", open(sys.argv[1]).read(), re.M | re.S):
	    # sh -e passes over what fails before an &&
	    print(block.replace(" && ", "\n"), end="")
	    if "cd project" in block:
	        print("mkdir -p data/train && echo 1 >data/train/1.png && head -c 100000 /dev/zero >model.bin")
	    if "cd clone" in block:
	        print("test -f data/train/1.png && echo 2 >data/train/2.png")
	EOF
	cat script && sh -ex ./script && test -d clone/.git && test -f clone/copy/1.png
'

test_done
