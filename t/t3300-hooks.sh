#!/bin/sh

test_description='hooks of git: put there and taken away, and what they do'

. "${0%/*}/test-lib.sh"

# data_repo <name>: data/ recorded and committed, hooks, a git remote and one
# for data
data_repo () {
	make_repo "$1" && git init -q --bare "$1.git" && mkdir "$1.data" && (
		cd "$1" && mkdir data && echo 1 >data/1 && echo 2 >data/2 && dv add -q data &&
		git remote add origin "../$1.git" && dv remote add origin "../$1.data" && git add -A &&
		git commit -qm base && dv hooks install -q
	)
}

# record <message>: what is changed in data/
record () {
	dv add -q data && git add -A && git commit -qm "$1"
}

# --- putting them there --------------------------------------------------------

test_expect_success 'install, status and uninstall leave nothing' '
	make_repo i && cd i && ls .git/hooks >../before && dv hooks install >../out && grep "pre-push *installed" ../out &&
	for h in pre-commit pre-push post-checkout post-merge post-rewrite
	do
		test -x .git/hooks/$h && shellcheck .git/hooks/$h || return 1
	done &&
	dv hooks status --json >../out && test "$(grep -c "\"state\":\"installed\"" ../out)" = 5 &&
	dv hooks install --json >../out && ! grep "changed\":true" ../out &&
	dv hooks uninstall -q && ls .git/hooks | test_cmp ../before - && test_exit_code 129 dv hooks
'

test_expect_success 'a hook that is there is called, and comes back byte for byte' '
	data_repo chain && cd chain && dv hooks uninstall -q && mkdir -p .git/hooks ../bin &&
	printf "#!/bin/sh\ncat >../push.in\necho \"\$@\" >../push.args\nexit \$(cat ../code)" >.git/hooks/pre-push &&
	printf "#!/bin/sh\necho \"\$0 \$@\" >../checkout.args\nexit 3\n" >../bin/co && ln -s ../../../bin/co .git/hooks/post-checkout &&
	chmod 750 .git/hooks/pre-push && chmod 755 ../bin/co && echo "not executable" >.git/hooks/pre-commit &&
	ls -l --time-style=full-iso .git/hooks >../before && cp .git/hooks/pre-push ../push.orig &&
	dv hooks install >../out && cat ../out && grep "pre-push.*calls the hook" ../out && dv hooks install -q &&
	echo 0 >../code && git push -q origin main && grep refs/heads/main ../push.in && grep origin ../push.args &&
	test -d ../chain.data/packs && test "$(wc -l <../push.in)" = 1 &&
	echo 7 >../code && git commit -q --allow-empty -m x && test_must_fail git push -q origin main &&
	test_must_fail git checkout -q -b other && grep "[0-9a-f]\{40\} 1" ../checkout.args &&
	dv hooks uninstall >../out && grep "hook that was there is back" ../out &&
	ls -l --time-style=full-iso .git/hooks | test_cmp ../before - && test_cmp ../push.orig .git/hooks/pre-push
'

test_expect_success 'core.hooksPath is honoured, relative and absolute' '
	make_repo hp && cd hp && git config core.hooksPath my-hooks && dv hooks install -q && test -x my-hooks/pre-push &&
	dv hooks uninstall -q && git config core.hooksPath "$SCRATCH/all hooks" && dv hooks install -q &&
	test -x "$SCRATCH/all hooks/post-merge" && test ! -e .git/hooks/pre-push && git config core.hooksPath /dev/null &&
	test_must_fail dv hooks install 2>../err && grep "/dev/null: not a folder" ../err && grep "^hint: .*core.hooksPath" ../err
'

