#!/bin/sh

test_description='dv diff: between commits, and from the work tree'

. "${0%/*}/test-lib.sh"

# Nodes of trees that a diff reads.
nodes_read () {
	DV_TRACE=$SCRATCH/trace dv diff "$@" >/dev/null &&
	sed -n 's/.* diff: \([0-9]*\) nodes$/\1/p' "$SCRATCH/trace" | tail -n 1
}

test_expect_success 'setup: two commits with a change of every kind' '
	make_repo repo && cd repo && mkdir -p data/sub data/empty &&
	for i in 1 2 3 4 5; do echo "file $i" >data/f$i && echo "sub $i" >data/sub/$i || return 1; done &&
	ln -s f1 data/link && echo model >model.bin && echo gone >gone.bin &&
	dv add -q data model.bin gone.bin && git add -A && git commit -qm one && git tag one &&
	cp -r data ../data1 &&
	echo more >>data/f1 && rm data/f2 && mv data/f3 data/g3 && chmod +x data/f4 &&
	rm data/f5 && mkdir data/f5 && echo y >data/f5/y && mv data/sub data/sub2 &&
	ln -sf f4 data/link && rmdir data/empty && ln -s f1 data/empty && echo bigger >>model.bin &&
	rm gone.bin.dv gone.bin && echo new >new.bin &&
	dv add -q data model.bin new.bin && git add -A && git commit -qm two && git tag two
'

cat >"$SCRATCH/expect-changes" <<-\EOF
M	data/f1
D	data/f2
M	data/f4
D	data/f5
A	data/f5/
R100	data/f3	data/g3
M	data/link
R100	data/sub/	data/sub2/
D	data/empty/
A	data/empty
D	gone.bin
M	model.bin
A	new.bin
EOF
sort "$SCRATCH/expect-changes" >"$SCRATCH/expect"

test_expect_success 'between two commits, in each way of naming them' '
	cd repo && for revs in "one two" "one..two" "one.." "one HEAD" "one two --" "one..two --"
	do
		dv diff --name-status $revs | sort >../actual && test_cmp ../expect ../actual || return 1
	done
'

test_expect_success 'the other way round' '
	cd repo && dv diff --name-status two one | cut -f1 | sort >../actual &&
	printf "%s\n" A A A A D D D M M M M R100 R100 | test_cmp - ../actual
'

test_expect_success 'no commit named: the work tree is as HEAD says' '
	cd repo && dv diff --exit-code >../out && test ! -s ../out &&
	dv diff --name-status one | sort >../actual && test_cmp ../expect ../actual
'

test_expect_success 'changes in the work tree count without being added' '
	git clone -q repo work && mkdir remote && (cd repo && dv push -q -r "$SCRATCH/remote" -A) &&
	cd work && git checkout -q one && dv pull -q -r "$SCRATCH/remote" &&
	dv diff --exit-code && echo more >>data/f1 && rm data/f2 && mv data/f3 data/g3 && chmod +x data/f4 &&
	rm data/f5 && mkdir data/f5 && echo y >data/f5/y && mv data/sub/1 data/one && ln -sf f4 data/link &&
	test_exit_code 1 dv diff --exit-code --name-status >../actual &&
	cat >../expect2 <<-\EOF && test_cmp ../expect2 ../actual
	M	data/f1
	D	data/f2
	M	data/f4
	D	data/f5
	A	data/f5/
	R100	data/f3	data/g3
	M	data/link
	R100	data/sub/1	data/one
	EOF
'

test_expect_success 'added and changed once more: HEAD against what lies there now' '
	cd work && dv add -q data && echo "file 1" >data/f1 && echo "third" >data/third && rm -r data/sub &&
	dv diff --name-status >../actual && cat ../actual && ! grep "f1" ../actual &&
	grep "^A	data/third$" ../actual && grep "^D	data/sub/" ../actual && grep "^R100	data/f3	data/g3" ../actual
