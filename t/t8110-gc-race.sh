#!/bin/sh

test_description='two who add and push while a third removes, in one store and at one remote'

. "${0%/*}/test-lib.sh"

ROUNDS=6

# Content comes and goes: every round drops what the one before has added, and
# each third one adds again what was dropped.
work () {
	cd "$SCRATCH/$1" && i=0 &&
	while test $i -lt $ROUNDS
	do
		random_bytes 150000 $(($2 + i % 3)) >own && random_bytes 90000 $((i % 3)) >common &&
		dv add -q own common && git add -A && git commit -qm $i && dv push -q && rm -f own common && dv checkout -q -f || return 1
		if test $((i % 2)) -eq 1
		then
			git reset -q --hard HEAD^ && git reflog expire --expire=now --all && dv checkout -q -f || return 1
		fi
		i=$((i + 1))
	done
	: >"$SCRATCH/$1.done"
}

test_expect_success 'setup' '
	mkdir remote && for r in one two; do
		make_repo $r && (cd $r && dv config --local store.path "$SCRATCH/store" && dv remote add origin "$SCRATCH/remote" &&
		git add -A && git commit -qm remote) || exit 1
	done
'

test_expect_success 'all three at once' '
	{ work one 100 >one.log 2>&1 & } && { work two 200 >two.log 2>&1 & } &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do (cd one && dv gc --grace now) || exit 1; done && wait &&
	cat one.log two.log && test -f one.done && test -f two.done
'

test_expect_success 'nothing that any commit records is lost' '
	for r in one two; do
		cd "$SCRATCH/$r" && for c in $(git rev-list HEAD)
		do
			for p in own common
			do
				git cat-file -e $c:$p.dv 2>/dev/null || continue
				dv cat --rev $c $p >../got || exit 1
				n=0; while :; do
					for s in $n $((100 + n)) $((200 + n)); do random_bytes 150000 $s | cmp -s - ../got && break 2; random_bytes 90000 $s | cmp -s - ../got && break 2; done
					n=$((n + 1)); test $n -lt 3 || exit 1
				done
			done
		done || exit 1
	done
'

test_expect_success 'the store is whole' '
	cd one && dv fsck && cd ../two && dv fsck
'

test_expect_success 'nor at the remote' '
	for r in one two; do
		git clone -q "$SCRATCH/$r" "$SCRATCH/clone-$r" && cd "$SCRATCH/clone-$r" && dv pull -q -A && dv status -q || exit 1
	done
'

test_done
