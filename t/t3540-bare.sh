#!/bin/sh

test_description='in a bare repository: what needs no work tree works, by HEAD and its .dvconfig'

. "${0%/*}/test-lib.sh"

# refused <error> <command>...: and it says what is wrong
refused () {
	error=$1 && shift && test_must_fail "$@" 2>"$SCRATCH/err" && cat "$SCRATCH/err" && grep "$error" "$SCRATCH/err"
}

# commits <text>: up's HEAD has this .dvconfig from now on, and a fresh bad.git with it
commits () {
	printf "%b" "$1" >up/.dvconfig && git -C up commit -qam "another .dvconfig" && rm -rf bad.git && git clone -q --bare up bad.git
}

test_expect_success 'setup' '
	make_repo up && cd up && mkdir d && random_bytes 40000 1 >d/x && echo one >d/y && random_bytes 30000 2 >f && dv add -q d f && dv remote add -d origin ../remote 2>/dev/null &&
	git add -A && git commit -qm one && git tag old && echo two >d/y && dv add -q d && git commit -qam two && dv push -q -A && git checkout -qb side && random_bytes 20000 3 >s && dv add -q s && git add -A && git commit -qm side && git checkout -q main &&
	dv push -q -A && git clone -q --bare . ../b.git
'

test_expect_success 'ls, du and cat are about HEAD, or the revision that is named' '
	cd b.git && dv ls -R >../out && printf "d/\nd/x\nd/y\nf\n" | cmp - ../out && dv ls --rev side >../out && printf "d/\nf\ns\n" | cmp - ../out && dv ls -a | grep "^.dvconfig$" &&
	dv du -s | grep "^70004" && dv du d/x | grep "^40000.*d/x$" && (cd refs/heads && dv cat d/y) >../out && echo two | cmp - ../out && dv cat old:d/y >../out && echo one | cmp - ../out && refused "nothing is tracked at s" dv cat s && dv cat side:s >../out && random_bytes 20000 3 | cmp - ../out
'

test_expect_success 'log and diff' '
	cd b.git && dv log --oneline d/y >../out && cat ../out && grep -c . ../out | grep "^2$" && dv log old f | grep "^commit" && refused "not tracked" dv log nothing && dv diff --name-status old HEAD >../out && cat ../out && grep "^M.*d/y" ../out &&
	dv diff old..side | grep "^added: *s" && for c in "diff" "diff HEAD" "diff old -- d"; do refused "must be run in a work tree" dv $c || return 1; done
'

test_expect_success 'fetch by revisions and by all refs, push of what the store has, store, fsck' '
	git clone -q --bare up c.git && cd c.git && dv fetch -q && test "$(dv fetch --json | tr , "\n" | grep tracked_paths)" = "\"tracked_paths\":2" && mv ../remote ../away && dv cat d/y && test_must_fail dv cat side:s && mv ../away ../remote &&
	dv fetch -q -A && mv ../remote ../away && dv cat side:s >../out && random_bytes 20000 3 | cmp - ../out && dv fsck | grep "4 recorded versions: all is well" && dv store | grep "c.git/dv$" &&
	dv remote add --local second "$SCRATCH/remote2" && dv push -q -A -r second && test "$(ls "$SCRATCH/remote2/roots" | wc -l)" -gt 0 && dv remote remove second && mv ../away ../remote
'

test_expect_success 'gc keeps what any ref and any linked work tree has, and frees the rest' '
	cd c.git && git worktree add -q ../linked old && (cd ../linked && random_bytes 50000 4 >kept && cp kept .. && dv add -q kept) && dv gc --grace now | grep "nothing to free" &&
	git branch -q -D side && dv gc --grace now >../out && cat ../out && grep "^freed" ../out && dv fsck && mv ../remote ../away && dv cat old:d/y && test_must_fail dv cat "$(git -C ../up rev-parse side):s" && mv ../away ../remote &&
	cd ../linked && rm kept && dv checkout -q kept && cmp kept ../kept
'

test_expect_success 'as one of the users of a shared store it keeps what its refs have' '
	git init -q --bare h.git && git -C h.git config dv.store.path "$SCRATCH/shared" && git -C up push -q ../h.git main side && (cd h.git && dv fetch -q -A) &&
	make_repo other && cd other && git config dv.store.path "$SCRATCH/shared" && random_bytes 50000 5 >junk && dv add -q junk && rm junk junk.dv && dv gc --grace now >out && cat out && grep "^freed" out && mv ../remote ../away && cd ../h.git && dv cat side:s >../out && random_bytes 20000 3 | cmp - ../out && mv ../away ../remote
