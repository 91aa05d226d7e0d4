#!/bin/sh

test_description='dv ls -a: the files of git beside what dv tracks, here and elsewhere'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup: code, data, both in one folder, a link, a submodule' '
	git init -q lib && git -C lib commit -q --allow-empty -m x && make_repo repo && cd repo && git rm -q --cached .dvignore && rm .dvignore &&
	mkdir -p mixed/code data/a src/deep && echo readme >README && echo print >mixed/code/run.py && echo 22 >mixed/w &&
	echo 1 >data/a/one && ln -s README link && echo x >src/deep/run && chmod +x src/deep/run && dv add -q data mixed/w &&
	git submodule -q add ../lib sub && git add -A && git commit -qm one &&
	mkdir ../remote && dv remote add -d origin ../remote && git commit -qam remote && git tag v1 && dv push -q
'

cat >"$SCRATCH/top" <<-\END
	.dvconfig
	.gitattributes
	.gitignore
	.gitmodules
	README
	data/
	link
	mixed/
	src/
	sub
END

test_expect_success 'the entries of the top: of the work tree, of a commit, of another repository' '
	cd repo && dv ls >../actual && printf "%s\n" data/ mixed/w | test_cmp - ../actual && dv ls -a >../actual && test_cmp ../top ../actual &&
	dv ls -a --rev v1 >../actual && test_cmp ../top ../actual && dv ls --repo . >../actual && test_cmp ../top ../actual &&
	cd .. && dv ls --repo repo >actual && test_cmp top actual && dv ls "file://$SCRATCH/repo" >actual && test_cmp top actual &&
	dv ls --repo repo --dvc-only >actual && printf "%s\n" data/ mixed/w | test_cmp - actual
'

test_expect_success '-R: all below, data in the place of its pointer' '
	cd repo && dv ls -a -R mixed src data >../actual && cat >../expect <<-\END && test_cmp ../expect ../actual &&
	mixed/.gitignore
	mixed/code/
	mixed/code/run.py
	mixed/w
	src/deep/
	src/deep/run
	data/a/
	data/a/one
	END
	dv ls -aR >../here && dv ls -aR --rev HEAD >../there && test_cmp ../here ../there && (cd src && dv ls -a deep) >../actual &&
	echo deep/run | test_cmp - ../actual && dv ls -aR --repo . --exclude data --exclude "*.py" mixed >../actual &&
	printf "%s\n" mixed/.gitignore mixed/code/ mixed/w | test_cmp - ../actual
'

test_expect_success '--tree and --level' '
	cd repo && dv ls -a --tree mixed >../actual && printf "%s\n" mixed/.gitignore mixed/code/ "  run.py" mixed/w | test_cmp - ../actual &&
	dv ls -a -L 1 >../actual && test_cmp ../top ../actual && dv ls -a --level 2 --exclude ".*" --rev v1 >../actual && cat >../expect <<-\END && test_cmp ../expect ../actual &&
	README
	data/
	data/a/
	link
	mixed/
	mixed/code/
	mixed/w
	src/
	src/deep/
	sub
	END
	dv ls -L 2 >../actual && printf "%s\n" data/ data/a/ mixed/w | test_cmp - ../actual && dv ls -L 1 data >../actual && echo data/a/ | test_cmp - ../actual
'

test_expect_success '-l, --size and --json say what it is' '
	cd repo && dv ls -l --repo . >../actual && grep "^l  *6  link -> README$" ../actual && grep "^m  *-  sub$" ../actual &&
	grep "^d  *-  src/$" ../actual && dv ls -aRl src >../actual && grep "^x  *2  src/deep/run$" ../actual &&
	dv ls --size --rev v1 -a README mixed/w src >../actual && printf "       7 B  README\n       3 B  mixed/w\n         -  src/deep/\n" | test_cmp - ../actual &&
	dv ls -aR --json >../here && dv ls -aR --json --rev HEAD >../actual && test_cmp ../here ../actual && python3 - ../actual <<-\END
	import json, sys
	rows = {r["path"]: r for r in map(json.loads, open(sys.argv[1]))}
	assert rows["README"] == {"path": "README", "type": "file", "git": True, "size": 7, "executable": False}
	assert rows["src"] == {"path": "src", "type": "directory", "git": True}
	assert rows["sub"] == {"path": "sub", "type": "submodule", "git": True}
	assert rows["link"]["target"] == "README" and rows["data"]["files"] == 1 and "git" not in rows["mixed/w"]
	END
'

test_expect_success 'the work tree: what is gone is left out, what is new to git is not there, a new pointer is' '
	cd repo && rm README && echo new >untracked && mkdir fresh && echo n >fresh/n && dv add -q fresh/n && dv ls -a >../actual &&
	test_must_fail grep -e README -e untracked ../actual && grep "^fresh/$" ../actual && dv ls -a fresh >../actual &&
	echo fresh/n | test_cmp - ../actual && git checkout -q README && git checkout -q -- . && rm -r untracked fresh && dv ls -a >../actual && test_cmp ../top ../actual
'

test_expect_success 'a path of neither, wrong usage' '
	cd repo && test_must_fail dv ls -a README nowhere 2>err && grep "neither git nor dv has nowhere" err &&
	test_must_fail dv ls -a --rev v1 data/nowhere 2>err && test_must_fail dv ls --repo . nowhere 2>err && grep nowhere err && rm err &&
	test_must_fail dv ls -a README/x && test_must_fail dv ls -a link/x && test_exit_code 129 dv ls -a --dv-only
'

test_expect_success 'names that lead astray are left out, odd ones are quoted' '
	cd repo && blob=$(git hash-object -w README) && odd=$(printf "odd\nname") &&
	tree=$(printf "100644 blob %s\t.git\000100644 blob %s\t..\000100644 blob %s\tok\000100644 blob %s\t%s\0" $blob $blob $blob $blob "$odd" | git mktree -z) &&
	commit=$(git commit-tree -m x $tree </dev/null) && dv ls -a --rev $commit >../actual && printf "%s\n" "\"odd\\nname\"" ok | test_cmp - ../actual
'

test_expect_success 'where dv is not set up all is of git, whatever it is called' '
	git init -q plain && echo film >plain/film.dv && git -C plain add -A && git -C plain commit -qm x && dv ls --repo plain >actual && echo film.dv | test_cmp - actual &&
	test_must_fail dv ls --repo plain --dv-only 2>err && grep "not set up in" err && test_must_fail dv du --repo plain 2>err && grep "not set up in" err &&
	dv get plain film.dv -o f && cmp f plain/film.dv && dv cat --repo plain film.dv | cmp - plain/film.dv
'

test_expect_success 'a file of git is got and printed like any other' '
	dv get repo mixed/code/run.py && echo print | cmp - run.py && dv get repo src -o s && test -x s/deep/run && dv cat --repo repo README | grep readme &&
	cd repo && dv cat --rev v1 --repo . README | grep readme
'

test_expect_success 'du of another repository, at a revision' '
	cd repo && echo 333 >data/a/two && dv add -q data && git commit -qam two && dv push -q && cd .. &&
	dv du --repo repo >actual && printf "6\t2\tdata/\n3\t1\tmixed/w\n" | test_cmp - actual &&
	dv du --repo repo --rev v1 -d 1 data >actual && printf "2\t1\tdata/\n2\t1\tdata/a/\n" | test_cmp - actual &&
	dv du --repo repo -s --json | grep "\"total\":true,\"size\":9,\"files\":3"
'

test_done
