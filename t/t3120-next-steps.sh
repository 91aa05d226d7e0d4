#!/bin/sh

test_description='what cannot be done beside git is said, with the next step'

. "${0%/*}/test-lib.sh"

# said <text> <hint>: the last command failed so
said () {
	cat "$SCRATCH/err" && grep -x "error: $1" "$SCRATCH/err" && grep -x "hint: $2" "$SCRATCH/err" && test "$(wc -l <"$SCRATCH/err")" -eq 2
}

# fails <command>
fails () {
	test_must_fail "$@" 2>"$SCRATCH/err"
}

test_expect_success 'no commit yet' '
	git init -q repo && cd repo && dv init -q && echo 1 >data && dv add -q data && fails dv log data && said "there is no commit yet" "git commit" &&
	fails dv diff HEAD && said "there is no commit yet" "git commit" && fails dv ls --rev HEAD && dv diff | grep "^added: *data"
'

test_expect_success 'log: an unknown revision, a path of git, one that was never committed, one of nobody' '
	cd repo && echo code >code && git add -A && git commit -qm 1 && git tag v1 && fails dv log nosuch -- data && grep -x "error: no such commit: nosuch" ../err &&
	test "$(wc -l <../err)" -eq 1 && fails dv log v1..nosuch data && grep -x "error: no such commit: nosuch" ../err && fails dv log v1..v1 data &&
	grep -x "error: no commit of v1..v1 changes data" ../err && fails dv log code && said "dv does not track code: git does" "git log -- code" &&
	echo 2 >new && dv add -q new && fails dv log new && said "no commit has a version of new yet" "git commit its pointer, new.dv" && fails dv log nowhere &&
	grep -x "error: no commit has a version of nowhere: it is not tracked" ../err && dv log v1 data | grep "added: data" && dv log ..v1 data 2>&1 | grep "no commit of"
'

test_expect_success 'a shallow clone' '
	cd repo && echo 3 >data && dv add -q data && git add -A && git commit -qm 2 && git clone -q --depth 1 "file://$SCRATCH/repo" ../shallow && cd ../shallow &&
	hint="this clone is shallow: git fetch --deepen=<n> gets so many commits more" && for c in "diff HEAD~1" "diff HEAD~1 HEAD" "diff HEAD~1.." "log HEAD~1 -- data" "ls --rev HEAD~1"; do
		fails dv $c && said "no such commit: HEAD~1" "$hint" || return 1
	done && git fetch -q --deepen=1 && dv diff HEAD~1 HEAD | grep "^modified: *data"
'

test_expect_success 'mv takes pointers as rm and git mv do' '
	cd repo && mkdir d && dv mv data.dv x && test -f x && test -f x.dv && test ! -e data.dv && dv mv x.dv d/y.dv && test -f d/y && test -f d/y.dv &&
	dv mv d/y.dv . && test -f y && dv mv y data && git status --porcelain >../out && test_must_fail grep "^.D" ../out &&
	fails dv mv nothing.dv z && grep "nothing is tracked at nothing.dv" ../err && mkdir e && echo f >e/f && dv add -q e && fails dv mv e/f.dv z
'

test_expect_success 'a submodule is no file to be taken from git' '
	git init -q lib && git -C lib commit -q --allow-empty -m x && cd repo && git submodule -q add ../lib sub && git add -A && git commit -qm sub && echo 4 >sub/f && fails dv add sub &&
	said "sub is a submodule" "cd sub, then dv add there what is in it (dv init first where it has no dv)" && fails dv add sub/f && grep "^hint: cd sub, then dv add it there" ../err &&
	(cd sub && dv init -q && dv add -q f) && git clone -q . ../without && cd ../without && fails dv add sub && said "sub is a submodule" "git submodule update --init sub"
'

test_expect_success 'it is the other repository that has no remote' '
	cd "$SCRATCH" && mv repo/.git/dv away && fails dv get repo data && mv away repo/.git/dv && said "no remote is set up in $SCRATCH/repo" "there: dv remote add origin <url>, then git commit and git push .dvconfig" &&
	cd repo && git clone -q . ../clone && cd ../clone && fails dv pull && said "no remote is set up" "dv remote add origin <url>"
'

# first_line <command>: of much output, and how the command ended
first_line () {
	{ "$@" 2>"$SCRATCH/err"; echo $? >"$SCRATCH/code"; } | head -n 1 && test ! -s "$SCRATCH/err" && grep -x 141 "$SCRATCH/code"
}

test_expect_success 'a reader that has enough: the end of git, without a word' '
	cd repo && seq 1000000 >big && dv add -q big && mkdir many && (cd many && seq 20000 | xargs touch) && dv add -q many && git add -A && git commit -qm big &&
	test "$(first_line dv cat big | head -n 1)" = 1 && first_line dv cat --repo . big && first_line dv ls -R && first_line dv diff -R HEAD~1 && first_line dv diff --content HEAD~1 &&
	(trap "" PIPE && first_line dv cat big)
'

test_expect_success 'a disk that is full is said once' '
	cd repo && fails dv cat big >/dev/full && test "$(grep -c "cannot write standard output: No space" ../err)" -eq 1 && fails dv ls >/dev/full && grep "No space" ../err