'

test_expect_success 'a file put back to what HEAD has is no change, one of its length is' '
	cd work && git checkout -q -f one && dv checkout -q -f && echo "FILE 1" >data/f1 && dv add -q data &&
	test_exit_code 1 dv diff --exit-code >../out && echo "file 1" >data/f1 &&
	dv diff --exit-code -- data/f1 && echo "fILE 1" >data/f1 && dv diff --name-status data/f1 >../actual &&
	echo "M	data/f1" >../expect2 && test_cmp ../expect2 ../actual &&
	cp model.bin ../model && echo MODEL >model.bin && dv add -q model.bin && dv diff model.bin | grep "modified: *model.bin" &&
	cp ../model model.bin && dv diff --exit-code model.bin
'

test_expect_success 'sizes, counts and a summary for people' '
	cd repo && dv diff one two >../actual && cat ../actual &&
	grep "^modified:     data/f1 (7 B -> 12 B)$" ../actual &&
	grep "^modified:     data/f4 (7 B, +x)$" ../actual &&
	grep "^added:        data/f5/ (1 file, 2 B)$" ../actual &&
	grep "^modified:     data/link (link to f1 -> link to f4)$" ../actual &&
	grep "^renamed:      data/sub/ -> data/sub2/ (5 files, 30 B)$" ../actual &&
	tail -n 1 ../actual >../last &&
	echo "files: 3 added, 4 modified, 3 deleted, 6 renamed; +38 B -39 B" >../expect2 && test_cmp ../expect2 ../last
'

test_expect_success '--recursive shows files below directories' '
	cd repo && dv diff -R --no-renames --name-status one two >../actual && grep "^D	data/sub/5$" ../actual &&
	grep "^A	data/sub2/5$" ../actual && ! grep "data/sub2/$" ../actual &&
	dv diff -R --name-status one two >../actual && grep "^R100	data/sub/	data/sub2/$" ../actual &&
	grep "^A	data/f5/y$" ../actual
'

test_expect_success '--json: one object a line, both sides in it' '
	cd repo && dv diff --json one two >../out && python3 - ../out <<-\EOF
	import json, sys
	rows = {r["path"]: r for r in map(json.loads, open(sys.argv[1]))}
	f1 = rows["data/f1"]
	assert (f1["change"], f1["before"]["size"], f1["after"]["size"]) == ("modified", 7, 12), f1
	assert len(f1["after"]["id"]) == 64 and f1["after"]["type"] == "file"
	assert rows["data/f4"]["after"]["executable"] and not rows["data/f4"]["before"]["executable"]
	assert rows["data/g3"]["from"] == "data/f3" and rows["data/g3"]["change"] == "renamed"
	assert rows["new.bin"]["tracked"] and "before" not in rows["new.bin"]
	assert rows["data/sub2"]["after"]["files"] == 5 and not rows["data/sub2"]["tracked"]
	assert rows["data/link"]["after"]["target"] == "f4"
	assert len(rows) == 11, len(rows)	# data/f5 and data/empty come twice
	EOF
'

test_expect_success '--md is a table that a name cannot break out of' '
	make_repo md && cd md && mkdir d && echo 1 >"d/a|b<c>" && dv add -q d && git add -A && git commit -qm d &&
	echo 22 >"d/a|b<c>" && dv diff --md >../actual && cat >../expect2 <<-\EOF && test_cmp ../expect2 ../actual
	| change | path | size |
	| --- | --- | --- |
	| modified | d/a\|b\<c\> | 2 B -\> 3 B |

	files: 1 modified; +3 B -2 B
	EOF
'

test_expect_success '--stat has exact bytes' '
	cd repo && dv diff --stat one two >../actual && grep "^ data/f1 | 7 -> 12 bytes$" ../actual &&
	grep "^ data/f2 | 7 -> 0 bytes$" ../actual
'

