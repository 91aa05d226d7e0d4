#!/bin/sh

test_description='add of many single files, some of them ignored already'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup: names in two folders, some with a rule' '
	make_repo base && cd base && mkdir a b && for i in $(seq 100 399); do echo $i >a/$i && echo b$i >b/$i || return 1; done &&
	echo x >"a/sp ce" && echo y >"a/[1]" && echo "1?0" >a/.gitignore && printf "/200\r\n/300\r\n/201" >b/.gitignore && git add -A .dvconfig a/.gitignore b/.gitignore && git commit -qm rules
'

test_expect_success 'every file has its pointer, every name one line' '
	cp -a base all && cd all && dv add a/* b/* 2>../err && test $(ls a/*.dv | wc -l) = 302 && test $(ls b/*.dv | wc -l) = 300 &&
	git status --porcelain -uall >../out && ! grep -v "\.dv\"\{0,1\}$" out | grep -v "^ M [ab]/\.gitignore$" && test $(wc -l <a/.gitignore) = 293 &&
	test $(tr -d "\r" <b/.gitignore | sort | uniq -d | wc -l) = 0 && test $(tr "\r" "\n" <b/.gitignore | grep -c "^/") = 300 &&
	git check-ignore a/* b/* >../out && test $(wc -l <../out) = 602
'

test_expect_success 'the next step names each .gitignore that was changed, and no other' '
	grep "^hint: .* a/\.gitignore" err && grep "^hint: .* b/\.gitignore" err && cp -a base one && cd one && echo "*" >a/.gitignore && dv add a/??? b/??? 2>err && ! grep "a/\.gitignore" err && grep "b/\.gitignore" err
'

test_expect_success 'pointers too many to read are one pattern, which git add takes' '
	grep "^hint: git add .:/\*\.dv. a/\.gitignore b/\.gitignore$" err && cp -a base typed && cd typed && (cd b && dv add ../a/??? ../b/??? 2>../err) && sed -n "s/^hint: //p" err >cmd && (cd b && sh ../cmd) &&
	git diff --cached --name-only --diff-filter=A >../out && test $(wc -l <../out) = 601 && test -z "$(git status --porcelain -uno | grep -v "^[AM]  ")"
'

test_expect_success 'all are tracked before git knows them; again changes nothing' '
	cd all && dv ls >../out && test $(wc -l <../out) = 602 && cp a/.gitignore ../ga && cp b/.gitignore ../gb && dv add -q $(ls -d a/??? b/* | grep -v "\.dv$") && test_cmp ../ga a/.gitignore && test_cmp ../gb b/.gitignore &&
	git add -A && git commit -qm all && dv status -q
'

test_expect_success 'a folder whose .gitignore cannot be written does not undo another' '
	cp -a base bad && cd bad && rm b/.gitignore && ln -s ../base/.dvconfig b/.gitignore && test_must_fail dv add -q a/??? b/??? 2>err && grep "b/.gitignore is a symbolic link" err && ls b >out && ! grep "\.dv$" out && dv ls >out && ! grep "^b/" out &&
	git check-ignore a/??? >../out && test $(wc -l <../out) = 301 && rm b/.gitignore && dv add -q $(ls -d a/??? b/??? | grep -v "\.dv$") && test $(grep -c "^/" b/.gitignore) = 300
'

test_expect_success 'a glob of the shell names pointers beside their data: the second run does what the first one did' '
	make_repo glob && cd glob && mkdir -p data/d && echo a >data/a && echo b >data/b && echo x >data/d/x && dv add -q data/* && echo more >>data/b && echo c >data/c &&
	dv add --json data/* >../out && test "$(jq -r "select(.changed) | .path" ../out | sort | tr "\n" " ")" = "data/b data/c " && test "$(jq -r .path ../out | wc -l)" = 4 &&
	test "$(ls data | tr "\n" " ")" = "a a.dv b b.dv c c.dv d d.dv " && git add -A && git commit -qm 1 && dv status -q &&
	test_must_fail dv add data/a.dv 2>../err && grep "data/a.dv has the name of a pointer file" ../err && grep "hint: dv add data/a$" ../err &&
	rm data/a && echo more >>data/c && test_must_fail dv add data/* 2>../err && grep "no such file: data/a" ../err && grep "dv checkout data/a puts it back" ../err && dv status data/c | grep modified &&
	dv checkout -q data/a && dv add -q data/* && git commit -qam 2 && dv status -q && echo no >data/e.dv && test_must_fail dv add data/* 2>../err && grep "data/e.dv has the name of a pointer file" ../err
'

test_expect_success 'of many pointers the one that was edited is told, whatever its times and size' '
	cp -a all edited && cd edited && dv status -q && cp -p a/200.dv ../ref && sed "/^id/{s/[0-7]\$/x/;s/[89a-f]\$/0/;s/x\$/8/;}" ../ref >a/200.dv && touch -r ../ref a/200.dv && ! cmp -s ../ref a/200.dv && test $(wc -c <../ref) = $(wc -c <a/200.dv) &&
	dv status --porcelain >../out && grep "^P  a/200\.dv$" ../out && ! grep -v " a/200\(\.dv\)\{0,1\}$" ../out && cp -p ../ref a/200.dv && dv status -q
'

test_expect_success 'in each of several folders its own data is looked at' '
	cp -a all changed && cd changed && dv status -q && echo 2o0 >a/200 && echo b3o0 >b/300 && rm a/399 && mv b b2 && mkdir b && mv b2/*.dv b2/.gitignore b/ && ln -s ../b2/301 b/301 && mv b2/300 b/300 &&
	dv status --porcelain >../out && test $(grep -c "^M  " ../out) = 3 && grep "^M  a/200$" ../out && grep "^M  b/300$" ../out && grep "^M  b/301$" ../out && grep "^D  a/399$" ../out && test $(grep -c "^D  b/" ../out) = 298
'

test_expect_success 'a stat index that is damaged or replaced by a pipe counts as none' '
	cp -a base odd && cd odd && dv add -q a/??? && (set -- .git/dv/stat/* && printf x >>"$1" && rm "$2" && mkfifo "$2" && : >"$3") &&
	dv status --porcelain >../out && ! grep -v "^P  a/...\.dv$" ../out && dv checkout -q && dv status --porcelain >../out && ! grep -v "^P  a/...\.dv$" ../out
'

test_done
