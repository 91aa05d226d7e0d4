#!/bin/sh

test_description='clones of all kinds, submodules, sub-projects, git'\''s extensions'

. "${0%/*}/test-lib.sh"

test_expect_success 'a repository with three versions, and a remote for data' '
	make_repo repo && cd repo && mkdir ../remote && dv remote add origin "$SCRATCH/remote" && mkdir -p a/data b/data &&
	for i in 1 2 3
	do
		echo "$i" >a/data/f && echo "b$i" >b/data/f$i && dv add -q a/data b/data && git add -A && git commit -qm $i || return 1
	done && dv push -q -A && git config uploadpack.allowFilter true && git config uploadpack.allowAnySHA1InWant true
'

for filter in blob:none tree:0
do
	test_expect_success "a partial clone ($filter): pointers of old commits are fetched by git when they are wanted" '
		git clone -q --filter=$filter "file://$SCRATCH/repo" partial-$filter && cd partial-$filter && dv pull -q &&
		test "$(cat a/data/f b/data/f3)" = "3
b3" && test "$(dv ls -R --rev HEAD~2)" = "a/data/
a/data/f
b/data/
b/data/f1" && test "$(dv cat --rev HEAD~2 a/data/f)" = 1 && dv push -q -A && dv status --exit-code &&
		git checkout -q HEAD~1 && dv pull -q && test "$(cat a/data/f)" = 2
	'
done

test_expect_success 'a merge in a partial clone' '
	cd partial-blob:none && git checkout -q -b m HEAD~1 && dv pull -q && echo m >a/data/m && dv add -q a/data && git commit -qam m &&
	git merge -q main && dv pull -q && test "$(cat a/data/f a/data/m)" = "3
m"
'

test_expect_success 'hooks in a partial clone push what is new' '
	cd partial-blob:none && dv hooks install -q && git init -q --bare ../bare.git && git remote add there ../bare.git &&
	git push -q there m && test_must_fail git rev-parse -q --verify origin/m && git clone -q -b m ../bare.git ../from-bare &&
	cd ../from-bare && dv pull -q && test "$(cat a/data/m)" = m
'

test_expect_success 'a shallow clone: all that is there, and nothing is said of what is not' '
	git clone -q --depth 1 "file://$SCRATCH/repo" shallow && cd shallow && dv pull -q && test -f b/data/f3 &&
	dv push -A >../out && grep "up to date" ../out && dv fetch -q -A && test_must_fail dv ls --rev HEAD~1 2>../err &&
	grep "no such commit" ../err && git fetch -q --deepen 1 && dv ls --rev HEAD~1
'

test_expect_success 'a sparse checkout is about the pointers that are there' '
	git clone -q --no-checkout repo sparse && cd sparse && git sparse-checkout set a && git checkout -q main && dv pull -q &&
	test -f a/data/f && test ! -e b && dv status --exit-code
'

test_expect_success 'a bare repository, and work trees of it' '
	git clone -q --bare repo b.git && cd b.git && test_must_fail dv status 2>../err && grep "hint: git worktree add" ../err && dv ls --rev HEAD &&
	git worktree add -q ../of-bare main && cd ../of-bare && dv pull -q && test "$(cat a/data/f)" = 3 && test -d ../b.git/dv/data &&
	git worktree add -q ../of-bare2 -b two && cd ../of-bare2 && mv ../remote ../away && dv checkout -q && test "$(cat a/data/f)" = 3 &&
	mv ../away ../remote
'

test_expect_success 'sub-projects: tracked folders anywhere, commands from anywhere' '
	make_repo mono && cd mono && mkdir -p p1/data p2/sub/data && echo 1 >p1/data/x && echo 2 >p2/sub/data/x && cd p1 &&
	dv add -q data && cd ../p2/sub && dv add -q data && test "$(dv ls .)" = data/ &&
	git add -A .. ../../p1 && git commit -qm both && cd ../.. && echo 3 >p1/data/x && cd p2/sub && dv status -s . >../out &&
	test ! -s ../out && dv status -s >../out && grep "M .*p1/data/x" ../out && rm ../out && dv commit -q . && git diff --exit-code &&
	cd ../../p1 && dv commit -q . && test_must_fail git diff --exit-code && git commit -qam p1 && dv status --exit-code
'

test_expect_success 'a project inside of another one is refused, clearly' '
	cd mono && cp .dvconfig p1/ && cd p1/data && test_must_fail dv status 2>err && cat err &&
	grep "p1/.dvconfig: a project inside of another one is not supported" err && rm err ../.dvconfig && dv status
'

test_expect_success 'a submodule is a repository of its own; the one around it keeps out' '
	make_repo super && cd super && git submodule --quiet add ../repo sub && git commit -qm sub && cd sub && dv pull -q &&
	test "$(cat a/data/f)" = 3 && dv status --exit-code && cd .. && test_must_fail dv add sub/a/data 2>err && cat err &&
	grep "another repository" err && test_must_fail dv add sub && cp sub/a/data.dv before.dv &&
	for command in checkout "rm -f" pull push unprotect cat ls du log commit
	do
		test_must_fail dv $command sub/a/data 2>err || { echo "$command"; return 1; }
	done && test_must_fail dv mv sub/a/data x && cmp before.dv sub/a/data.dv && test_must_fail dv checkout sub/a/data 2>err && grep "hint: sub leads elsewhere: cd sub$" err && rm -r sub/b/data &&
	test_must_fail dv add sub/b/data 2>err && grep "another repository, sub" err && dv -C sub checkout -q && rm err before.dv && mkdir data && echo x >data/x && dv add -q data &&
	git add -A && git commit -qm data && dv status --exit-code
'