test_expect_success 'only the paths that were asked for' '
	cd repo && dv diff --name-status one two -- data/sub data/f1 >../actual &&
	printf "M\tdata/f1\nD\tdata/sub/\n" | test_cmp - ../actual &&
	(cd data && dv diff --name-status one two -- f1 sub2) >../actual &&
	printf "M\tdata/f1\nA\tdata/sub2/\n" | test_cmp - ../actual &&
	dv diff one two -- model.bin.dv >../actual && grep "modified: *model.bin" ../actual &&
	dv diff one two -- data/f1 data data/sub | wc -l >../n1 && dv diff one two -- data | wc -l | test_cmp ../n1 - &&
	test_must_fail dv diff one two -- nowhere 2>err && grep "nothing is tracked at nowhere" err
'

test_expect_success 'what is neither commit nor path, or both, is said' '
	cd repo && test_must_fail dv diff nonsense 2>err && grep nonsense err &&
	test_must_fail dv diff nonsense -- data 2>err && grep "no such commit: nonsense" err &&
	git branch data && test_must_fail dv diff data 2>err && grep "both a commit and a path" err &&
	dv diff data -- && dv diff -- data && git branch -qD data &&
	test_exit_code 129 dv diff one two one -- && test_exit_code 129 dv diff --json --stat
'

test_expect_success 'a pointer moved by git is one rename with its counts' '
	cd repo && git mv data.dv moved.dv && mv data moved && git mv model.bin.dv m.bin.dv &&
	dv diff --name-status >../actual &&
	printf "R100\tmodel.bin\tm.bin\nR100\tdata/\tmoved/\n" | test_cmp - ../actual &&
	dv diff -R --name-status >../actual2 && test_cmp ../actual ../actual2 &&
	dv diff >../out && grep "data/ -> moved/ (11 files" ../out && git mv moved.dv data.dv && mv moved data &&
	git mv m.bin.dv model.bin.dv
'

test_expect_success 'a repository without a commit: all is added' '
	git init -q fresh && cd fresh && dv init -q && mkdir d && echo 1 >d/1 && dv add -q d &&
	dv diff --name-status >../actual && printf "A\td/\n" | test_cmp - ../actual
'

test_expect_success 'a new directory is counted with what came since it was added' '
	cd fresh && echo 22 >d/2 && rm d/1 && dv diff >../out && grep "added: *d/ (1 file, 3 B)" ../out &&
	dv diff -R --name-status >../actual && printf "A\td/2\n" | test_cmp - ../actual
'

test_expect_success 'names with every kind of byte' '
	make_repo odd && cd odd && python3 - <<-\EOF &&
	import os
	os.mkdir("d")
	for n in (b"new\nline", b"tab\there", b"quo\"te", b"\xff\xfe", b" space ", b"-dash", b"x" * 255):
	    open(b"d/" + n, "w").write("1")
	EOF
	dv add -q d && git add -A && git commit -qm odd && python3 - <<-\EOF &&
	import os
	for n in os.listdir(b"d"):
	    open(b"d/" + n, "w").write("22")
	EOF
	dv diff -z >../out && python3 - ../out <<-\EOF && dv diff --name-status >../out &&
	import sys
	words = open(sys.argv[1], "rb").read().split(b"\0")
	assert words[-1] == b"" and words[0:-1:2] == [b"M"] * 7, words
	assert set(words[1::2]) >= {b"d/new\nline", b"d/\xff\xfe", b"d/quo\"te"}, words
	EOF
	test "$(wc -l <../out)" -eq 7 && grep "\"d/new.nline\"" ../out
'

