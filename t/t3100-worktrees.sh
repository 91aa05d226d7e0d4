#!/bin/sh

test_description='beside git: work trees, submodules, sub-folders, unusual repositories'

. "${0%/*}/test-lib.sh"

test_expect_success 'G8: a linked work tree shares the store: no download' '
	make_repo repo && cd repo && mkdir ../remote && random_bytes 500000 1 >d && dv add -q d &&
	dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm data && dv push &&
	git worktree add -q ../linked && cd ../linked && mv ../remote ../away &&
	dv status --porcelain >../out && cat ../out && dv pull && cmp ../repo/d d && dv status -q &&
	mv ../away ../remote && test ! -d "$(git rev-parse --git-dir)/dv/data"
'

test_expect_success 'the two work trees do not disturb each other' '
	cd linked && echo other >d && dv add -q d && git commit -qam other && cd ../repo && dv status -q &&
	cd ../linked && dv status -q
'

test_expect_success 'a submodule' '
	git init -q super && cd super && git submodule --quiet add ../repo sub && cd sub && dv pull -q &&
	cmp ../../repo/d d && dv status -q
'

test_expect_success 'from a sub-folder, with relative paths' '
	cd repo && mkdir -p a/b && cd a/b && echo here >f && dv add f && test -f f.dv && dv add ../../a/b/f &&
	dv status --short >out && cat out && grep "f.dv$" out && test_must_fail dv add ../../../outside 2>err && grep -i outside err
'

test_expect_success 'extensions that libgit2 does not know' '
	git init -q ext && cd ext && git config core.repositoryFormatVersion 1 &&
	git config extensions.worktreeConfig true && git config extensions.partialClone origin &&
	dv init -q && echo x >d && dv add -q d && dv status --porcelain
'

test_expect_success 'what git tracks is refused, with the command that helps' '
	cd repo && echo t >tracked && git add tracked && git commit -qm t && test_must_fail dv add tracked 2>err &&
	cat err && grep "git rm" err
'

test_done
