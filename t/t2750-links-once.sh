#!/bin/sh

test_description='store.link: what links lead to is not kept a second time, and not longer than they lead to it'

. "${0%/*}/test-lib.sh"

clean () { dv status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status"; }
is_link () { test -L "$1" && case $(readlink "$1") in */.git/dv/loose/*|*/store/loose/*) ;; *) false ;; esac; }
whole () { find "${1:-.git/dv}/loose" -type f -size +9M | wc -l; }
packed () { disk_bytes "${1:-.git/dv}/data"; }
# pulled <folder> <link>: a clone in that mode, with packs and whole files
pulled () { git clone -q origin "$1" && cd "$1" && dv config store.link "$2" && dv pull -q; }

random_bytes 20000000 1 >big1
random_bytes 17000000 2 >big2
mkdir remote
make_repo origin
cd origin || exit 1
dv remote add origin "$SCRATCH/remote"
mkdir d && cp ../big1 d/a && cp ../big2 b && echo small >d/s && dv add -q d b && git add -A && git commit -qm 1 && dv push -q && cd .. || exit 1

for kind in symlink hardlink
do
	test_expect_success "$kind: pull has it twice, gc leaves it once, whatever the grace" '
		pulled $kind $kind && test $(whole) = 2 && test $(packed) -gt 37000000 && before=$(disk_bytes .git/dv) && dv gc -n --json >../plan && dv gc --json >../done && tail -n 1 ../plan | jq -c "del(.dry_run)" >../a && tail -n 1 ../done | jq -c "del(.dry_run)" >../b && cmp ../a ../b &&
		test $((before - $(disk_bytes .git/dv))) -gt 36000000 && test $(whole) = 2 && test $(packed) -lt 3000 && cmp d/a ../big1 && cmp b ../big2 && clean && dv fsck && dv gc >../out && grep "nothing to free" ../out
	'

	test_expect_success "$kind: it is all there: cat, status by content, push, an edited version, copies" '
		cd $kind && dv cat b | cmp - ../big2 && dv status --rehash --exit-code && rm d/a && dv checkout -q && cmp d/a ../big1 && mkdir ../remote.$kind && dv push -q -r "$SCRATCH/remote.$kind" && git clone -q . ../$kind.2 && (cd ../$kind.2 && dv pull -q -r "$SCRATCH/remote.$kind" && cmp d/a ../big1 && cmp b ../big2) &&
		dv config store.link copy && dv checkout -q --relink && test ! -L d/a && test "$(stat -c %h d/a)" = 1 && dv gc -q --grace now && cmp d/a ../big1 && rm d/a b && dv checkout -q && cmp d/a ../big1 && cmp b ../big2 && clean && dv fsck
	'
done

test_expect_success 'copies again before gc: packs stay, whole files go though the files are here' '
	pulled back symlink && dv config store.link copy && dv checkout -q --relink && dv gc --grace now && test $(whole) = 0 && test $(packed) -gt 37000000 && cmp d/a ../big1 && clean && dv fsck
'

test_expect_success 'one of two is a copy again: only the other one is leant on' '
	pulled half symlink && dv unprotect -q b && dv gc -q --grace now && test $(whole) = 1 && is_link d/a && test $(packed) -gt 16000000 && test $(packed) -lt 18000000 && cmp d/a ../big1 && cmp b ../big2 && clean && dv fsck
'

test_expect_success 'what nothing reaches waits for the grace, what is here twice beside it is dropped with it only' '
	pulled waits symlink && dv rm -q b && git commit -qam "no b" && git reflog expire --expire=now --all && git update-ref -d refs/remotes/origin/HEAD && git update-ref -d refs/remotes/origin/main && git checkout -q --orphan new && git commit -qm new && git branch -qD main && git reflog expire --expire=now --all &&
	before=$(packed) && dv gc >../out && cat ../out && test $(packed) = $before && dv gc -q --grace now && test $(packed) -lt 3000 && is_link d/a && cmp d/a ../big1 && clean && dv fsck
'

test_expect_success 'written through the link: packs are what is right, and stay' '
	pulled wrote symlink && chmod u+w d/a && printf X | dd of=d/a bs=1 seek=5000 conv=notrunc 2>/dev/null && dv gc -q --grace now && test $(packed) -gt 16000000 && dv checkout -q -f && cmp d/a ../big1 && dv gc -q --grace now && test $(packed) -lt 3000 && cmp d/a ../big1 && clean && dv fsck
'

test_expect_success 'damage that times do not show is found before packs go' '
	pulled rotten symlink && f=$(readlink d/a) && cp -p "$f" ../good && touch -r "$f" ../times && ino=$(stat -c %i "$f") && chmod u+w "$f" && ln "$f" ../second && printf X | dd of="$f" bs=1 seek=5000 conv=notrunc 2>/dev/null && touch -r ../times "$f" && test $(stat -c %i "$f") = $ino &&
	dv gc --grace now >../out 2>../err && cat ../out ../err && grep "kept what is in packs too: .*/loose/.*: a chunk is damaged" ../err && test $(packed) -gt 37000000 && rm ../second && test_must_fail dv fsck && dv checkout -q -f && cmp d/a ../big1 && dv fsck
'

test_expect_success 'links of another user of the store and of its work trees count; not known where a work tree is: kept' '
	git clone -q origin u1 && git clone -q origin u2 && for u in u1 u2; do (cd $u && dv config --local store.path "$SCRATCH/common/store" && dv config --local store.link symlink) || exit 1; done && mkdir common &&
	(cd u1 && dv pull -q && git worktree add -q ../u1wt -b side && cd ../u1wt && dv checkout -q && is_link b) && (cd u2 && dv pull -q && is_link b && dv config --local store.link copy && dv checkout -q --relink && test ! -L b && dv gc -q) &&
	test $(whole common/store) = 2 && test $(packed common/store) -lt 3000 && cmp u1/b big2 && cmp u1wt/b big2 && cmp u2/b big2 && (cd u2 && clean) && (cd u1 && clean && dv fsck) && (cd u1wt && clean) && git clone -q origin u3 && cd u3 && dv config --local store.path "$SCRATCH/common/store" && dv pull -q && cmp b ../big2
'

test_expect_success 'after symlink to copy what nothing reaches goes: no link leads to it' '
	make_repo gone && cd gone && dv config store.link symlink && cp ../big1 a && cp ../big2 b && dv add -q a b && is_link a && is_link b && dv config store.link copy && dv unprotect -q a && rm a.dv b.dv && dv gc --grace now >../out && cat ../out &&
	test $(whole) = 1 && is_link b && cmp b ../big2 && cmp a ../big1 && rm b && dv gc --grace now >../out && grep "may still be, linked" ../out && rm -r .git/dv/stat && dv gc -q --grace now && test $(whole) = 0
'

test_expect_success 'a link that was put back by hand keeps the file' '
	make_repo again && cd again && dv config store.link symlink && cp ../big1 a && dv add -q a && text=$(readlink a) && dv config store.link copy && dv unprotect -q a && ln -sf "$text" a && rm a.dv && dv gc -q --grace now && cmp a ../big1
'

test_done