test_expect_success 'those of husky are called by the name they had' '
	data_repo husky && cd husky && dv hooks uninstall -q && mkdir -p .husky/_ && git config core.hooksPath .husky/_ &&
	printf "%s\n" "n=\$(basename \"\$0\")" "s=\$(dirname \"\$(dirname \"\$0\")\")/\$n" \
		"[ ! -f \"\$s\" ] && exit 0" "sh -e \"\$s\" \"\$@\"" "exit \$?" >.husky/_/h &&
	for h in pre-commit pre-push
	do
		printf "%s\n" "#!/usr/bin/env sh" ". \"\$(dirname \"\$0\")/h\"" >.husky/_/$h && chmod +x .husky/_/$h || return 1
	done &&
	echo "echo ran >../husky.out; exit \$(cat ../husky.code)" >.husky/pre-commit &&
	echo "cat >../husky.push; echo \$1 >>../husky.push" >.husky/pre-push &&
	dv hooks install -q && echo 0 >../husky.code && git commit -q --allow-empty -m x && grep ran ../husky.out &&
	echo 1 >../husky.code && test_must_fail git commit -q --allow-empty -m y &&
	git push -q origin main && grep refs/heads/main ../husky.push && grep origin ../husky.push
'

test_expect_success 'in a repository without dv shared hooks are silent' '
	git init -q other && cd other && git config core.hooksPath "$SCRATCH/all hooks" && git init -q --bare ../o.git &&
	git commit -q --allow-empty -m x >../out 2>&1 && git checkout -q -b y >>../out 2>&1 &&
	git push -q ../o.git y >>../out 2>&1 && test ! -s ../out
'

test_expect_success 'two hooks that were there are not made into one' '
	make_repo two && cd two && mkdir -p .git/hooks && echo a >.git/hooks/pre-push && echo b >.git/hooks/pre-push.before-dv &&
	test_must_fail dv hooks install 2>../err && grep "in the way" ../err && test "$(cat .git/hooks/pre-push)" = a
'

test_expect_success 'without dv on the PATH git goes on, and it is said once' '
	data_repo nodv && cd nodv && mkdir ../only && for c in git cat sh
	do
		ln -s "$(command -v $c)" ../only || return 1
	done &&
	(PATH=$SCRATCH/only && git commit -q --allow-empty -m x && git checkout -q -b b && git push -q origin b) 2>../err &&
	cat ../err && test "$(grep -c "not on the PATH" ../err)" = 1 && test "$(wc -l <../err)" = 1
'

# --- pre-commit ------------------------------------------------------------------

test_expect_success 'pre-commit: changed data is told, with the command to type' '
	data_repo pc && cd pc && git commit -q --allow-empty -m clean && echo x >data/1 &&
	test_must_fail git commit -q --allow-empty -m x 2>../err && cat ../err && grep "^hint: dv add data && git add data.dv" ../err &&
	dv add -q data && test_must_fail git commit -q --allow-empty -m x 2>../err && grep "^hint: git add data.dv" ../err &&
	git add data.dv && git commit -qm x && echo new >data/3 && test_must_fail git commit -q --allow-empty -m x &&
	rm data/3 && rm data/2 && test_must_fail git commit -q --allow-empty -m x && dv checkout -q && git commit -q --allow-empty -m x
'

test_expect_success 'hooks.precommit warn and off; --no-verify' '
	cd pc && echo y >data/1 && DV_HOOKS_PRECOMMIT=warn git commit -q --allow-empty -m w 2>../err && grep "dv add data" ../err &&
	DV_HOOKS_PRECOMMIT=off git commit -q --allow-empty -m o 2>../err && test ! -s ../err &&
	git commit -q --allow-empty --no-verify -m n && test_must_fail dv config hooks.precommit sometimes 2>../err &&
	grep "refuse, warn, off" ../err && dv checkout -qf
'

