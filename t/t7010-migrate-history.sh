#!/bin/sh

test_description='moving in from DVC with all of history'

. "${0%/*}/test-lib.sh"

dvc_repo () {
	python3 "$TEST_DIR/helper/dvc-repo.py" "$@"
}

tick=1700000000
commit () {
	tick=$((tick + 60))
	git add -A &&
	GIT_AUTHOR_DATE="$tick +0200" GIT_COMMITTER_DATE="$((tick + 5)) -0700" \
	GIT_AUTHOR_NAME="Jos\303\251" git commit -qm "$1" &&
	git rev-parse HEAD >"$SCRATCH/commits/$1.id"
}

# keep <name>: what the data is at this commit
keep () {
	rm -rf "$SCRATCH/data/$1" && mkdir -p "$SCRATCH/data/$1" &&
	for p in data "we ird\"né" moved m
	do
		test ! -e "$p" || cp -r "$p" "$SCRATCH/data/$1/" || return 1
	done
}

test_expect_success 'a history of DVC with a merge, a rename, a removal' '
	mkdir commits data && git init -q repo && cd repo && mkdir .dvc && : >.dvc/config &&
	echo /cache >.dvc/.gitignore && echo readme >README && commit start &&
	mkdir data && small_files data/many 120 && dvc_repo --old add data && commit one && keep one &&
	printf "a\r\nb\n" >"we ird\"né" && dvc_repo --old add "we ird\"né" && commit two && keep two &&
	git checkout -qb side && mkdir m && random_bytes 2500000 3 >m/model && dvc_repo add m/model && commit side && keep side &&
	git checkout -q main && rm -rf m && echo more >data/more && rm -r data/many/s0 && dvc_repo add data && commit main2 && keep main2 &&
	git merge -q -X ours -m "merge them" side && cp ../data/side/m/model m && git rev-parse HEAD >../commits/merge.id && keep merge &&
	git mv "we ird\"né.dvc" moved.dvc && mv "we ird\"né" moved && sed -i "s/path: .*/path: moved/" moved.dvc && echo /moved >>.gitignore && commit rename && keep rename &&
	git rm -q m/model.dvc m/.gitignore && rm -r m && commit removed && keep removed &&
	git status --porcelain >../out && test ! -s ../out
'

test_expect_success 'a dry run counts' '
	cd repo && git branch >../before && dv init -q && git commit -qm "use dv" &&
	dv migrate --from-dvc --all-history -n >../out &&
	grep "would write 9 commits on dv-history: 5 versions" ../out && git branch >../after && test_cmp ../before ../after
'

test_expect_success 'the branch has all commits, as they were' '
	cd repo && git status --porcelain >../before && dv migrate --from-dvc --all-history >../out &&
	grep "wrote 9 commits on dv-history: 5 versions of tracked paths$" ../out &&
	git log --graph --format="%s|%an|%ae|%aI|%cn|%cI|%b" main >../expect &&
	git log --graph --format="%s|%an|%ae|%aI|%cn|%cI|%b" dv-history >../actual && test_cmp ../expect ../actual &&
	git diff --name-status main dv-history >../out && cat >../expect <<-EOF &&
	A	data.dv
	D	data.dvc
	A	moved.dv
	D	moved.dvc
	EOF
	test_cmp ../expect ../out && git status --porcelain >../after && test_cmp ../before ../after
'

test_expect_success 'each commit has the data it had' '
	git clone -q -b dv-history repo clone && cd clone && rm -rf .git/dv && cp -r ../repo/.git/dv .git/dv && rm -rf .git/dv/stat .git/dv/tracked &&
	git log --reverse --topo-order --format=%H dv-history >../new && git -C ../repo log --reverse --topo-order --format=%H main >../old &&
	paste ../old ../new >../map &&
	for c in one two side main2 merge rename removed
	do
		id=$(grep "^$(cat ../commits/$c.id)" ../map | cut -f2) && git checkout -q $id && dv checkout -qf &&
		test ! -e data.dvc && for p in data "we ird\"né" moved m
		do
			test ! -e "$p.dv" || diff -r "$p" "../data/$c/$p" || return 1
			test ! -e "$p/model.dv" || diff "$p/model" "../data/$c/$p/model" || return 1
			test -e "$p.dv" || test $p = m || test ! -e "../data/$c/$p" || { echo "$c: no $p"; return 1; }
		done && dv status >../out && grep "nothing changed" ../out || { echo "$c"; return 1; }
	done
'

test_expect_success 'again: the same commits; after one more commit, one more' '
	cd repo && git rev-parse dv-history >../before && dv migrate --from-dvc --all-history -q &&
	git rev-parse dv-history >../after && test_cmp ../before ../after &&
	echo x >more && git add more && git commit -qm more && dv migrate --from-dvc --all-history >../out &&
	grep "wrote 10 commits" ../out && test "$(git rev-parse dv-history^)" = "$(cat ../before)" &&
	dv migrate --from-dvc --all-history --json -q | grep "\"state\":\"branch\",\"path\":\"dv-history\",\"dry_run\":false,\"commits\":10,\"versions\":5,\"left\":0"
