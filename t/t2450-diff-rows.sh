#!/bin/sh

test_description='dv diff --content: the rows and columns of tables'

. "${0%/*}/test-lib.sh"

# versions <file> <before> <after>: two commits with what printf makes of them
versions () {
	printf "$2" >"$1" && dv add -q "$1" && git add -A && git commit -q --allow-empty -m before && printf "$3" >"$1" && dv add -q "$1" &&
	git commit -q --allow-empty -am after
}

# rows <file> <option>...: the line about them
rows () {
	f=$1 && shift && dv diff --content "$@" HEAD~1 HEAD "$f" | grep "^$f: " | sed "s/^$f: //"
}

# are <text>: what came in is this line
are () {
	echo "$1" >"$SCRATCH/want" && test_cmp "$SCRATCH/want" -
}

test_expect_success 'rows that came, went and changed, in whatever order' '
	make_repo repo && cd repo && versions t.csv "id,name\n1,a\n2,b\n3,c\n" "id,name\n3,c\n2,B\n4,d\n" &&
	rows t.csv | are "rows: 2 added, 2 removed (3 -> 3)" && rows t.csv --key id | are "rows: 1 added, 1 removed, 1 changed (3 -> 3)" &&
	rows t.csv --key name | are "rows: 2 added, 2 removed, 0 changed (3 -> 3)" && dv diff --key id HEAD~1 HEAD >../out && grep "^+2,B$" ../out &&
	rows t.csv --key id --key nothing | are "rows: 2 added, 2 removed (3 -> 3); no such key"
'

test_expect_success 'columns that came and went: the others are compared' '
	cd repo && versions t.csv "id,name,age\n1,a,10\n2,b,20\n" "age,id,size\n10,1,x\n21,2,y\n" &&
	rows t.csv | are "rows: 1 added, 1 removed (2 -> 2); columns: added size; removed name" &&
	rows t.csv --key id | are "rows: 0 added, 0 removed, 1 changed (2 -> 2); columns: added size; removed name" &&
	versions t.csv "a,b\n1,2\n" "c,d\n1,3\n" && rows t.csv | are "rows: 1 added, 1 removed (1 -> 1); columns: added c, d; removed a, b" &&
	versions t.csv "a,a\n1,2\n" "a,a,a\n1,2,2\n" && rows t.csv | are "rows: 0 added, 0 removed (1 -> 1); columns: added a"
'

test_expect_success 'quotes, line ends in fields, CR LF, a mark at the start, other delimiters: the same rows' '
	cd repo && versions t.csv "a,b\n1,\"x \"\"y\"\"\nz\"\n2,\"p,q\"\n" "\357\273\277\"a\",b\r\n2,\"p,q\"\r\n\r\n1,\"x \"\"y\"\"\nz\"" &&
	rows t.csv | are "rows: 0 added, 0 removed (2 -> 2)" && versions t.csv "a;b\n1;2,5\n" "a;b\n1;2,5\n3;4,5\n" && rows t.csv --key a | are "rows: 1 added, 0 removed, 0 changed (1 -> 2)" &&
	versions t.tsv "a\tb\n1\tx,y\n" "b\ta\nx,y\t1\n" && rows t.tsv | are "rows: 0 added, 0 removed (1 -> 1)"
'

test_expect_success 'equal rows are counted, and so are rows of one key; short and long ones differ' '
	cd repo && versions t.csv "k,v\n1,a\n1,a\n1,b\n" "k,v\n1,a\n1,c\n1,b\n1,b\n" && rows t.csv | are "rows: 2 added, 1 removed (3 -> 4)" &&
	rows t.csv --key k | are "rows: 1 added, 0 removed, 1 changed (3 -> 4)" && rows t.csv --key k --key v | are "rows: 2 added, 1 removed, 0 changed (3 -> 4)" &&
	versions t.csv "k,v\n1,\n2,x,y\n" "k,v\n1\n2,x\n" && rows t.csv | are "rows: 2 added, 2 removed (2 -> 2)" &&
	versions t.csv "" "k,v\n1,2\n" && rows t.csv | are "rows: 1 added, 0 removed (0 -> 1); columns: added k, v"
'

