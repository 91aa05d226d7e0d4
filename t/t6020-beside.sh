#!/bin/sh

test_description='what was never pushed comes out of the stores of a repository on this machine, wherever it keeps them'

. "${0%/*}/test-lib.sh"

# fill <folder> <seed>: data that is committed and pushed nowhere
fill () {
	(cd "$1" && mkdir -p d/sub && small_files d/many 150 && random_bytes 9000000 "$2" >d/sub/big && dv add -q d && git add -A && git commit -qm d)
}

# frozen <folder>...: to see that nothing there changes
frozen () {
	find "$@" -type f -printf '%p %y %s %T@\n' | sort
}

# taken <repository> <folder with the data>: get it, and look at part and list
taken () {
	rm -rf "$SCRATCH/got" && mkdir "$SCRATCH/got" && (cd "$SCRATCH/got" &&
	dv ls --repo "$1" -R d >list && grep d/sub/big list && dv get -j 3 "$1" d -o all && diff -r all "$2/d" &&
	dv get "$1" d/sub -o part && cmp part/big "$2/d/sub/big" && dv cat --repo "$1" d/sub/big | cmp - "$2/d/sub/big")
}

test_expect_success 'setup' '
	make_repo main && fill main 1
'

test_expect_success 'a linked work tree, also with settings of its own' '
	git -C main worktree add -q ../linked && frozen "$SCRATCH/main/.git" >before && taken "$SCRATCH/linked" "$SCRATCH/main" &&
	frozen "$SCRATCH/main/.git" >after && test_cmp before after && git -C linked config extensions.worktreeConfig true && git -C linked config --worktree dv.store.path ../away &&
	(cd linked && random_bytes 800000 2 >d2 && dv add -q d2 && git add -A && git commit -qm d2 && test -d ../away/data) &&
	cd got && dv get ../linked d2 && cmp d2 ../linked/d2 && git -C ../linked config --worktree --unset dv.store.path
'

test_expect_success 'a submodule, by its work tree and by its git folder' '
	git init -q super && git -C super submodule --quiet add ../main sub && (cd super/sub && small_files e 50 && dv add -q e && git add -A && git commit -qm e) &&
	cd got && dv get ../super/sub e && diff -r e ../super/sub/e && rm -r e && dv get ../super/.git/modules/sub e && diff -r e ../super/sub/e
'

test_expect_success 'the git folder itself, a file:// URL, and a bare repository whose work trees share the store' '
	cd got && rm -rf * && dv get ../main/.git d && diff -r d ../main/d && rm -r d && dv get "file://$SCRATCH/main" d && diff -r d ../main/d && cd .. &&
	git clone -q --bare main bare.git && git -C bare.git worktree add -q -b other ../tree && (cd tree && mkdir f && random_bytes 300000 3 >f/x && dv add -q f && git add -A && git commit -qm f) &&
	cd got && dv get --rev other ../bare.git f && cmp f/x ../tree/f/x
'

test_expect_success 'store.path elsewhere: shared, relative, in .dvconfig' '
	make_repo user1 && git -C user1 config dv.store.path "$SCRATCH/shared" && fill user1 4 && taken "$SCRATCH/user1" "$SCRATCH/user1" &&
	make_repo user2 && git -C user2 config dv.store.path ../shared2 && fill user2 5 && taken "$SCRATCH/user2" "$SCRATCH/user2" &&
	make_repo user3 && git config -f user3/.dvconfig store.path .store && echo /.store >user3/.gitignore && fill user3 6 && test -d user3/.store/data && taken "$SCRATCH/user3" "$SCRATCH/user3"
'

test_expect_success 'a store in the work tree is not for git' '
	make_repo user4 && (cd user4 && dv config --project store.path in/store && echo 1 >f && dv add -q f && git add -A &&
	git commit -qm f && test -d in/store/data && git ls-files >../out && ! grep store ../out && git status --short --ignored >../out && grep "^!! in" ../out && dv fsck)
'

test_expect_success 'store.fallback, with a store of its own and without any' '
	git clone -q user1 reader && git -C reader config dv.store.fallback "$SCRATCH/nowhere" && git -C reader config --add dv.store.fallback ../shared && frozen "$SCRATCH/shared" >before &&
	taken "$SCRATCH/reader" "$SCRATCH/user1" && (cd reader && random_bytes 100000 7 >own && dv add -q own && git add -A && git commit -qm own) &&
	cd got && rm -rf all && dv get ../reader own && cmp own ../reader/own && dv get ../reader d -o all && diff -r all ../user1/d && frozen "$SCRATCH/shared" >../after && test_cmp ../before ../after
'

test_expect_success 'import from there, and what is known of it comes from there again' '
	make_repo taker && cd taker && dv import ../reader d && diff -r d ../user1/d && git add -A && git commit -qm d && dv fsck && rm -rf d .git/dv/data .git/dv/meta .git/dv/loose .git/dv/index && dv pull && diff -r d ../user1/d
'

test_expect_success 'the environment is about another repository' '
	cd got && rm -rf env && env GIT_DIR="$SCRATCH/super/.git" GIT_WORK_TREE="$SCRATCH/super" GIT_COMMON_DIR="$SCRATCH/super/.git" GIT_OBJECT_DIRECTORY="$SCRATCH/super/.git/objects" DV_STORE_PATH="$SCRATCH/nowhere" \
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=dv.store.path GIT_CONFIG_VALUE_0="$SCRATCH/nowhere" dv get "$SCRATCH/user1" d -o "$SCRATCH/got/env" && diff -r env ../user1/d
'

test_expect_success 'its settings run nothing, and a .dvconfig leads nowhere' '
	cp -a user1 evil && cd evil && git config core.fsmonitor "touch $SCRATCH/hit" && git config core.sshCommand "touch $SCRATCH/hit" && git config alias.x "!touch $SCRATCH/hit" && git config core.hooksPath "$SCRATCH/hooks" && git config credential.helper "!touch $SCRATCH/hit" &&
	mkdir ../hooks && printf "#!/bin/sh\ntouch %s/hit\n" "$SCRATCH" | tee ../hooks/post-checkout >../hooks/reference-transaction && chmod +x ../hooks/* && taken "$SCRATCH/evil" "$SCRATCH/user1" && ! test -e ../hit &&
	git config --unset dv.store.path && git config -f .dvconfig store.path "$SCRATCH/shared" && cd ../got && test_must_fail dv get ../evil d -o no 2>err && cat err && grep "plain path" err && ! test -e no && git -C ../evil checkout -q .dvconfig &&
	ln -s "$SCRATCH/shared" ../evil/s && git config -f ../evil/.dvconfig store.path s && test_must_fail dv get ../evil d -o no && ! test -e no
'

test_expect_success 'a broken configuration is said, with the file' '
	git clone -q user1 broken && echo "[dv" >broken/.git/config.more && git -C broken config include.path config.more && cd got && test_must_fail dv get ../broken d -o no 2>err && cat err && ! test -e no
'

test_expect_success 'a repository of somebody else is one only with safe.directory; then it is read and not written to' '
	{ test "$(id -u)" -eq 0 || return 0; } && cp -a user3 theirs && chown -R nobody theirs && cd got && test_must_fail dv get ../theirs d -o no && ! test -e no && git config --global --add safe.directory "$SCRATCH/theirs" && git config --global --add safe.directory "$SCRATCH/theirs/.git" &&
	frozen ../theirs >../before && taken "$SCRATCH/theirs" "$SCRATCH/user3" && frozen ../theirs >../after && test_cmp ../before ../after
'

test_done