'

test_expect_success 'a pointer that was deleted is told, one that a sparse work tree has not is not' '
	make_repo gone && cd gone && echo 1 >f && mkdir d && echo 2 >d/g && dv add -q f d/g && git add -A && git commit -qm 1 &&
	rm f.dv && dv status >../out && cat ../out && grep "f.dv (deleted)" ../out && test "$(dv status --porcelain)" = "P  f.dv" &&
	dv status f >../out && grep deleted ../out && test "$(dv status d)" = "nothing changed" &&
	dv status --json >../out && grep "\"deleted\":true" ../out && git checkout -q f.dv && dv status --exit-code &&
	git sparse-checkout set --no-cone "/*" "!/f.dv" && test ! -e f.dv && dv status --exit-code && git sparse-checkout disable
'

test_expect_success 'so it is where the index is a split or a sparse one' '
	cd gone && git update-index --split-index && rm f.dv && test "$(dv status --porcelain)" = "P  f.dv" && git checkout -q f.dv && dv status --exit-code && git update-index --no-split-index &&
	mkdir e && echo 3 >e/h && dv add -q e/h && git add -A && git commit -qm e && rm e/h && git sparse-checkout set --sparse-index d && test ! -e e && git ls-files -s --sparse | grep "^040000" &&
	dv status --exit-code && rm d/g.dv && test "$(dv status --porcelain)" = "P  d/g.dv" && git checkout -q d/g.dv && dv status --exit-code
'

test_expect_success 'git add that fails behind core.autostage: what is to be added' '
	make_repo locked && cd locked && git config dv.core.autostage true && : >.git/index.lock && echo 5 >"a b" && fails dv add "a b" && cat ../err && grep "^error: git add has failed: " ../err &&
	grep -x "hint: git add .a b.dv. .gitignore" ../err && rm .git/index.lock && sh -c "$(sed -n "s/^hint: //p" ../err)" && test "$(git diff --cached --name-only | tr "\n" " ")" = ".gitignore a b.dv " && git commit -qm x && dv status --exit-code
'

test_expect_success 'data whose pointer git has removed is named as long as it is left' '
	make_repo left && cd left && mkdir d "m v" && echo 1 >d/1 && echo 2 >"m v/2" && echo 3 >keep && echo 4 >git && dv add -q d "m v" keep git &&
	git add -A && git commit -qm base && dv status >../out && grep "^nothing changed" ../out &&
	git checkout -q -b without && dv rm -q d && git commit -qam without && git checkout -q main && dv checkout -q && git cherry-pick without >/dev/null &&
	dv checkout && test -e d/1 && dv status >../out && cat ../out && grep "left: *d$" ../out && grep "^nothing changed" ../out &&
	dv status --exit-code && test -z "$(dv status --porcelain)" && dv add -q d && ! dv status | grep left: && dv rm -qf d && dv status | grep "^nothing changed" &&
	dv rm -q --keep keep && git commit -qam keep && test -e keep && ! dv status | grep left: && git rm -q --cached git.dv && rm git.dv &&
	dv status | grep "left: *git$" && git add -f git && git commit -qam git && ! dv status | grep left:
'

test_expect_success 'something else in the place of a pointer is told' '
	make_repo replaced && cd replaced && for i in a b c d
	do
		echo $i >$i && dv add -q $i || return 1
	done && git add -A && git commit -qm all && rm a.dv && mkdir a.dv && ln -sf d.dv b.dv && head -c 70000 /dev/zero | tr "\0" x >c.dv && dv status --short >../actual && printf "X  %s.dv\n" a b c | test_cmp - ../actual && test_exit_code 1 dv status --exit-code &&
	rm -rf a.dv && git checkout -q . && dv status --exit-code && echo junk >a.dv && test_must_fail dv ls 2>../err && cat ../err && eval "$(sed -n "s/^hint: \(git checkout -- a.dv\) .*/\1/p" ../err)" && dv ls
'

test_expect_success 'a pointer that git ignores: the hint is one that git takes' '
	make_repo ignored && cd ignored && printf "data*\nout/\n" >.gitignore && git add -A && git commit -qm rules && mkdir data out && echo 1 >data/1 && echo 2 >out/m && echo 3 >plain && dv add data out/m plain 2>../err && cat ../err &&
	grep "hint: git add plain.dv .gitignore$" ../err && sed -n "s/^hint: \(.*: \)\{0,1\}git add/git add/p" ../err >../hint && sh -e ../hint && git diff --cached --name-only >../actual && printf ".gitignore\ndata.dv\nout/m.dv\nplain.dv\n" | test_cmp - ../actual &&
	git commit -qm data && echo 11 >data/1 && dv add data 2>../err && grep "hint: git add data.dv$" ../err && git config dv.core.autostage true && mkdir out/new && echo 4 >out/new/m && test_must_fail dv add out/new 2>../err && cat ../err && grep "^error: git add has failed" ../err &&
	grep "^hint: git add -f out/new.dv" ../err
'