'

test_expect_success 'a branch with commits of its own is not moved; nor is the one we are on' '
	cd repo && git branch own HEAD~3 && git rev-parse own >../before &&
	test_exit_code 1 dv migrate --from-dvc --all-history --branch own 2>../err &&
	grep "error: git fast-import did not write the branch own" ../err && grep "hint: .*--branch" ../err &&
	git rev-parse own >../after && test_cmp ../before ../after &&
	test_exit_code 1 dv migrate --from-dvc --all-history --branch main 2>../err &&
	grep "main is the branch you are on" ../err &&
	test_exit_code 129 dv migrate --from-dvc --branch x
'

# refs: all but those below <prefix>/
refs () {
	git for-each-ref | grep -v "refs/[a-z]*/dv/"
}

# same_log <ref> <ref>: the same commits, in all but their trees
same_log () {
	git log --topo-order --format="%s|%an|%aI|%cI|%b" $1 -- >../expect &&
	git log --topo-order --format="%s|%an|%aI|%cI|%b" $2 -- | test_cmp ../expect -
}

test_expect_success 'all: a branch of its own, tags of all kinds' '
	cp -r repo all && cd all && git branch -q -D dv-history own &&
	git checkout -q -b feat/x side && echo z >data/z && dvc_repo add data && git add -A && git commit -q -m feat &&
	git tag light $(cat ../commits/one.id) && git tag -a -m "a message" v1 $(cat ../commits/two.id) &&
	git tag -a -m outer nested v1 && git tag -a -m "of a blob" blob HEAD:README &&
	git checkout -q -b gone main && echo 9 >only && git add only && git commit -q -m tagged && git tag only &&
	echo 8 >only && git commit -q -am annotated && git tag -a -m second v2 &&
	git checkout -q main && git branch -q -D gone && refs >../before
'

test_expect_success 'all: a dry run writes no ref' '
	cd all && dv migrate --from-dvc --all-history --all -n >../out &&
	grep "would write 13 commits on dv/\*: 6 versions" ../out && git for-each-ref | test_cmp ../before -
'

test_expect_success 'all: each under its new name; no other ref is touched' '
	cd all && dv migrate --from-dvc --all-history --all >../out && grep "wrote 13 commits on dv/\*: 6 versions of tracked paths$" ../out &&
	refs | test_cmp ../before - &&
	git for-each-ref --format="%(refname) %(objecttype)" refs/heads/dv refs/tags/dv >../actual && cat >../expect <<-\EOF &&
	refs/heads/dv/feat/x commit
	refs/heads/dv/main commit
	refs/heads/dv/side commit
	refs/tags/dv/light commit
	refs/tags/dv/nested tag
	refs/tags/dv/only commit
	refs/tags/dv/v1 tag
	refs/tags/dv/v2 tag
	EOF
	test_cmp ../expect ../actual && test -z "$(git for-each-ref refs/dv)" &&
	for r in heads/main heads/side heads/feat/x tags/light tags/v1 tags/nested tags/only tags/v2
	do
		to=$(echo $r | sed "s,/,/dv/,") && same_log refs/$r refs/$to &&
		git ls-tree -r --name-only refs/$to >../files && grep "^data.dv$" ../files && ! grep "dvc$" ../files || return 1
	done &&
	for t in v1 nested v2
	do
		git for-each-ref --format="%(contents)|%(taggername)|%(taggerdate)" refs/tags/$t >../expect &&
		git for-each-ref --format="%(contents)|%(taggername)|%(taggerdate)" refs/tags/dv/$t | test_cmp ../expect - || return 1
	done && git fsck --strict
'

test_expect_success 'all: the data of a branch and of a tag' '
	cd all && git clone -q -b dv/feat/x . ../allclone && cp -r .git/dv ../allclone/.git/dv && cd ../allclone && rm -rf .git/dv/stat .git/dv/tracked &&
	dv checkout -q && grep z data/z && cmp m/model ../data/side/m/model &&
	git checkout -q dv/light && dv checkout -q && diff -r data ../data/one/data
'

test_expect_success 'all again: nothing moves; what came since moves its branch alone' '
	cd all && git for-each-ref >../before && dv migrate --from-dvc --all-history --all -q && git for-each-ref | test_cmp ../before - &&
	old=$(git rev-parse dv/main) && echo x >since && git add since && git commit -q -m since && git tag v3 && refs >../user &&
	dv migrate --from-dvc --all-history --all --json -q >../out && grep "\"path\":\"dv\",\"dry_run\":false,\"all\":true,\"commits\":14," ../out &&
	refs | test_cmp ../user - && test "$(git rev-parse dv/main^)" = $old && test "$(git rev-parse dv/v3)" = "$(git rev-parse refs/heads/dv/main)" &&
	git for-each-ref refs/heads/dv refs/tags/dv | grep -v -e heads/dv/main -e dv/v3 >../actual && grep "/dv/" ../before | grep -v heads/dv/main | test_cmp - ../actual