test_expect_success 'a large directory that is not part of the commit: only its folders are looked at' '
	data_repo big && cd big && mkdir data/sub && echo 3 >data/sub/3 && touch -d "1 hour ago" data/? data/sub/3 data/sub data && record sub && dv status -q &&
	git commit -q --allow-empty -m ask && dv config --local hooks.precommitfiles 2 &&
	git commit -q --allow-empty -m clean && DV_TRACE=1 dv hook pre-commit 2>../trace && grep pre-commit ../trace && ! grep "libgit2\|compare rows" ../trace &&
	echo x >data/1 && git commit -q --allow-empty -m "in place" && DV_HOOKS_PRECOMMITFILES=0 test_must_fail git commit -q --allow-empty -m x &&
	echo new >data/sub/4 && test_must_fail git commit -q --allow-empty -m x 2>../err && grep "dv add data" ../err && rm data/sub/4 &&
	echo y >y && mv y data/2 && test_must_fail git commit -q --allow-empty -m x && rm data/2 && test_must_fail git commit -q --allow-empty -m x && dv checkout -qf &&
	git commit -q --allow-empty -m x
'

test_expect_success 'a large directory whose pointer is part of the commit is looked at' '
	cd big && echo z >data/1 && dv add -q data && git add data.dv && echo zz >data/1 && test_must_fail git commit -q -m x 2>../err &&
	grep "dv add data" ../err && dv add -q data && git add data.dv && git commit -q -m x && dv config --local hooks.precommitfiles 0 && dv config --local hooks.precommitfiles 5k
'

test_expect_success 'a commit of single paths is about these alone' '
	cd pc && echo z >data/1 && echo code >code && git add code && git commit -qm code -- code && dv add -q data &&
	echo more >code && git commit -qm more -- code && record data
'

test_expect_success 'data beside its pointer is not committed by mistake' '
	cd pc && git add -f data/1 && test_must_fail git commit -q -m x 2>../err && grep "git rm -r --cached data" ../err &&
	git rm -rq --cached data && git commit -q --allow-empty -m x && test -f data/1
'

test_expect_success 'a new pointer whose content is nowhere, and one that is none' '
	cd pc && sed "s/^id: .*/id: sha256:$(printf %064d 7)/" data.dv >lost.dv && git add lost.dv &&
	test_must_fail git commit -qm lost 2>../err && cat ../err && grep "lost.dv names content that is not in the store" ../err &&
	echo broken >lost.dv && git add lost.dv && test_must_fail git commit -qm lost 2>../err && grep "lost.dv cannot be read" ../err &&
	git rm -qf --cached lost.dv && rm lost.dv && echo n >n && dv add -q n && git commit -q --allow-empty -m x 2>../err &&
	grep "hint: git add n.dv" ../err
'

test_expect_success 'a clone without data commits as it likes' '
	cd pc && git push -q origin main && cd .. && git clone -q pc.git clone && cd clone && dv init -q && dv hooks install -q &&
	echo x >file && git add file && git commit -qm file && dv config --local hooks.precommit refuse
'

# --- pre-push --------------------------------------------------------------------

test_expect_success 'git push pushes the data of every commit that goes' '
	data_repo pp && cd pp && echo a >data/a && record a && rm data/a && echo b >data/b && record b && git push -q origin main &&
	cd .. && git clone -q pp.git pp2 && cd pp2 && dv pull -q && test -f data/b && git checkout -q HEAD~1 &&
	dv pull -q && test "$(cat data/a)" = a
'

test_expect_success 'nothing of data in the commits: the remote for data is not asked' '
	cd pp && mv ../pp.data ../gone && echo x >code && git add code && git commit -qm code && git push -q origin main &&
	git push -q origin main:copy && git push -q origin :copy && mv ../gone ../pp.data
'

test_expect_success 'data that cannot be pushed keeps the commits back' '
	cd pp && mv ../pp.data ../gone && echo >../pp.data && echo c >data/c && record c && test_must_fail git push -q origin main 2>../err &&
	cat ../err && grep "git push --no-verify" ../err && test "$(git rev-parse origin/main)" = "$(git rev-parse HEAD~1)" &&
	rm ../pp.data && mv ../gone ../pp.data && git push -q origin main && test "$(git rev-parse origin/main)" = "$(git rev-parse HEAD)"
'