'

test_expect_success 'settings: HEAD has .dvconfig, the own configuration comes first' '
	cd b.git && dv remote list | grep "^origin$" && dv config --local core.jobs 3 && test "$(git config dv.core.jobs)" = 3 && dv config -l --show-origin >../out && cat ../out && grep "^local.core.jobs=3" ../out && grep "^.dvconfig.core.remote=origin" ../out &&
	refused "must be run in a work tree" dv config core.jobs 4 && grep "hint: --local" ../err && dv doctor >../out && cat ../out && ! grep "work tree\|hooks" ../out && grep "remote origin: may read" ../out
'

test_expect_success 'what needs a work tree says so, and leaves no trace' '
	cd b.git && find . | sort >../before && for c in "add f" "checkout" "commit" "status" "mv f g" "rm f" "pull" "import ../up f" "import-url /etc/hostname" "update" "hooks install" "unprotect f" "check-ignore f" "migrate --from-dvc" "init"; do
		refused "this operation must be run in a work tree" dv $c && grep "^hint: git worktree add" ../err || return 1; done && find . | sort | cmp - ../before
'

test_expect_success 'in a hook of git, which sets GIT_DIR' '
	git clone -q --bare up hooked.git && printf "#!/bin/sh\ndv fetch -q -A && dv cat d/y >../seen && dv fsck >../checked\n" >hooked.git/hooks/post-receive && chmod +x hooked.git/hooks/post-receive &&
	(cd up && echo three >d/y && dv add -q d && git commit -qam three && dv push -q && git push -q ../hooked.git main) && echo three | cmp - seen && grep "all is well" checked && GIT_DIR=hooked.git dv ls --rev old | grep "^f$"
'

test_expect_success 'a partial clone' '
	git -C up config uploadpack.allowFilter true && git clone -q --bare --filter=blob:none "file://$SCRATCH/up" partial.git && cd partial.git && dv remote list | grep origin && dv cat old:d/y >../out && echo one | cmp - ../out
'

test_expect_success 'without .dvconfig in HEAD it is not set up, and nothing is made' '
	git init -q --bare none.git && cd none.git && refused "dv is not set up" dv ls && grep "git symbolic-ref" ../err && test ! -e dv && git -C ../up push -q "$SCRATCH/none.git" main:elsewhere && refused "dv is not set up" dv fetch && test ! -e dv &&
	git symbolic-ref HEAD refs/heads/elsewhere && dv ls | grep "^f$" && cd .. && git -C up rev-parse HEAD >none.git/HEAD && cd none.git && dv ls | grep "^f$"
'

test_expect_success 'a hostile .dvconfig' '
	cp up/.dvconfig own && commits "[store]\n\tpath = hooks\n[remote \"x\"]\n\turl = objects\n[remote \"y\"]\n\turl = .\n" && (cd bad.git && dv store | grep "bad.git/dv$" && ls hooks >../hooks && for r in x y; do refused "git.s own folder" dv push -r $r || return 1; done && ls hooks | cmp - ../hooks && test ! -e objects/roots) &&
	commits "[include]\n\tpath = $SCRATCH/home/secret\n" && mkdir -p home && printf "[core]\n\tjobs = 7\n" >home/secret && (cd bad.git && test_must_fail dv config core.jobs) &&
	commits "[core\n" && (cd bad.git && refused "HEAD:.dvconfig" dv ls) && commits "[remote \"x\"]\n\turl = https://me:secret@localhost/\n" && (cd bad.git && refused "password" dv ls) &&
	rm up/.dvconfig && ln -s /etc/hostname up/.dvconfig && git -C up commit -qam link && git clone -q --bare up link.git && (cd link.git && refused "HEAD:.dvconfig: not a regular file" dv ls) && rm up/.dvconfig && head -c 1100000 /dev/zero | tr "\0" "#" >up/.dvconfig && git -C up commit -qam big && git clone -q --bare up big.git && (cd big.git && refused "longer than" dv ls)
'

test_expect_success 'safe.bareRepository, and the git folder of a work tree' '
	cd b.git && git config --global safe.bareRepository explicit && refused "safe.bareRepository is explicit" dv ls && GIT_DIR=. dv ls | grep "^f$" && git config --global --unset safe.bareRepository && cd ../up/.git && refused "is a git folder" dv ls && grep "hint: cd .*/up$" ../../err
'

test_done