'

test_expect_success 'all: a tag that is there stays, a branch with commits of its own too' '
	cd all && git tag -d dv/v2 && git tag dv/v2 $(cat ../commits/start.id) && git tag -d dv/light && git tag -a -m mine dv/light HEAD &&
	git for-each-ref >../before && dv migrate --from-dvc --all-history --all -q && git for-each-ref | test_cmp ../before - &&
	git branch -q -f dv/side HEAD && git branch -q late main~1 && git for-each-ref >../before &&
	test_exit_code 1 dv migrate --from-dvc --all-history --all -q 2>../err && grep "did not write all of dv/" ../err && grep "hint: .*--branch" ../err &&
	git for-each-ref | grep -v heads/dv/late | test_cmp ../before - &&
	dv migrate --from-dvc --all-history --all --branch past/of -q && same_log side past/of/side
'

test_expect_success 'all: not while one of its branches is checked out, nor beside a branch or tag of that name' '
	cd all && git checkout -q dv/main && echo y >since && git for-each-ref >../before &&
	test_exit_code 1 dv migrate --from-dvc --all-history --all 2>../err && grep "error: dv/main is the branch you are on" ../err && grep "hint: " ../err &&
	git checkout -q -f main && git branch plain && git for-each-ref >../before &&
	test_exit_code 1 dv migrate --from-dvc --all-history --all --branch plain 2>../err && grep "error: plain is a branch already" ../err && grep "hint: .*--branch" ../err && git for-each-ref | test_cmp ../before - &&
	git branch -q -D plain && git tag plain &&
	test_exit_code 1 dv migrate --from-dvc --all-history --all --branch plain 2>../err && grep "error: plain is a tag already" ../err &&
	test_exit_code 129 dv migrate --from-dvc --all
'

test_expect_success 'an old version whose data is lost is left as it was, and said' '
	cp -r repo lost && cd lost && rm -rf .git/dv/data .git/dv/meta .git/dv/loose .git/dv/index .git/dv/migrated &&
	git branch -q -D dv-history &&
	m=$(dvc_repo md5 ../data/side/m/model) && rm -f .dvc/cache/files/md5/$(echo $m | cut -c1-2)/$(echo $m | cut -c3-) &&
	test_exit_code 1 dv migrate --from-dvc --all-history >../out 2>../err &&
	grep "^left: m/model: .*neither here nor at a remote (since commit $(cut -c1-12 ../commits/side.id))" ../err &&
	grep "4 versions of tracked paths, 1 left" ../out &&
	git log --format=%H -1 dv-history --grep="^side" >../id &&
	git ls-tree -r --name-only $(cat ../id) >../out && grep "^m/model.dvc$" ../out && ! grep "^m/model.dv$" ../out
'

test_expect_success 'where dv is not set up: the work tree stays as it is, and the branch merges' '
	git init -q unset && cd unset && mkdir .dvc d && : >.dvc/config && echo /cache >.dvc/.gitignore && echo "* text" >.gitattributes && echo 1 >d/one && dvc_repo add d && commit unset1 && git rm -q .gitattributes && git commit -qm gone &&
	dv migrate --from-dvc -n >../out && grep "^d: would be carried over" ../out && dv migrate --from-dvc --all-history -n 2>../err && ! grep "git checkout" ../err && dv migrate --from-dvc --all-history 2>../err && grep "hint: git checkout dv-history, then dv checkout; dv push" ../err &&
	git status --porcelain >../out && test ! -s ../out && test ! -e .dvconfig &&
	git checkout -q dv-history && git show HEAD~1:.gitattributes >../out && printf "* text\n*.dv merge=dv diff=dv\n.gitignore merge=dv\n" | test_cmp - ../out && dv checkout -q && dv remote add origin ../unsetremote && git add .dvconfig && git commit -qm remote &&
	git checkout -q -b left && echo 2 >d/two && dv add -q d && git commit -qam left && git checkout -q dv-history && dv checkout -q && echo 3 >d/three && dv add -q d && git commit -qam right && git merge -q -m both left && dv checkout -q && test "$(cat d/one d/two d/three | tr "\n" " ")" = "1 2 3 "
'

test_expect_success 'again after a setting has changed: the root commit is the same' '
	cp -r repo set && cd set && git branch -q -D dv-history && dv migrate --from-dvc --all-history -q && git rev-list --max-parents=0 dv-history >../expect &&
	git checkout -q main && dv config core.jobs 3 && git commit -qam jobs && dv migrate --from-dvc --all-history -q && git rev-list --max-parents=0 dv-history | test_cmp ../expect - && git show dv-history:.dvconfig | grep "jobs = 3"
'

test_done