test_expect_success 'hooks.prepush check and off' '
	cd pp && echo d >data/d && record d && test_must_fail env DV_HOOKS_PREPUSH=check git push -q origin main 2>../err &&
	grep "hint: dv push" ../err && dv push -q && DV_HOOKS_PREPUSH=check git push -q origin main &&
	echo e >data/e && record e && mv ../pp.data ../gone && DV_HOOKS_PREPUSH=off git push -q origin main && mv ../gone ../pp.data
'

test_expect_success 'several refs at once, a tag, a new branch' '
	cd pp && git checkout -qb one && echo one >data/one && record one && git checkout -qb two main && echo two >data/two &&
	record two && git tag -a -m t t1 && git push -q origin one two t1 && cd ../pp2 && git fetch -q origin &&
	for b in origin/one origin/two t1
	do
		git checkout -q $b && dv pull -q || return 1
	done && test -f data/two
'

test_expect_success 'pointers in folders, and of a commit that a merge has passed over' '
	cd pp && git checkout -q -b deep main && mkdir -p x/y && echo deep >x/y/d && dv add -q x/y/d && git add -A && git commit -qm d &&
	git checkout -q -b side main && echo side >data/side && record side && git checkout -q deep && git merge -q -s ours side &&
	git push -q origin deep && cd ../pp2 && git fetch -q origin && git checkout -q origin/deep && dv pull -q x/y/d &&
	test "$(cat x/y/d)" = deep && git checkout -q origin/deep^2 && dv pull -q data && test "$(cat data/side)" = side
'

test_expect_success 'without a remote for data git pushes, and says so' '
	cd pp && dv remote remove origin && git push -q origin HEAD:refs/heads/x && echo f >data/f &&
	record f && git push -q origin HEAD:refs/heads/x 2>../err && cat ../err && grep "no remote is set up for data" ../err &&
	grep "hint: dv remote add .* then dv push" ../err
'

# --- post-checkout, post-merge, post-rewrite ---------------------------------------

test_expect_success 'git checkout brings the data; what was changed here stays' '
	data_repo co && cd co && git checkout -qb b && echo b >data/b && echo bb >data/1 && record b && git checkout -q main &&
	test "$(cat data/1)" = 1 && test ! -e data/b && git checkout -q b && test "$(cat data/1 data/b)" = "bb
b" && dv status --exit-code && echo mine >data/1 && git checkout -q main 2>../err && cat ../err && grep "kept 1 file" ../err &&
	test "$(cat data/1)" = mine && test ! -e data/b && dv checkout -qf && test "$(cat data/1)" = 1
'

test_expect_success 'a file of another commit' '
	cd co && git checkout -q b -- data.dv && test "$(cat data/b)" = b && git checkout -q HEAD -- data.dv && test ! -e data/b
'

test_expect_success 'git merge and git pull bring the data' '
	cd co && echo m >data/m && record m && git merge -q b && test "$(cat data/m data/b)" = "m
b" && dv status --exit-code && git reset -q --hard HEAD~1 && dv checkout -q
'

test_expect_success 'git rebase brings it once it is done; amend does nothing' '
	cd co && git rebase -q b && test "$(cat data/m data/b data/1)" = "m
b
bb" && dv status --exit-code && git commit -q --amend -m other 2>../err && test ! -s ../err
'

test_expect_success 'what is not in the store is told, and git does not fail' '
	cd co && git push -q origin main b && cd .. && git clone -q co.git co2 && cd co2 && dv pull -q && dv hooks install -q &&
	git checkout -q origin/b~1 2>../err && cat ../err && ! grep error ../err && dv fetch -q && git checkout -q main &&
	git checkout -q -b d && sed "s/^id: .*/id: sha256:$(printf %064d 7)/" data.dv >x && mv x data.dv &&
	git commit -q --no-verify -am d && git checkout -q main && git checkout -q d 2>../err && cat ../err &&
	grep "not in the store" ../err && grep "hint: dv pull" ../err && test -f data/m
'