test_expect_success '20,000 files in one directory and some in 200, four changes: few nodes are read' '
	make_repo big && cd big && mkdir flat && python3 - <<-\EOF &&
	import os
	for i in range(20000):
	    open(f"flat/{i:05}", "w").write(str(i))
	for i in range(200):
	    os.makedirs(f"deep/{i:03}")
	    for k in range(10):
	        open(f"deep/{i:03}/{k}", "w").write(f"{i} {k}")
	EOF
	dv add -q flat deep && git add -A && git commit -qm one && git tag one &&
	echo changed >flat/10000 && echo changed >deep/100/5 && echo new >flat/19999x && rm flat/00000 &&
	dv add -q flat deep && git commit -qam two &&
	dv diff --name-status one HEAD >../actual &&
	printf "M\tdeep/100/5\nD\tflat/00000\nM\tflat/10000\nA\tflat/19999x\n" | test_cmp - ../actual &&
	n=$(nodes_read one HEAD) && echo "$n nodes" && test "$n" -gt 4 && test "$n" -lt 40 &&
	n=$(nodes_read HEAD HEAD) && test "$n" -eq 0
'

test_expect_success 'the store lacks lists: what is known is told, and how to get the rest' '
	git clone -q repo bare && cd bare &&
	test_must_fail dv diff --name-status one two >../actual 2>err && cat ../actual err &&
	grep "^M	data/$" ../actual && grep "^M	model.bin$" ../actual && grep "^D	gone.bin$" ../actual &&
	grep "data: the store lacks the list" err && grep "hint: dv fetch --rev one data" err &&
	{ dv diff --json one two 2>err || :; } >../out && grep "\"path\":\"data\"" ../out | grep "\"unlisted\":true" &&
	{ dv diff one two 2>err || :; } >../out && grep "modified: *data/ (11 files.* list not in the store)" ../out &&
	dv fetch -q -r "$SCRATCH/remote" --rev one data && dv fetch -q -r "$SCRATCH/remote" --rev two &&
	dv diff --name-status one two | sort >../actual && test_cmp ../expect ../actual
'

test_expect_success 'a file that became a link and the other way round, in commits and in the work tree' '
	make_repo kinds && cd kinds && mkdir d && echo 1 >d/file && ln -s file d/link && dv add -q d && git add -A && git commit -qm one &&
	rm d/file d/link && ln -s nowhere d/file && echo 2 >d/link && dv diff --name-status >../actual &&
	printf "T\td/file\nT\td/link\n" | test_cmp - ../actual && dv add -q d && git commit -qam two &&
	dv diff --name-status HEAD~ HEAD | test_cmp ../actual - && mv d/file d/moved && dv add -q d &&
	dv diff --name-status >../actual && printf "R100\td/file\td/moved\n" | test_cmp - ../actual
'

test_expect_success 'many of one content, of which some went for good: those of the same name belong together' '
	make_repo alike && cd alike && mkdir -p d/a d/b d/c && for i in $(seq 101 140); do echo same | tee d/a/$i >d/b/$i || return 1; done && dv add -q d && git add -A && git commit -qm one && rm d/a/101 d/a/102 d/b/101 && mv d/a d/x && mv d/b d/y && rm -r d/c && dv add -q d && git commit -qam two &&
	dv diff -R --name-status HEAD~ HEAD >../actual && for i in $(seq 103 140); do printf "R100\td/a/$i\td/x/$i\n" || return 1; done >../expect && grep "	d/x/" ../actual | test_cmp ../expect - &&
	for i in $(seq 103 140); do grep "^R100	d/[ab]/$i	d/y/$i$" ../actual || return 1; done && test "$(grep -c "^R" ../actual)" = 77 && test "$(grep -c "^D.*d/[ab]/" ../actual)" = 3
'

test_expect_success '-q prints nothing and says it by its exit code' '
	cd repo && test_exit_code 1 dv diff -q one two >../out && test ! -s ../out && dv diff -q two two
'

