#!/bin/sh

test_description='hard links into the store: made by choice, read-only, never a way to lose bytes'

. "${0%/*}/test-lib.sh"

links () { stat -c %h "$1"; }
clean () { dv status >"$SCRATCH/status" || cat "$SCRATCH/status"; dv status --json >"$SCRATCH/status" && test ! -s "$SCRATCH/status"; }
mode () { stat -c %a "$1"; }
store_file () { find .git/dv/loose -type f -size +9M "$@"; }
random_bytes 20000000 1 >big1
random_bytes 20000000 2 >big2

# The first MiB is dropped and the rest moved up: every later chunk is still in
# the file, but not where it was.
shift_bytes () {
	python3 - "$1" <<-'PY'
	import sys
	f = open(sys.argv[1], "r+b")
	b = f.read()
	f.seek(0)
	f.write(b[1000000:] + b[:1000000])
	PY
}

test_expect_success 'the setting: words in an order' '
	make_repo repo && cd repo && dv config store.link hardlink,copy && dv config store.link reflink,hardlink,copy && test_must_fail dv config store.link hard &&
	dv config store.link hardlink,copy
'

test_expect_success 'add: the large file becomes a read-only link, the small one stays' '
	cd repo && mkdir d && cp ../big1 d/big && echo small >d/small && dv add -q d && git add -A && git commit -qm 1 &&
	test "$(links d/big)" = 2 && test "$(mode d/big)" = 444 && test "$(links d/small)" = 1 && cmp d/big ../big1 &&
	test "$(stat -c %i d/big)" = "$(stat -c %i "$(store_file)")" && test "$(find .git/dv/data -name "*.pack" -size +1M)" = "" &&
	clean
'

test_expect_success 'add again does nothing; fsck, gc and the list of the store count the file once' '
	cd repo && dv add -q d && test "$(links d/big)" = 2 && git diff --quiet && dv fsck && dv gc --grace now && cmp d/big ../big1 &&
	dv store --json >out && test "$(jq .loose_files out)" = 2
'

test_expect_success 'checkout links it again, and again in another work tree' '
	cd repo && rm d/big && dv checkout -q && test "$(links d/big)" = 2 && git worktree add -q ../wt && cd ../wt && dv checkout -q &&
	test "$(links d/big)" = 3 && cmp d/big ../big1 && clean && cd ../repo && clean &&
	git worktree remove --force ../wt
'

test_expect_success 'what is pulled into packs gets a whole file in the store' '
	mkdir remote && cd repo && dv remote add origin "$SCRATCH/remote" && git add -A && git commit -qm remote && dv push -q && git clone -q . ../clone && cd ../clone &&
	dv config store.link hardlink,copy && dv pull -q && test "$(links d/big)" = 2 && test "$(mode d/big)" = 444 && cmp d/big ../big1 &&
	clean && dv fsck
'

test_expect_success 'unprotect: private, writable, unmodified; also a part, and a file that is edited' '
	cd clone && dv unprotect --json d/big >out && test "$(jq .unprotected out)" = 1 && test "$(links d/big)" = 1 && test "$(mode d/big)" = 644 &&
	cmp d/big ../big1 && clean && printf X | dd of=d/big conv=notrunc 2>/dev/null &&
	dv status >out && grep "d/big" out && dv unprotect -q d && dv checkout -q -f && test "$(links d/big)" = 2 && cmp d/big ../big1 &&
	test_exit_code 129 dv unprotect
'

test_expect_success 'relink undoes links also after their times or modes were changed' '
	for how in "touch" "chmod u+w"
	do
		cd "$SCRATCH" && rm -rf again && git clone -q repo again && cd again && dv config --local store.link hardlink && dv pull -q -r "$SCRATCH/remote" && test "$(stat -c %h d/big)" = 2 && $how d/big &&
		dv config --local store.link copy && dv checkout -q --relink && test ! -L d/big && test "$(stat -c %h d/big)" = 1 && cmp d/big ../big1 &&
		clean || return 1
	done
'

test_expect_success 'relink applies a changed setting, to unmodified files only' '
	cd clone && dv config store.link copy && dv checkout --relink && test "$(links d/big)" = 1 && cmp d/big ../big1 && test -w d/big &&
	dv config store.link hardlink && dv checkout --relink d/big && test "$(links d/big)" = 2 && clean &&
	dv unprotect -q d && echo more >>d/big && rm d/small && dv checkout --relink && test "$(links d/big)" = 1 && test ! -e d/small &&
	dv status >out && grep "d/big" out && grep "d/small" out && dv checkout -q -f && test "$(links d/big)" = 2
'