test_expect_success 'data that was never pulled stays where it is' '
	cd co && git checkout -q main && mkdir big && echo big >big/1 && dv add -q big && git add -A && git commit -qm big &&
	git push -q origin main && cd .. && git clone -q co.git co3 && cd co3 && dv pull -q data && dv fetch -q big &&
	dv hooks install -q && git checkout -q -b x && git checkout -q HEAD~1 && git checkout -q x~1 && test ! -e big &&
	git checkout -q main~1 -- . && test -f data/m
'

test_expect_success 'a pointer that could not be read in the commit before: the data of all others follows' '
	data_repo mended && cd mended && echo nonsense >c.dv && git add c.dv && git commit -q --no-verify -m broken && git checkout -q -b next && rm c.dv && echo c >c && dv add -q c && echo 11 >data/1 && record next &&
	git rm -q data.dv && git commit -qm gone && git checkout -q main 2>../err && cat ../err && rm -rf c .git/dv/stat && dv checkout -q data &&
	git checkout -q next~1 2>../err && cat ../err && ! grep warning ../err && test "$(cat data/1 c)" = "11
c" && git checkout -q main && test "$(cat data/1)" = 1 && git checkout -q next && test ! -e data
'

test_expect_success 'of a directory that is here in part, that part follows' '
	data_repo part && cd part && mkdir -p data/a data/b && echo 1 >data/a/1 && echo 1 >data/b/1 && record 1 &&
	echo 2 >data/a/1 && echo 2 >data/a/2 && echo 2 >data/b/1 && record 2 && rm -r data/a && record 3 && git push -q origin main &&
	cd .. && git clone -q part.git part2 && cd part2 && git checkout -q HEAD~1 && dv pull -q data/a && dv fetch -q -A &&
	dv hooks install -q && git checkout -q HEAD~1 && test "$(find data -type f)" = data/a/1 && test "$(cat data/a/1)" = 1 &&
	git checkout -q main~1 && test "$(cat data/a/1 data/a/2)" = "2
2" && git checkout -q main && test ! -e data/a/1 && test ! -e data/b/1 && git checkout -q main~1 && dv pull -q data && test -f data/b/1
'

test_expect_success 'of many files in a directory those that are here follow' '
	data_repo several && cd several && for i in $(seq 100 299); do echo $i >data/$i || return 1; done && record 1 && echo new | tee data/101 >data/201 && record 2 && git push -q origin main &&
	cd .. && git clone -q several.git several2 && cd several2 && git checkout -q HEAD~1 && dv pull -q "data/1??" && dv fetch -q -A && dv hooks install -q &&
	git checkout -q main && test "$(ls data | wc -l)" = 100 && test "$(cat data/101)" = new && test ! -e data/201
'

test_expect_success 'a linked work tree gets its data from the store' '
	cd co && git worktree add -q ../linked b && test "$(cat ../linked/data/b)" = b && cd ../linked && dv status --exit-code
'

test_expect_success 'data whose pointer a rebased commit removes goes, and one it moves follows' '
	data_repo re && cd re && mkdir keep && echo k >keep/k && dv add -q keep && git add -A && git commit -qm keep &&
	git checkout -q -b without && dv rm -q data && git mv keep.dv kept.dv && dv checkout -q && git add -A && git commit -qm without &&
	git checkout -q main && test -e data/1 && echo code >code && git add code && git commit -qm code &&
	git checkout -q without && git rebase -q main 2>../err && test ! -e data && test ! -e keep && test "$(cat kept/k)" = k &&
	test -z "$(git status --porcelain)"
'

test_expect_success 'data that a rebased branch adds is there again at the end' '
	data_repo adds && cd adds && git checkout -q -b adds && mkdir new && echo n >new/n && dv add -q new && git add -A && git commit -qm new &&
	echo more >>new/n && dv add -q new && git commit -qam more && git checkout -q main && test ! -e new && echo 3 >data/3 && record main &&
	git checkout -q adds && git rebase -q main && test "$(cat new/n | tr -d "\n")" = nmore && test -e data/3 && dv status --exit-code &&
	git checkout -q main && git checkout -q --orphan root && git commit -qm root && git checkout -q adds && git rebase -q --root && test -e new/n && dv status --exit-code