test_expect_success 'a...b is what b has done since both were the same' '
	make_repo dots && cd dots && mkdir d && echo 1 >d/1 && dv add -q d && git add -A && git commit -qm one && git checkout -qb topic && echo t >d/topic && dv add -q d && git commit -qam topic &&
	git checkout -q main && dv checkout -q && echo m >d/main && dv add -q d && git commit -qam main && printf "A\td/topic\n" >../expect &&
	dv diff --name-status main...topic >../actual && test_cmp ../expect ../actual && dv diff --name-status ...topic -- d >../actual && test_cmp ../expect ../actual &&
	printf "D\td/main\nA\td/topic\n" >../expect && dv diff --name-status main..topic >../actual && test_cmp ../expect ../actual &&
	test_must_fail dv ls --rev main...topic && test_must_fail dv diff main...nothing 2>../err && grep "no such commit: nothing" ../err &&
	git checkout -q --orphan other && git commit -qm other && test_must_fail dv diff main...other 2>../err && grep "no commit in common" ../err &&
	mkdir ../broken && printf "#!/bin/sh\ncase \"\$*\" in *...*) exit 128 ;; esac\nexec %s \"\$@\"\n" "$(command -v git)" >../broken/git && chmod +x ../broken/git &&
	test_must_fail env PATH="$SCRATCH/broken:$PATH" dv diff main...topic 2>../err && cat ../err && ! grep "in common" ../err && grep "git failed with exit code 128" ../err
'

test_expect_success 'where git itself fails no commit is said to be none' '
	cd repo && printf "#!/bin/sh\ncase \"\$*\" in *rev-parse*) echo wrong >&2 && exit 128 ;; esac\nexec %s \"\$@\"\n" "$(command -v git)" >../broken/git &&
	test_must_fail env PATH="$SCRATCH/broken:$PATH" dv diff one two 2>../err && cat ../err && ! grep "no such commit" ../err && grep "git failed with exit code 128" ../err &&
	test_must_fail dv diff one "HEAD@{999}" 2>../err && grep "no such commit: HEAD@{999}" ../err
'

test_expect_success 'what was a file and is a directory: files with -R, also without renames, and parts of it by name' '
	make_repo turned && cd turned && echo 1 >x && mkdir d && echo hello >d/f && dv add -q x d && git add -A && git commit -qm one && git tag one && dv rm -q x d && mkdir x && echo 1 >x/x && echo hello >d && dv add -q x d && git add -A && git commit -qm two && git tag two &&
	printf "A\td\nA\tx/x\nD\td/f\nD\tx\n" >../expect && dv diff -R --no-renames --name-status one two | sort >../actual && test_cmp ../expect ../actual &&
	printf "A\tx/x\n" >../expect && dv diff --name-status one two -- x/x >../actual && test_cmp ../expect ../actual && printf "D\td/f\n" >../expect && dv diff --name-status one two -- d/f >../actual && test_cmp ../expect ../actual &&
	printf "D\tx/x\n" >../expect && dv diff --name-status two one -- x/x >../actual && test_cmp ../expect ../actual && test_must_fail dv diff one two -- x/y
'

test_expect_success 'what a sparse work tree leaves out was not deleted' '
	make_repo wide && cd wide && mkdir a b && echo 1 >a/f && echo 2 >b/f && dv add -q a/f b/f && git add -A && git commit -qm one && git tag one && echo 22 >b/f && dv add -q b/f && git commit -qam two && for how in --no-sparse-index --sparse-index
	do
		git sparse-checkout set --cone $how a && test ! -e b/f.dv && dv checkout -q && dv diff --exit-code && printf "M\tb/f\n" >../expect && dv diff --name-status one >../actual && test_cmp ../expect ../actual || return 1
	done && echo 11 >a/f && printf "M\ta/f\n" >../expect && dv diff --name-status >../actual && test_cmp ../expect ../actual
'

test_expect_success 'what is neither a commit nor a path is told as both' '
	cd wide && test_must_fail dv diff mian 2>../err && cat ../err && grep "nothing is tracked at mian" ../err && grep "hint: mian is no commit either" ../err && test_must_fail dv diff -- mian 2>../err && ! grep commit ../err
'

test_done