test_expect_success 'an executable is copied; a bit set later does not reach the store' '
	cd clone && cp ../big2 x && chmod +x x && dv add -q x && test "$(links x)" = 1 && test -x x && chmod -x x && dv add -q x &&
	test "$(links x)" = 2 && git add -A && git commit -qm x && chmod +x x && dv checkout -q -f x && test ! -x x && test "$(store_file -perm /111)" = "" && dv fsck
'

test_expect_success 'written through the link: seen, recorded as new content, nothing claimed that is not there' '
	git clone -q repo edited && cd edited && dv config store.link hardlink && dv pull -q -r "$SCRATCH/remote" && dv gc --grace now &&
	chmod u+w d/big && shift_bytes d/big && cp d/big ../shifted && dv status >out && grep "d/big" out &&
	dv add -q d && cmp d/big ../shifted && git commit -qam edited && rm -rf d && dv checkout && cmp d/big ../shifted &&
	git checkout -q HEAD~1 && { dv checkout || dv pull -q -r "$SCRATCH/remote"; } && cmp d/big ../big1 &&
	git checkout -q main && dv checkout && cmp d/big ../shifted
'

test_expect_success 'the same where the linked file is the only copy: refused by name, healed by pull' '
	cd repo && chmod u+w d/big && shift_bytes d/big && cp d/big ../mine && dv add -q d && cmp d/big ../mine && git commit -qam mine && rm -rf d &&
	dv checkout && cmp d/big ../mine && git checkout -q HEAD~1 && test_must_fail dv checkout 2>err && grep "d/big" err && cmp d/big ../mine &&
	dv pull -q && cmp d/big ../big1 && git checkout -q main && dv checkout && cmp d/big ../mine && dv fsck
'

test_expect_success 'touched only: still good, and a link again' '
	git init -q touched && cd touched && dv init -q && dv config store.link hardlink && cp ../big1 big && dv add -q big && git add -A && git commit -qm 1 && touch -d "2020-01-01" big &&
	clean && dv add -q big && rm big && dv checkout -q && cmp big ../big1 && test "$(links big)" = 2 && dv fsck
'

test_expect_success 'rm, mv and gc with links' '
	git init -q moved && cd moved && dv init -q && dv config store.link hardlink && cp ../big1 big && dv add -q big && git add -A && git commit -qm 1 && dv mv -q big other && test "$(links other)" = 2 && dv status >out && ! grep "other$" out &&
	dv rm -f -q other && test ! -e other && git add -A && git commit -qm 2 && dv gc --grace now && git checkout -q HEAD~1 && dv checkout && cmp big ../big1
'

test_expect_success 'the same content at two paths, and in two tracked paths: one file, and each can go' '
	git init -q twice && cd twice && dv init -q && dv config store.link hardlink && mkdir e && cp ../big1 e/a && cp ../big1 e/b && cp ../big1 f &&
	dv add -q e f && git add -A && git commit -qm 1 && test "$(links e/a)" = 4 && clean && clean && test "$(links f)" = 4 &&
	git rm -q --cached e.dv && rm e.dv && mkdir g && echo x >g/x && dv checkout -q && cp --remove-destination ../big2 e/a && git checkout -q HEAD -- e.dv && dv checkout -q -f &&
	cmp e/a ../big1 && clean && dv rm -q e/a e/b && test ! -e e/a && test ! -e e/b && cmp f ../big1
'

test_expect_success 'rm of the only good copy is refused after another link was written through' '
	git init -q only && cd only && dv init -q && dv config store.link hardlink && cp ../big1 a && cp ../big1 b && dv add -q a b && git add -A && git commit -qm 1 &&
	dv unprotect -q a && chmod u+w b && shift_bytes b && test_must_fail dv rm -q a && cmp a ../big1 && dv add -q a && dv checkout -q -f b && cmp b ../big1 && dv rm -q a && dv fsck
'

test_expect_success 'store.limit: what does not fit is copied at checkout, refused at add' '
	git init -q limited && cd limited && dv init -q && dv config store.link copy && cp ../big1 big && dv add -q big && dv config store.link hardlink &&
	dv config store.limit 30m && rm big && dv checkout 2>err && grep "no hard links" err && test "$(links big)" = 1 && cmp big ../big1 &&
	cp ../big2 new && test_must_fail dv add -q new && cmp new ../big2 && test ! -e new.dv
'

test_expect_success 'a store on another file system: copied, and said once' '
	git init -q apart && cd apart && dv init -q && mkdir -p /dev/shm/dv-t2700.$$ && dv config --local store.path /dev/shm/dv-t2700.$$ && dv config store.link hardlink && cp ../big1 a && cp ../big2 b &&
	dv add -q a b && test "$(links a)" = 1 && git add -A && git commit -qm 1 && rm a b && dv checkout 2>err && test "$(grep -c "no hard links" err)" = 1 && test "$(links a)" = 1 && cmp a ../big1 && cmp b ../big2
'
rm -rf /dev/shm/dv-t2700.$$

test_done