'

test_expect_success 'what git tracks itself, in a commit from before it was dv'\''s, stays git'\''s' '
	git init -q was && cd was && mkdir d && echo 1 >d/1 && echo 2 >d/2 && echo f >f && git add -A && git commit -qm git && git tag git &&
	dv init -q && git commit -qm dv && git tag both && git rm -rq --cached d f && dv add -q d f && git add -A && git commit -qm data &&
	dv hooks install -q && for old in git both
	do
		git checkout -q $old && test "$(cat d/1 d/2 f | tr -d "\n")" = 12f && test -z "$(git status --porcelain -uno)" &&
		git checkout -q main && test "$(cat d/1 d/2 f | tr -d "\n")" = 12f && dv status --exit-code && test -z "$(git status --porcelain)" || return 1
	done && echo 3 >d/3 && dv add -q d && git commit -qam 3 && git checkout -q both && test "$(cat d/1 d/2 f | tr -d "\n")" = 12f &&
	git checkout -q main && test "$(cat d/1 d/2 d/3 | tr -d "\n")" = 123 && dv status --exit-code && git checkout -q both && echo 4 >d/4 && git add d/4 && git commit -qm more && git mv f g && git commit -qm mv && git checkout -q main && dv status --exit-code &&
	test -z "$(git status --porcelain)" && test ! -e d/4 && test ! -e g
'

test_expect_success 'what git took along when it left a commit from before dv init comes back' '
	git init -q init && cd init && mkdir d && echo 1 >d/1 && git add -A && git commit -qm git && dv init -q && git rm -rq --cached d && echo 3 >d/3 &&
	dv add -q d && git add -A && git commit -qm data && dv hooks install -q && git checkout -q HEAD~1 && test -f d/3 && git checkout -q main &&
	test "$(cat d/1 d/3 | tr -d "\n")" = 13 && dv status --exit-code && rm d/3 && git checkout -q -b same && test ! -e d/3
'

test_expect_success 'one directory that becomes two, and one again' '
	make_repo parts && cd parts && mkdir -p data/a data/b && echo 1 >data/a/1 && echo 2 >data/b/2 && dv add -q data/a data/b && git add -A && git commit -qm two &&
	dv rm -q --keep data/a data/b && git rm -rq --cached data && echo 3 >data/3 && dv add -q data && git add -A && git commit -qm one && dv hooks install -q &&
	git checkout -q HEAD~1 && test "$(cat data/a/1 data/b/2 | tr -d "\n")" = 12 && test ! -e data/3 && dv status --exit-code && test -z "$(git status --porcelain)" &&
	git checkout -q main && test "$(cat data/a/1 data/b/2 data/3 | tr -d "\n")" = 123 && dv status --exit-code && test -z "$(git status --porcelain)"
'

test_expect_success 'a folder that git mv renames with the data in it' '
	data_repo up && cd up && mkdir -p sub/a && echo 5 >sub/a/5 && echo f >sub/f && dv add -q sub/a sub/f && git add -A && git commit -qm sub &&
	git mv sub new && test -e new/a/5 && dv checkout && git commit -qm mv && git checkout -q HEAD~1 &&
	test "$(cat sub/a/5)" = 5 && test "$(cat sub/f)" = f && test ! -e new/a && dv status --exit-code &&
	git checkout -q main && test "$(cat new/a/5)" = 5 && test ! -e sub/a && rm -r new/a && echo code >code && git add code && git commit -qm code --no-verify &&
	git checkout -q HEAD~1 && test ! -e new/a && git checkout -q main && test ! -e new/a
'

# --- the pre-commit framework --------------------------------------------------------

net=
unshare -rn true 2>/dev/null && net="unshare -rn"

