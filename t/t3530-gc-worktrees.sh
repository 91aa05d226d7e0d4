#!/bin/sh

test_description='gc, fsck and fetch in linked work trees, submodules and beside bare repositories: each sees what all of them need'

. "${0%/*}/test-lib.sh"

# store_one <name>: recorded in this work tree alone, neither committed nor at a remote
store_one () {
	random_bytes 30000 "$2" >"$1" && cp "$1" "$SCRATCH/$1.kept" && dv add -q "$1"
}

# collects <folder>...: gc there, with something to remove, leaves what all have recorded
collects () {
	for folder; do
		(cd "$folder" && random_bytes 50000 99 >junk && dv add -q junk && rm junk junk.dv && dv gc --grace now >out && cat out && grep "^freed" out && rm out && dv fsck >out && cat out && ! grep "never fetched" out && rm out) || return 1
	done
}

# kept <folder> <name>: its content is still in the store
kept () {
	rm "$1/$2" && (cd "$1" && dv checkout -q "$2") && cmp "$1/$2" "$SCRATCH/$2.kept"
}

test_expect_success 'setup' '
	make_repo up && cd up && random_bytes 40000 1 >d && dv add -q d && dv remote add -d origin "$SCRATCH/remote" 2>/dev/null && git add -A && git commit -qm d && git tag old && echo >>d && dv add -q d && git commit -qam d2 && dv push -q -A
'

test_expect_success 'a submodule and a work tree linked to it' '
	git init -q super && git -C super submodule --quiet add ../up sub && cd super/sub && dv fetch -q && dv pull -q && store_one s1 2 && git worktree add -q ../../subtree old && cd ../../subtree && dv fetch -q && dv pull -q && store_one s2 3 && cd .. &&
	collects super/sub subtree && kept super/sub s1 && kept subtree s2 && cd super/.git/modules/sub && test_must_fail dv gc 2>"$SCRATCH/err" && grep "hint: cd .*super/sub$" "$SCRATCH/err"
'

test_expect_success 'with core.worktree in config.worktree' '
	cd super/sub && git config extensions.worktreeConfig true && git config --worktree core.worktree "$(git config core.worktree)" && git config --local --unset core.worktree && cd ../.. && collects super/sub subtree && kept super/sub s1 && kept subtree s2 &&
	git -C super/sub config --worktree dv.remote.own.url "$SCRATCH/remote" && (cd super/sub && dv remote list | grep own && dv fetch -q -r own) && (cd subtree && ! dv remote list | grep own)
'

test_expect_success 'a submodule that uses a shared store' '
	git init -q super2 && git -C super2 submodule --quiet add ../up sub && git -C super2/sub config dv.store.path "$SCRATCH/shared" && (cd super2/sub && dv pull -q && store_one s3 4) &&
	make_repo other && git -C other config dv.store.path "$SCRATCH/shared" && (cd other && store_one s4 5 && git add -A && git commit -qm s4) && collects other super2/sub && kept super2/sub s3 && kept other s4
'

test_expect_success 'the work trees of a bare repository share the store' '
	git clone -q --bare up bare.git &&
	git -C bare.git worktree add -q ../b1 main && git -C bare.git worktree add -q ../b2 old && (cd b1 && dv pull -q && store_one s5 6) && (cd b2 && dv pull -q && store_one s6 7) && collects b1 b2 && kept b1 s5 && kept b2 s6
'

test_expect_success 'where only its config.worktree says that it is bare, and with what FETCH_HEAD has' '
	git -C bare.git config extensions.worktreeConfig true && git -C bare.git config --unset core.bare && git -C bare.git config --worktree core.bare true && (cd up && git checkout -q --detach && random_bytes 20000 8 >f && dv add -q f && git add -A && git commit -qm f && git checkout -q main) &&
	git -C bare.git fetch -q ../up "$(git -C up rev-parse HEAD@{1})" && cp -n up/.git/dv/data/* bare.git/dv/data && cp -n up/.git/dv/meta/* bare.git/dv/meta && collects b1 b2 && kept b1 s5 && kept b2 s6 && cd b1 && dv cat --rev "$(git -C ../up rev-parse HEAD@{1})" f >../f && random_bytes 20000 8 | cmp - ../f
'

test_expect_success 'a git folder that does not say where its work tree is stops gc in the others' '
	git clone -q --separate-git-dir=apart up main && git -C main worktree add -q ../linked old && (cd main && dv pull -q && store_one s7 9) && cd linked && dv pull -q && test_must_fail dv gc --grace now 2>err && cat err && grep "core.worktree" err && rm err && git --git-dir=../apart config core.worktree "$SCRATCH/main" && cd .. && collects linked main && kept main s7
'

test_done
