#!/bin/sh

test_description='dv du, dv ls --tree: what is recorded, summed up and drawn'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup' '
	make_repo repo && cd repo && mkdir -p models data/a/deep data/b data/empty &&
	random_bytes 1000 1 >data/a/one && random_bytes 200 2 >data/a/deep/two && random_bytes 30 3 >data/b/three &&
	ln -s one data/a/link && random_bytes 4000 4 >models/m.bin && random_bytes 2 5 >"data/new
line" && dv add -q data models/m.bin && git add -A && git commit -qm one && git tag one &&
	random_bytes 70 6 >data/b/four && dv add -q data && git commit -qam two
'

test_expect_success 'du: bytes, files and path of each tracked path' '
	cd repo && dv du >../actual && printf "1302\t6\tdata/\n4000\t1\tmodels/m.bin\n" | test_cmp - ../actual &&
	dv du -s >../actual && printf "5302\t7\ttotal\n" | test_cmp - ../actual &&
	dv du models >../actual && printf "4000\t1\tmodels/m.bin\n" | test_cmp - ../actual
'

test_expect_success 'du: inside, of a file, and in a commit' '
	cd repo && dv du data/a data/b/four >../actual &&
	printf "1200\t3\tdata/a/\n70\t1\tdata/b/four\n" | test_cmp - ../actual &&
	(cd data && dv du b) >../actual && printf "100\t2\tb/\n" | test_cmp - ../actual &&
	dv du --rev one data/b >../actual && printf "30\t1\tdata/b/\n" | test_cmp - ../actual &&
	dv du data data/b >../actual && printf "1302\t6\tdata/\n" | test_cmp - ../actual &&
	test_must_fail dv du nowhere 2>err && grep nowhere err && test_exit_code 129 dv du -s -d 1
'

test_expect_success 'du --max-depth: directories inside' '
	cd repo && dv du -d 1 data >../actual &&
	printf "1302\t6\tdata/\n1200\t3\tdata/a/\n100\t2\tdata/b/\n0\t0\tdata/empty/\n" | test_cmp - ../actual &&
	dv du -d 2 data >../actual && grep "^200	1	data/a/deep/$" ../actual &&
	dv du -d 1 data/a >../actual && printf "1200\t3\tdata/a/\n200\t1\tdata/a/deep/\n" | test_cmp - ../actual
'

test_expect_success 'du --max-depth where no list can be had: what the pointers say, and a failure' '
	git clone -q repo lists && cd lists && test_must_fail dv du -d 1 data models >../actual && printf "1302\t6\tdata/\n4000\t1\tmodels/m.bin\n" | test_cmp - ../actual
'

test_expect_success 'du --json, --human and -z' '
	cd repo && dv du --json data >../actual &&
	echo "{\"path\":\"data\",\"size\":1302,\"files\":6}" | test_cmp - ../actual &&
	dv du --json -s | grep "\"total\":true,\"size\":5302" && dv du --human models >../out && grep "3.9 KiB" ../out &&
	dv du -z | tr "\0" "\n" | grep "^1302	6	data/$"
'

test_expect_success 'du agrees with du(1) on what a checkout puts there' '
	cd repo && want=$(find data -type f -printf "%s\n" | awk "{ n += \$1 } END { print n }") &&
	test "$(dv du data | cut -f1)" = "$want"
'

test_expect_success 'ls --tree: names set in below their directories' '
	cd repo && dv ls --tree >../actual && cat >../expect <<-\EOF && test_cmp ../expect ../actual &&
	data/
	  a/
	    deep/
	      two
	    link
	    one
	  b/
	    four
	    three
	  empty/
	  "new\nline"
	models/m.bin
	EOF
	dv ls --tree --rev one data/b >../actual && echo data/b/three | test_cmp - ../actual &&
	dv ls --tree --human models data >../actual && grep "^x\{0,1\}-\{0,1\} *3.9 KiB  models/m.bin$" ../actual &&
	dv ls --tree -l data/a >../actual && grep "^l .* data/a/link -> one$" ../actual &&
	test_exit_code 129 dv ls --tree --json
'

test_expect_success 'in a clone without data the lists are fetched, the data is not' '
	mkdir remote && (cd repo && dv remote add -d origin "$SCRATCH/remote" && git add -A && git commit -qm r && dv push -q) &&
	git clone -q repo clone && cd clone && dv du -d 2 >../actual && grep "^200	1	data/a/deep/$" ../actual &&
	dv ls --tree data | grep deep && test_must_fail dv checkout data/a 2>err && test ! -e data/a/one
'

test_expect_success 'a work tree that a symbolic link leads to; a name with a colon in it' '
	ln -s repo way && cd way && echo colon >a:b && dv add -q a:b && dv cat "$SCRATCH/way/a:b" >../actual && echo colon | test_cmp - ../actual && dv cat a:b >../actual && echo colon | test_cmp - ../actual &&
	dv ls "$SCRATCH/way/data/b" >../actual && grep "^data/b/three$" ../actual && (cd data && dv du "$SCRATCH/way/models" | grep m.bin) && test_must_fail dv cat "$SCRATCH/out" 2>../err && grep "outside of" ../err &&
	test_must_fail dv cat nosuch:data 2>../err && grep "no such commit: nosuch" ../err
'

test_expect_success 'many names are looked up at once, and none is listed twice' '
	make_repo names && cd names && mkdir -p data/a && for n in a/x a-b y z.dv; do echo $n >data/$n || return 1; done && for i in 1 2 3; do echo $i >$i || return 1; done && dv add -q data 1 2 3 && git add -A && git commit -qm names &&
	DV_TRACE=1 dv ls data/a/x data/a-b data/a data/y 1 2 3.dv >../actual 2>../trace && sort ../actual | tr "\n" " " | grep "^1 2 3 data/a-b data/a/x data/y $" && test $(grep -c "git: tracked paths" ../trace) = 2 &&
	echo new | tee data/a/x data/a-b data/y 1 2 >3 && dv status data/a-b data/a/x data/a 1.dv 2 >../actual && grep -c "modified:" ../actual >../count && echo 4 | test_cmp - ../count && grep "data/a-b" ../actual && test_must_fail grep -E "data/y|  3" ../actual &&
	dv diff data/a/x data/a data/a-b 1.dv >../actual && cut -f 2 ../actual | cat && test $(grep -c "data/a/x" ../actual) = 1 && test $(grep -c "data/a-b" ../actual) = 1 && test_must_fail grep data/y ../actual && test_must_fail dv diff data nowhere && test_must_fail dv status 1/x
'

test_done