test_expect_success 'a folder with tracked paths that became a symbolic link: as with git they are deleted, and the others go on' '
	make_repo linked && cd linked && mkdir -p sub/deep && echo 1 >sub/f && echo 2 >sub/deep/f && echo g >g && dv add -q sub/f sub/deep/f g && git add -A && git commit -qm all && mv sub ../away && ln -s ../away sub && echo gg >g && dv status --short >../actual && cat ../actual &&
	printf "M  g\nP  sub/deep/f.dv\nP  sub/f.dv\n" | test_cmp - ../actual && dv commit -q && git add g.dv && git commit -qm g && dv checkout && dv gc -n --grace now >../out && grep "nothing to free" ../out && dv ls >../actual && echo g | test_cmp - ../actual && test -f ../away/f && rm sub && mv ../away sub && dv status --exit-code
'

test_expect_success 'a pointer that cannot be read: what has nothing to do with it goes on, status says why, gc and fsck know of no way' '
	make_repo unread && cd unread && dv remote add origin ../unreadable 2>/dev/null && for f in a b c; do echo $f >$f || return; done && dv add -q a b c && git add -A && git commit -qm all && dv push -q b && echo nonsense >b.dv && echo aa >>a && dv add -q a &&
	test_exit_code 1 dv push >../out 2>../err && cat ../out ../err && grep "pushed 2 of 2" ../out && test $(grep -c "^error: b.dv: not a pointer" ../err) = 1 && test_exit_code 1 dv push >../out 2>../err && ! grep "up to date" ../out && grep "^error: b.dv" ../err && dv push a &&
	git clone -q . ../unread2 && cd ../unread2 && echo nonsense >b.dv && cp ../unread/a.dv . && test_exit_code 1 dv fetch -q 2>../err && test $(grep -c "^error: b.dv" ../err) = 1 && test_exit_code 1 dv pull 2>../err && cat ../err && test $(grep -c "^error: b.dv" ../err) = 1 && test "$(cat a c)" = "a
aa
c" && test ! -e b && test_exit_code 1 dv pull b && dv pull a && test_must_fail dv pull nosuch b &&
	rm c && test_exit_code 1 dv checkout >../out 2>../err && cat ../out ../err && grep "wrote 1 file" ../out && test $(cat c) = c && grep "^error: b.dv: not a pointer" ../err && test_exit_code 1 dv checkout >../out 2>../err && ! grep "up to date" ../out && test $(grep -c "^error: b.dv" ../err) = 1 && test_exit_code 1 dv checkout -q b && dv checkout -q a c &&
	test_exit_code 1 dv status --remote >../out 2>../err && cat ../out ../err && grep "broken: *b.dv" ../out && ! grep "in sync" ../out && grep "^error: b.dv: not a pointer" ../err && dv status --remote a | grep "in sync" && echo c2 >>c && dv add -q c && test_exit_code 1 dv status --remote >../out && grep "1 of 2 tracked paths are not at the remote" ../out && git checkout -q c.dv &&
	echo c3 >>c && dv status >../out && grep "broken: *b.dv" ../out && grep "modified: *c$" ../out &&
	test_exit_code 1 dv status --sources >../out 2>../err && ! grep "as recorded" ../out && grep "^error: b.dv" ../err && dv status --sources a | grep "as recorded" &&
	dv diff --name-status c >../out && printf "M\tc\n" | test_cmp - ../out && test_must_fail dv diff 2>../err && grep "^error: b.dv" ../err && test_must_fail dv diff b && test_must_fail dv diff c b &&
	dv status --json >../out && cat ../out && grep "\"broken\".*\"reason\":\"b.dv: not a pointer file" ../out && test $(grep -c reason ../out) = 1 && rm b.dv && ln -s a.dv b.dv && dv status --json >../out && grep "\"reason\":\".*not a plain file" ../out && rm b.dv && echo nonsense >b.dv &&
	git commit -qam nonsense && test_must_fail dv gc --grace now 2>../err && cat ../err && grep "b" ../err && test_exit_code 1 dv fsck && dv diff --name-status HEAD~1 HEAD -- a >../out && printf "M\ta\n" | test_cmp - ../out && test_must_fail dv diff HEAD~1 HEAD &&
	test_exit_code 1 dv push --rev HEAD 2>../err && grep "^error: .*b.dv" ../err
'

test_expect_success 'pointers whose line ends git has changed are as they were committed' '
	make_repo crlf && cd crlf && echo 1 >f && mkdir d && echo 2 >d/x && dv add -q f d && git add -A && git commit -qm one && git config core.autocrlf true && rm f.dv d.dv && git checkout -q . && grep -c "$(printf "\r")" f.dv && dv status --exit-code && cp f.dv ../f.dv && dv commit && dv add f d && test_cmp ../f.dv f.dv &&
	dv rm f && git checkout -q . && dv checkout -q && echo more >>f && dv commit -q && git commit -qam two && dv status --exit-code && git config --unset core.autocrlf && printf "* text=auto eol=crlf\n*.dv merge=dv diff=dv\n" >.gitattributes && rm f.dv && git checkout -q f.dv && grep -c "$(printf "\r")" f.dv && dv status --exit-code
'

test_done