test_expect_success 'hooks and merges inside a submodule' '
	cd super/sub && dv hooks install -q && test -x "$(git rev-parse --git-path hooks)/pre-push" && git checkout -q -b s &&
	echo s >a/data/s && dv add -q a/data && git commit -qam s && git checkout -q main && test ! -e a/data/s && echo n >a/data/n &&
	dv add -q a/data && git commit -qam n && git merge -q s && test "$(cat a/data/s a/data/n)" = "s
n" && cd .. && git add sub && git commit -qm sub && git submodule --quiet update && git -C sub status --porcelain >out && test ! -s out
'

test_expect_success 'extensions that libgit2 does not know do not matter' '
	git clone -q repo ext && cd ext && git config core.repositoryFormatVersion 1 && git config extensions.worktreeConfig true &&
	git config extensions.partialClone origin && git config extensions.preciousObjects true && dv pull -q && dv ls --rev HEAD~1 &&
	git worktree add -q ../ext2 -b e && cd ../ext2 && git config --worktree dv.core.jobs 1 && test "$(dv config core.jobs)" = 1 &&
	dv checkout -q && dv status --exit-code && test_must_fail dv -C ../ext config core.jobs
'

test_expect_success 'a repository of SHA-256 is refused with the reason' '
	git init -q --object-format=sha256 s256 && cd s256 && test_must_fail dv init 2>err && cat err && grep "SHA-1" err && grep "^hint" err &&
	test ! -e .dvconfig
'

test_expect_success 'settings given to git with -c reach the hooks' '
	cd ext && test "$(git -c dv.core.jobs=3 -c "dv.core.remote=it'\''s" -c dv.core.hints -c alias.q="!dv config core.jobs && dv config core.remote" q)" = "3
it'\''s"
'

test_expect_success 'what a submodule or a nested work tree tracks is its own' '
	make_repo inner && (cd inner && echo s >s && dv add -q s && git add -A && git commit -qm s) && make_repo outer && cd outer && git submodule --quiet add "$SCRATCH/inner" libs/sub && git commit -qm sub && git worktree add -q --detach wt &&
	(cd libs/sub && echo s >s && dv add -q s) && (cd wt && echo w >w && dv add -q w) && echo o >o && dv add -q o && for command in "mv libs/sub/s x" "mv wt/w x" "rm -f libs/sub/s" "rm --keep wt/w" "cat libs/sub/s" "checkout wt/w" "commit libs/sub/s" "status -q wt/w" "update libs/sub/s" "unprotect wt/w"
	do
		test_must_fail dv $command 2>../err && cat ../err && grep "nothing is tracked" ../err && test -f libs/sub/s.dv && test -f wt/w.dv && grep s libs/sub/s && grep w wt/w || return 1
	done && test_must_fail dv rm libs/sub/s 2>../err && grep "hint: libs/sub leads elsewhere: cd libs/sub" ../err && test_must_fail dv mv o libs/sub/o 2>../err && grep "is in another repository, libs/sub" ../err && test -f o && (cd libs/sub && dv mv s t)
'

test_expect_success 'a folder that became a submodule: what was tracked in it before is no longer ours' '
	make_repo became && cd became && mkdir part && echo s >part/s && dv add -q part/s && git add -A && git commit -qm s && git rm -q --cached -r part && rm -r part && git submodule --quiet add "$SCRATCH/inner" part && test -f part/s.dv &&
	dv ls >../out && test_cmp /dev/null ../out && dv status >../out && ! grep part ../out && dv checkout && test ! -e part/s && test_must_fail dv rm -f part/s && test -f part/s.dv
'

test_expect_success 'a sparse work tree without .dvconfig, and one whose .dvconfig was deleted' '
	git clone -q repo narrow && cd narrow && git sparse-checkout set --no-cone /a && test ! -e .dvconfig && test_must_fail dv status 2>../err && cat ../err && grep "hint: git has its .dvconfig" ../err && ! grep "dv init" ../err && test_must_fail dv init 2>../err && grep "hint: git has its .dvconfig" ../err && test ! -e .dvconfig &&
	git sparse-checkout add /.dvconfig && dv status >/dev/null && git sparse-checkout disable && rm .dvconfig && test_must_fail dv status 2>../err && eval "$(sed -n "s/^hint: git has its .dvconfig: \(git [^,]*\), or .*/\1/p" ../err)" && dv status >/dev/null
'

test_expect_success 'a path beyond a symbolic link is not looked at, and not half moved' '
	make_repo linked && cd linked && mkdir ../beyond && echo 1 >d && dv add -q d && git add -A && git commit -qm d && cp d.dv ../beyond/o.dv &&
	ln -s ../beyond out && for command in cat ls status du checkout "rm -f"
	do
		test_must_fail dv $command out/o 2>../err || { echo "$command"; return 1; }
	done && test_must_fail dv mv out/o zz && test ! -e zz.dv && test -e ../beyond/o.dv && ! grep zz .gitignore
'

test_expect_success 'an absolute path by another name of the work tree' '
	make_repo real && ln -s real alias && cd alias && mkdir data && echo 1 >data/x && dv add "$SCRATCH/alias/data" && test -e data.dv && cd data &&
	test "$(dv ls "$SCRATCH/alias/data/x")" = x && test "$(dv cat "$SCRATCH/real/data/x")" = 1 && dv status "$SCRATCH/alias" && dv checkout "$SCRATCH/alias/da*" &&
	test_must_fail dv ls "$SCRATCH/aliases" 2>../../err && grep "outside of" ../../err && test_must_fail dv ls "$SCRATCH" && ln -s real/data "$SCRATCH/deep" && test_must_fail dv ls "$SCRATCH/deep/x"
'

test_done
