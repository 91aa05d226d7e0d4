#!/bin/sh

test_description='symbolic links into the store: seen through where they are ours, never followed where not'

. "${0%/*}/test-lib.sh"

clean () { dv status >"$SCRATCH/status" || cat "$SCRATCH/status"; dv status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status"; }
store_file () { find .git/dv/loose -type f -size +9M "$@"; }
is_link () { test -L "$1" && case $(readlink "$1") in */loose/??/*) ;; *) false ;; esac; }
links () { dv init -q && dv config store.link symlink,copy; }
random_bytes 17000000 1 >big1
random_bytes 17000000 2 >big2

test_expect_success 'the setting: a list of words' '
	make_repo repo && cd repo && dv config store.link symlink && dv config store.link hardlink,symlink,copy && test_must_fail dv config store.link softlink 2>err &&
	grep "symlink and copy: softlink" err && test_must_fail dv config store.link symlink, && dv config store.linkFrom 1m && test_must_fail dv config store.linkFrom much
'

test_expect_success 'add: the large file becomes a link to a read-only file, the small one stays' '
	git init -q one && cd one && links && mkdir d && cp ../big1 d/big && echo small >d/small && dv add -q d && git add -A && git commit -qm 1 &&
	is_link d/big && test ! -L d/small && cmp d/big ../big1 && test "$(stat -L -c %a d/big)" = 444 && test "$(readlink d/big)" = "$(realpath "$(store_file)")" &&
	test "$(find .git/dv/data -name "*.pack" -size +1M)" = "" && clean && clean
'

test_expect_success 'add again does nothing; with the stat index lost it reads, stores nothing and keeps the link' '
	cd one && dv add -q d && is_link d/big && git diff --quiet && rm -rf .git/dv/stat && clean && dv add d >out && is_link d/big && git diff --quiet &&
	test "$(store_file | wc -l)" = 1 && test "$(find .git/dv/data -name "*.pack" -size +1M)" = "" && clean && dv fsck && dv store --json >out && test "$(jq .loose_files out)" = 2
'

test_expect_success 'ls, cat, du, diff and status see a file of that size' '
	cd one && dv ls -l d/big >out && grep 17000000 out && dv cat d/big | cmp - ../big1 && dv diff --exit-code && dv status --rehash && dv add -q -n d
'

test_expect_success 'checkout links it again, also in another work tree and in a new folder' '
	cd one && rm d/big && dv checkout -q && is_link d/big && rm -rf d && dv checkout -q && is_link d/big && clean && git worktree add -q ../wt && cd ../wt && dv checkout -q &&
	is_link d/big && cmp d/big ../big1 && clean && cd ../one && clean && git worktree remove --force ../wt
'

test_expect_success 'what is pulled into packs gets a whole file in the store' '
	mkdir remote && cd one && dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm remote && dv push -q && git clone -q . ../clone && cd ../clone &&
	dv config store.link symlink && dv pull -q && is_link d/big && cmp d/big ../big1 && clean && dv fsck
'

test_expect_success 'unprotect: private, writable, unmodified; also a part, and a file that is edited' '
	cd clone && dv unprotect --json d/big >out && test "$(jq .unprotected out)" = 1 && test ! -L d/big && test "$(stat -c %a d/big)" = 644 && cmp d/big ../big1 && clean &&
	printf X | dd of=d/big conv=notrunc 2>/dev/null && dv status >out && grep "d/big" out && dv checkout -q -f && is_link d/big && cmp d/big ../big1 && clean &&
	dv unprotect -q d && dv unprotect --json d >out && test "$(jq .unprotected out)" = 0 && dv checkout -q --relink && is_link d/big
'

test_expect_success 'relink undoes links also after their times or modes were changed' '
	for how in "touch" "chmod u+w"
	do
		cd "$SCRATCH" && rm -rf again && git clone -q one again && cd again && dv config --local store.link symlink && dv pull -q -r "$SCRATCH/remote" && test -L d/big && $how d/big &&
		dv config --local store.link copy && dv checkout -q --relink && test ! -L d/big && test "$(stat -c %h d/big)" = 1 && cmp d/big ../big1 &&
		clean || return 1
	done
'

test_expect_success 'relink applies a changed setting: symlink, hardlink, copy' '
	cd clone && dv config store.link copy && dv checkout -q --relink && test ! -L d/big && test -w d/big && clean && dv config store.link hardlink && dv checkout -q --relink &&
	test "$(stat -c %h d/big)" = 2 && clean && dv config store.link symlink && dv checkout -q --relink && is_link d/big && clean && dv config store.link hardlink && dv checkout -q --relink &&
	test ! -L d/big && test "$(stat -c %h d/big)" = 2 && clean && dv config store.link symlink && dv checkout -q --relink && cmp d/big ../big1 && clean
'

test_expect_success 'a new version at the link: the old file of the store stays as it is' '
	cd clone && rm d/big && cp ../big2 d/big && dv add -q d && is_link d/big && cmp d/big ../big2 && git commit -qam 2 && git checkout -q HEAD~1 && dv checkout -q && is_link d/big &&
	cmp d/big ../big1 && git checkout -q main && dv checkout -q && cmp d/big ../big2 && clean && dv fsck
'

test_expect_success 'an executable is copied; a bit set later does not reach the store' '
	cd clone && cp ../big2 x && chmod +x x && dv add -q x && test ! -L x && chmod -x x && dv add -q x && is_link x && git add -A && git commit -qm x && git checkout -q HEAD &&
	chmod +x x && dv status >out && grep "modified: *x" out && dv checkout -q -f x && is_link x && test ! -x x && test "$(store_file -perm /111)" = "" && clean && dv fsck
'

test_expect_success 'a single tracked file: mv, git mv, rm' '
	git init -q single && cd single && links && cp ../big1 big && dv add -q big && is_link big && git add -A && git commit -qm 1 && dv mv -q big other && is_link other &&
	clean_of () { dv status >../out && ! grep "[^v]$1$" ../out; } && clean_of other && git add -A && git commit -qm 2 && git mv other.dv third.dv && dv checkout -q && is_link third && test ! -e other &&
	git add -A && git commit -qm 3 && clean && dv rm -q third && test ! -e third && test ! -L third && git checkout -q HEAD -- third.dv && dv checkout -q && cmp third ../big1
'

test_expect_success 'mv of a folder and of a part of it' '
	cd one && dv mv -q d a && is_link a/big && mkdir -p deep/er && dv mv -q a deep/er/d && is_link deep/er/d/big && cmp deep/er/d/big ../big1 && dv mv -q deep/er/d d && git checkout -q HEAD -- . && clean
'

test_expect_success 'store.linkfrom: smaller files too, stored once; empty ones never' '
	git init -q small && cd small && links && dv config store.linkfrom 100k && mkdir d && head -c 102400 ../big1 >d/a && head -c 102399 ../big1 >d/b && head -c 300000 ../big2 >d/c && : >d/empty && cp -r d ../d-was &&
	dv add -q d && is_link d/a && test ! -L d/b && is_link d/c && test ! -L d/empty && diff -r d ../d-was && git add -A && git commit -qm 1 && clean && test "$(disk_bytes .git/dv/data)" -lt 200000 && rm -rf d && dv checkout -q && is_link d/a &&
	diff -r d ../d-was && clean && dv config store.linkfrom 0 && dv checkout -q --relink && is_link d/b && test ! -L d/empty && clean && dv config store.linkfrom 200k && dv checkout -q --relink && test ! -L d/a && test ! -L d/b && is_link d/c && diff -r d ../d-was && clean && dv fsck && dv push -q -r "$SCRATCH/remote" && git clone -q . ../small2 && cd ../small2 && dv pull -q -r "$SCRATCH/remote" && diff -r d ../d-was
'

# --- links that are not ours -------------------------------------------------

test_expect_success 'any other symbolic link is recorded as one and never followed' '
	git init -q other && cd other && links && mkdir d && ln -s "$SCRATCH/big1" d/abs && ln -s nowhere d/dangling && echo x >x && ln -s ../x d/rel && cp ../big1 d/big &&
	hex=$(printf %064d 7) && mkdir -p "$SCRATCH/store2/loose/00" && echo secret >"$SCRATCH/store2/loose/00/$hex" && ln -s "$SCRATCH/store2/loose/00/$hex" d/foreign &&
	dv add -q d && test "$(readlink d/abs)" = "$SCRATCH/big1" && test -L d/foreign && git add -A && git commit -qm 1 && clean && rm -rf d && dv checkout -q &&
	test "$(readlink d/abs)" = "$SCRATCH/big1" && test "$(readlink d/foreign)" = "$SCRATCH/store2/loose/00/$hex" && ! dv cat d/foreign && clean
'

test_expect_success 'a name that only looks like ours is not: other id, a folder, a link in the store' '
	cd other && name=$(store_file) && hex=${name##*/} && for text in "$PWD/.git/dv/loose/00/$hex" "$PWD/.git/dv/loose/../loose/${hex%${hex#??}}/$hex" ".git/dv/loose/${hex%${hex#??}}/$hex"
	do
		rm d/rel && ln -s "$text" d/rel && { test_must_fail dv status --exit-code || exit 1; } && dv status >out && grep "modified: *d/rel" out || exit 1
	done && dv checkout -q -f && clean
'

test_expect_success 'a link of ours at a place that has other content: modified, and recorded as that content' '
	cd other && name=$(realpath "$(store_file)") && echo y >d/y && dv add -q d && git add -A && git commit -qm y && rm d/y && ln -s "$name" d/y && dv status >out && grep "modified: *d/y" out && dv add -q d && cmp d/y ../big1 &&
	test "$(dv ls --json d/y | jq .size)" = 17000000 && rm -rf d && dv checkout -q && is_link d/y && cmp d/y ../big1
'

test_done
