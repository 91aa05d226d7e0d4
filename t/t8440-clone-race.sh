#!/bin/sh

test_description='a whole file of the store is written to while checkout clones it (XFS)'

. "${0%/*}/test-lib.sh"

need_xfs

whole () { find .git/dv/loose -type f -size +15M; }

# stopped: checkout has looked at the whole file and not cloned it yet
stopped () { rm -f big && stopped_at loose-before-clone:1 checkout -q && chmod u+w "$(whole)"; }

# refused: and nothing is left
refused () {
	{ go_on; test $? -eq 1; } && cat "$SCRATCH/stopped.err" && grep big "$SCRATCH/stopped.err" &&
	! test -e big && test -z "$(find . -maxdepth 1 -name '*dv-tmp*')"
}

test_expect_success 'bytes are altered: that is no checkout' '
	make_repo xfs/repo && cd xfs/repo && mkdir "$SCRATCH/remote" && dv remote add origin "$SCRATCH/remote" && random_bytes 20000000 1 >big && cp big "$SCRATCH/big" &&
	dv add -q big && git add -A && git commit -qm big && dv push -q && stopped && printf Z | dd of="$(whole)" bs=1 seek=7000000 conv=notrunc 2>/dev/null && refused
'

test_expect_success 'the remote has it' 'cd xfs/repo && dv pull -q && cmp big "$SCRATCH/big" && dv status --json >../out && test ! -s ../out'

test_expect_success 'bytes are added: the others are as they were, so the file is' '
	cd xfs/repo && rm -rf .git/dv/loose .git/dv/data .git/dv/index && dv add -q big && test -n "$(whole)" && stopped && echo more >>"$(whole)" && go_on &&
	cmp big "$SCRATCH/big" && test -z "$(find . -maxdepth 1 -name "*dv-tmp*")" && dv status --json >../out && test ! -s ../out
'

test_done
