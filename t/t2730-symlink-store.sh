#!/bin/sh

test_description='symbolic links into a store elsewhere, moved, gone, written through, collected'

. "${0%/*}/test-lib.sh"

clean () { dv status >"$SCRATCH/status" || cat "$SCRATCH/status"; dv status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status"; }
is_link () { test -L "$1" && case $(readlink "$1") in */loose/??/*) ;; *) false ;; esac; }
file_of () { find "$1/loose" -type f -size +9M; }
# repo <folder> <store>
repo () { git init -q "$1" && cd "$1" && dv init -q && dv config --local store.path "$2" && dv config store.link "${3:-symlink,copy}"; }
random_bytes 17000000 1 >big1
random_bytes 17000000 2 >big2
away=/dev/shm/dv-t2730.$$
mkdir "$away"
at_exit "rm -rf '$away'"

test_expect_success 'a store on another file system: no copy in the work tree, no word about it' '
	repo away "$away" hardlink,symlink,copy && cp ../big1 a && dv add a 2>err && is_link a && ! grep "links to the store" err && cmp a ../big1 && git add -A && git commit -qm 1 &&
	rm a && dv checkout 2>err && is_link a && test "$(grep -c "links to the store" err)" = 0 && clean && dv checkout --relink >out && grep "up to date" out && dv config store.link reflink,symlink && rm a && dv checkout -q && is_link a
'

test_expect_success 'doctor says what store.link comes to, and why not what it names first' '
	cd away && dv config store.link hardlink,symlink,copy && dv doctor --offline >out && grep "symlink,copy: large files are symbolic links to the store; no hardlink: the store is on another file system" out && dv config store.link copy &&
	dv doctor --offline >out && grep "store.link is copy: large files are copies$" out && dv config store.link symlink && dv doctor --offline >out && grep "large files are symbolic links to the store$" out
'

test_expect_success 'the store has another way to be named: the link has its real path' '
	ln -s "$away" alias && cd away && dv config --local store.path "$SCRATCH/./alias" && clean && rm a && dv checkout -q && test "$(readlink a)" = "$(file_of "$away")" && clean
'

test_expect_success 'written through the link: seen, recorded as new content, the old one never claimed' '
	cd away && chmod u+w a && printf X | dd of=a bs=1 seek=5000 conv=notrunc 2>/dev/null && cp a ../edited && dv status >out && grep "modified: *a" out && dv diff --name-status >out && grep "^M.*a" out &&
	test_must_fail dv checkout 2>err && grep "a: changed here" err && cmp a ../edited && dv add -q a && cmp a ../edited && is_link a && git commit -qam edited && clean && rm a && dv checkout -q && cmp a ../edited &&
	git checkout -q HEAD~1 && test_must_fail dv checkout && cp --remove-destination ../big1 a && dv add -q a && git diff --quiet && cmp a ../big1 && is_link a && clean && git checkout -q main && dv checkout -q && cmp a ../edited && dv fsck
'

test_expect_success 'written through, and overwritten by force: what was written is kept in quarantine' '
	mkdir remote own && repo own/repo "$SCRATCH/own/store" && cp "$SCRATCH/big1" a && dv add -q a && git add -A && git commit -qm 1 && dv remote add origin "$SCRATCH/remote" && dv push -q &&
	chmod u+w a && echo more >>a && cp a ../edited && dv pull -f 2>../err && cmp a "$SCRATCH/big1" && grep "written through a link" ../err && cmp ../store/quarantine/* ../edited && is_link a && clean
'

test_expect_success 'an editor that is not root meets a file that cannot be written' '
	if test "$(id -u)" = 0
	then
		git init -q user && chmod 755 "$SCRATCH" && cp big1 user/a && chown -R 65533:65533 user && cp -r "$HOME" userhome && chown -R 65533 userhome && cd user && as () { HOME=$SCRATCH/userhome setpriv --reuid=65533 --regid=65533 --clear-groups "$@"; }
	else
		git init -q user && cp big1 user/a && cd user && as () { "$@"; }
	fi &&
	as dv init -q && as dv config store.link symlink && as dv add -q a && is_link a && test_must_fail as sh -c "echo x >>a" && test_must_fail as sh -c ": >a" && cmp a ../big1 && as dv status && as dv unprotect -q a && as sh -c "echo x >>a" && as dv status >../out && grep "modified: *a" ../out
'

# --- a store that is not there ----------------------------------------------

test_expect_success 'the repository was moved: said so, mended by checkout' '
	git init -q moved && cd moved && dv init -q && dv config store.link symlink && mkdir d && cp ../big1 d/a && cp ../big2 f && dv add -q d f && git add -A && git commit -qm 1 && cd .. && mv moved moved2 && cd moved2 &&
	dv status >out && grep "unlinked: *d/a" out && grep "unlinked: *f$" out && grep "dv checkout <path>" out && dv status --json >out && test "$(jq -r .state out | sort -u)" = unlinked && dv status -s >out && grep "^L  d/a" out &&
	test_exit_code 1 dv status --exit-code >out && dv diff --exit-code &&
	test_must_fail dv add d 2>err && grep "d/a is a link to a file of a store that is not there" err && grep "hint: dv checkout" err && test_must_fail dv add f 2>err && grep "hint: dv checkout" err && test_must_fail dv commit &&
	git diff --quiet && dv checkout -q && is_link d/a && cmp d/a ../big1 && cmp f ../big2 && clean
'

test_expect_success 'so was a copy of it, whose links still lead to the first one' '
	cp -a moved2 copied && cd copied && dv status >out && grep "unlinked: *d/a" out && dv checkout -q && test "$(readlink d/a)" != "$(readlink ../moved2/d/a)" && cmp d/a ../big1 && clean && cd ../moved2 && clean
'

test_expect_success 'the store was moved; other versions are reached by the moved links' '
	cd away && mv "$away" "$away.2" && mkdir "$away" && dv config --local store.path "$away.2" && dv status >out && grep "unlinked: *a" out && git checkout -q HEAD~1 && dv checkout -q && is_link a && cmp a ../big1 && clean &&
	git checkout -q main && dv checkout -q && clean && rm -rf "$away" && mv "$away.2" "$away" && dv config --local store.path "$away"
'

test_expect_success 'the file is gone, the content not: from packs, or from a remote' '
	cd own/repo && rm -rf ../store/loose/*/* && dv status >out && grep "unlinked: *a" out && test_must_fail dv checkout 2>err && grep "hint: dv pull" err && test -L a && dv pull -q && is_link a && cmp a "$SCRATCH/big1" && clean &&
	rm -rf ../store/loose/*/* && dv status >out && grep "unlinked: *a" out && dv checkout -q && is_link a && cmp a "$SCRATCH/big1" && dv rm -q a && test ! -L a
'

# --- gc ----------------------------------------------------------------------

test_expect_success 'gc: a copy in packs does not cost the file that a link leads to' '
	git -C own/repo reset -q --hard && cd own/repo && dv pull -q && rm -rf ../store/loose/*/* && dv checkout -q && is_link a && test -n "$(find ../store/data -size +9M)" && dv gc --grace now && cmp a "$SCRATCH/big1" && clean
'

test_expect_success 'gc: links of other work trees and repositories of a shared store' '
	repo user1 "$SCRATCH/common" && cp ../big1 a && dv add -q a && git add -A && git commit -qm 1 && git worktree add -q ../user1wt && cd ../user1wt && dv checkout -q && is_link a && repo ../user2 "$SCRATCH/common" && cp ../big1 b && cp ../big2 c && dv add -q b c && git add -A &&
	git commit -qm 2 && cd ../user1 && dv rm -q --keep a && git commit -qam "no a" && dv gc --grace now && cmp ../user1wt/a ../big1 && cmp ../user2/b ../big1 && cmp ../user2/c ../big2 && cd ../user2 && clean && cd ../user1wt && clean
'

test_expect_success 'gc: a version that nothing reaches stays while a work tree has it, and goes after that' '
	repo alone "$SCRATCH/lonely" && cp ../big1 a && dv add -q a && rm a.dv && dv gc --grace now >out && grep "1 unreachable file is, or may still be, linked" out && cmp a ../big1 && rm a .git/dv/stat/* && dv gc --grace now && test -z "$(file_of ../lonely)"
'

test_expect_success 'fsck: what was written through is found, set aside and mended' '
	cd user2 && chmod u+w c && printf X | dd of=c conv=notrunc 2>/dev/null && test_must_fail dv fsck && mkdir ../remote2 && test_must_fail dv fsck --repair && test -n "$(find ../common/quarantine -size +9M)" && dv status >out && grep "unlinked: *c" out &&
	cp --remove-destination ../big2 c && dv add -q c && git diff --quiet && is_link c && clean && dv fsck
'

test_expect_success 'gc: after symlink to copy a file that nothing reaches is not said to be linked for certain' '
	repo copies "$SCRATCH/copied" && cp ../big1 a && dv add -q a && is_link a && dv config store.link copy && dv unprotect -q a && test ! -L a && rm a.dv && dv gc --grace now >out && cat out &&
	{ test -z "$(file_of ../copied)" || grep "may still be, linked" out; } && cmp a ../big1
'

test_done