test_expect_success 'under pre-commit, from .pre-commit-hooks.yaml and with no network' '
	git init -q dvrepo && cp "$TEST_DIR/../.pre-commit-hooks.yaml" dvrepo && git -C dvrepo add -A && git -C dvrepo commit -qm x &&
	data_repo fw && cd fw && dv hooks uninstall -q && {
		echo "repos:" && echo "- repo: $SCRATCH/dvrepo" && echo "  rev: $(git -C ../dvrepo rev-parse HEAD)" &&
		echo "  hooks:" && printf "  - id: %s\n" dv dv-push dv-checkout dv-merge
	} >.pre-commit-config.yaml && git add -A && export PRE_COMMIT_HOME="$SCRATCH/pc-home" &&
	$net pre-commit install -t pre-commit -t pre-push -t post-checkout -t post-merge && $net git commit -qm config &&
	echo x >data/1 && test_must_fail git commit -q --allow-empty -m x 2>../err && cat ../err && grep "dv add data" ../err &&
	dv add -q data && git add -A && git commit -qm x && git push -q origin main && test -d ../fw.data/packs &&
	git checkout -q HEAD~1 && test "$(cat data/1)" = 1 && git checkout -q main && test "$(cat data/1)" = x
'

test_expect_success 'what pre-commit hides for a moment stays where it is' '
	data_repo stashed && cd stashed && export PRE_COMMIT_HOME="$SCRATCH/pc-home" && printf "%s\n" "repos:" "- repo: local" "  hooks:" "  - id: x" \
		"    name: x" "    entry: \"true\"" "    language: system" "    always_run: true" >.pre-commit-config.yaml &&
	git add -A && git commit -qm "a config" && rm .git/hooks/pre-commit && pre-commit install && echo z >data/1 && dv add -q data && echo code >code && git add code &&
	git commit -qm code 2>../err && grep Stashing ../err && test "$(cat data/1)" = z && git add -A && git commit -qm z
'

test_expect_success 'installed in turns, each is called once' '
	data_repo turns && cd turns && export PRE_COMMIT_HOME="$SCRATCH/pc-home" && cp ../stashed/.pre-commit-config.yaml . &&
	git add -A && pre-commit install && dv hooks install >../out && cat ../out && grep "pre-commit *installed; called by" ../out &&
	pre-commit install && dv hooks install --json >../out && grep "\"pre-commit\".*\"called\",\"changed\":false" ../out &&
	git commit -qm config && echo x >data/1 && test_must_fail git commit -q --allow-empty -m x 2>../err &&
	test "$(grep -c "is not as it is recorded" ../err)" = 1 && dv hooks uninstall -q && test ! -e .git/hooks/pre-commit.legacy &&
	git commit -q --allow-empty -m x
'

test_expect_success 'a circle with pre-commit is undone' '
	cd turns && export PRE_COMMIT_HOME="$SCRATCH/pc-home" && dv checkout -qf && rm .git/hooks/* && dv hooks install -q && pre-commit install &&
	mv .git/hooks/pre-commit .git/hooks/pre-commit.before-dv && cp .git/hooks/pre-commit.legacy .git/hooks/pre-commit &&
	dv hooks install -q && test ! -e .git/hooks/pre-commit.before-dv && git commit -q --allow-empty -m x
'

test_expect_success 'beside hooks that pre-commit has installed' '
	cd fw && export PRE_COMMIT_HOME="$SCRATCH/pc-home" && dv hooks install -q && echo y >data/1 &&
	test_must_fail git commit -q --allow-empty -m x && dv checkout -qf && git commit -q --allow-empty -m x &&
	dv hooks uninstall -q && grep -q pre-commit.com .git/hooks/pre-commit
'

test_expect_success 'core.hooksPath that is no folder: the next step' '
	make_repo nohooks && cd nohooks && git config core.hooksPath /dev/null && test_exit_code 1 dv hooks install 2>err && cat err && grep "^hint: .*git config --show-origin core.hooksPath" err
'

test_done