test_expect_success 'what cannot be read as a table is said, and its lines are shown' '
	cd repo && versions t.csv "a,b\n1,\"x\n" "a,b\n1,\"y\n" && rows t.csv | are "not compared by rows: a quote that does not end" && dv diff --content HEAD~1 HEAD | grep "^+1,\"y$" &&
	versions t.csv "a\0b\n" "a\0c\n" && dv diff --content HEAD~1 HEAD >../out && grep "^t.csv: not compared by rows: a 0 byte$" ../out && grep "^t.csv: binary$" ../out &&
	versions x.csv "a\033[31m\n1\n" "b\n1\n" && rows x.csv | are "rows: 0 added, 0 removed (1 -> 1); columns: added b; removed \"a\\\\033[31m\"" && dv diff --content HEAD~1 HEAD t.csv | wc -l | grep "^0$"
'

test_expect_success '--json has the numbers; other forms go without' '
	cd repo && versions t.csv "id,n\n1,a\n2,b\n" "id,m\n1,a\n3,b\n" && dv diff --json --key id HEAD~1 HEAD t.csv >../out && python3 - ../out <<-\END &&
	import json, sys
	row = json.loads(open(sys.argv[1]).read())
	assert row["rows"] == {"before": 2, "after": 2, "added": 1, "removed": 1, "changed": 0}, row
	assert row["columns"] == {"added": ["m"], "removed": ["n"]}
	END
	dv diff --json --content HEAD~1 HEAD t.csv | jq -e "[.rows.removed, .hunks[0].lines] == [1, [\"-id,n\", \"+id,m\", \" 1,a\", \"-2,b\", \"+3,b\"]]" && dv diff --json HEAD~1 HEAD >../out && test_must_fail grep rows ../out && test_exit_code 129 dv diff --stat --key id
'

test_expect_success 'the work tree as it is now' '
	cd repo && printf "id,m\n1,a\n3,c\n5,e\n" >t.csv && dv diff --key id t.csv >../out && grep "^t.csv: rows: 1 added, 0 removed, 1 changed (2 -> 3)$" ../out && dv add -q t.csv && git commit -qam w
'

# a sanitizer's shadow takes more than any limit
if nm "$DV_BUILD/dv" | grep -q __asan
then
	limit () { :; }
else
	limit () { ulimit -v 400000; }
fi

test_expect_success 'a table that is longer than what is compared by lines, in bounded memory' '
	cd repo && python3 - <<-\END &&
	import random
	random.seed(1)
	rows = [(i, random.randrange(10**12), "text %d" % (i % 97)) for i in range(600000)]
	def write(name, rows):
	    with open(name, "w") as f:
	        f.write("id,value,what\n")
	        f.writelines("%d,%d,%s\n" % r for r in rows)
	write("large.csv", rows)
	random.shuffle(rows)
	rows = [(i, v + 1, w) if i % 1000 == 7 else (i, v, w) for i, v, w in rows if i % 600 != 5] + [(10**7 + i, 0, "") for i in range(50)]
	write("after.csv", rows)
	END
	dv add -q large.csv && git add -A && git commit -qm before && mv after.csv large.csv && dv add -q large.csv && git commit -qam after &&
	(limit && dv diff --key id HEAD~1 HEAD large.csv) >../out && grep "^large.csv: rows: 50 added, 1000 removed, 600 changed (600000 -> 599050)$" ../out &&
	grep "^large.csv: more than 8 MiB, not compared by lines$" ../out && test -z "$(find .git/dv/tmp -type f)"
'

test_expect_success 'content that the store lacks is told, in JSON too' '
	mkdir remote && cd repo && dv push -q -r "$SCRATCH/remote" -A && git clone -q . ../clone && cd ../clone && dv remote add -d origin "$SCRATCH/remote" && dv fetch -q --rev HEAD t.csv &&
	dv ls --rev HEAD~3 t.csv >/dev/null && test_must_fail dv diff --json --content HEAD~3 HEAD t.csv >../out 2>err && cat err ../out && grep "lacks the content" err && test_must_fail grep rows ../out
'

test_expect_success 'why a table is not compared by rows is told in JSON too' '
	cd repo && versions open.csv "a,b\n\"x,2\n" "a,b\n\"x,3\n" && rows open.csv | are "not compared by rows: a quote that does not end" &&
	dv diff --json --content HEAD~1 HEAD open.csv >../out && jq -e ".rows_unknown == \"a quote that does not end\" and (has(\"rows\") | not)" ../out
'

test_done
