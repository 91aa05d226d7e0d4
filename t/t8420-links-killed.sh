#!/bin/sh

test_description='add and checkout with hard links, killed at every step: the bytes are always somewhere'

. "${0%/*}/test-lib.sh"

crash_dv=$DV_BUILD/crash/dv
links () { stat -c %h "$1"; }
random_bytes 17000000 1 >big

killed_at () { (DV_TEST_CRASH_AT=$1 && export DV_TEST_CRASH_AT && shift && ! "$@"); }

fresh () {
	rm -rf repo && git init -q repo && cd repo && dv init -q && dv config store.link hardlink && cp ../big big
}

test_expect_success 'there are points to be killed at' '
	fresh && DV_TEST_CRASH_LOG=$SCRATCH/add.log "$crash_dv" add -q big && test "$(links big)" = 2 && rm big &&
	rm -rf .git/dv/loose && cp ../big big && dv config store.link copy && dv add -q big && rm big && dv config store.link hardlink &&
	DV_TEST_CRASH_LOG=$SCRATCH/checkout.log "$crash_dv" checkout -q && test "$(links big)" = 2 &&
	grep -qx add-before-links "$SCRATCH/add.log" && grep -qx loose-before-rename "$SCRATCH/add.log" && grep -qx loose-after-rename "$SCRATCH/checkout.log"
'

test_expect_success 'add' '
	for point in $(sort -u add.log | grep -v " ")
	do
		echo "$point" && fresh && killed_at "$point:1" "$crash_dv" add -q big && cmp big ../big && dv add -q big && cmp big ../big &&
		dv checkout -q --relink && test "$(links big)" = 2 && cmp big ../big && dv fsck -q && cd .. || exit 1
	done
'

test_expect_success 'checkout, of a file that is only in packs' '
	for point in $(sort -u checkout.log | grep -v " ")
	do
		echo "$point" && fresh && dv config store.link copy && dv add -q big && dv config store.link hardlink && rm big && killed_at "$point:1" "$crash_dv" checkout -q &&
		dv checkout -q && cmp big ../big && dv checkout -q --relink && test "$(links big)" = 2 && cmp big ../big && dv fsck -q && cd .. || exit 1
	done
'

test_expect_success 'relink of the user'\''s only copy in the work tree' '
	for point in loose-before-rename loose-after-rename loose-done
	do
		echo "$point" && fresh && dv config store.link copy && dv add -q big && dv config store.link hardlink && killed_at "$point:1" "$crash_dv" checkout -q --relink &&
		cmp big ../big && dv checkout -q --relink && test "$(links big)" = 2 && cmp big ../big && dv fsck -q && cd .. || exit 1
	done
'

test_expect_success 'add killed before the stat index, then the file changes: add records what is here' '
	for link in copy hardlink symlink
	do
		fresh && dv config store.link $link && mkdir d && echo 1 >d/x && echo gone >d/gone && dv add -q big d && git add -A && git commit -qm 1 &&
		rm -f big d/gone && random_bytes 17000000 2 >big && echo 2 >d/x && killed_at "add: after pointers:1" "$crash_dv" add -q big d && dv status >../out && random_bytes 17000000 3 >../big3 &&
		cp --remove-destination ../big3 big && echo 3 >d/x && echo new >d/new && dv add -q big d && cmp big ../big3 && test "$(cat d/x)" = 3 && test "$(dv ls d | wc -l)" = 2 && git add -A && git commit -qm 3 &&
		rm -r big d && dv checkout -q && cmp big ../big3 && test "$(cat d/x)" = 3 && test ! -e d/gone && dv status -q &&
		echo 4 >d/x && killed_at "add: after pointers:1" "$crash_dv" add -q d && echo 5 >d/x && dv commit -q && test "$(dv cat d/x)" = 5 && git commit -qam 5 &&
		git checkout -q HEAD~1 && echo 6 >d/x && test_must_fail dv commit 2>../err && grep "pointer was changed since" ../err && test_must_fail dv add d 2>../err && grep "pointer was changed since" ../err && cd .. || exit 1
	done
'

test_expect_success 'gc of packs that whole files have all of' '
	rm -rf remote pulled && mkdir remote && fresh && echo small >small && dv add -q big small && git add -A && git commit -qm 1 && dv push -q -r "$SCRATCH/remote" && cd .. &&
	pulled () { rm -rf pulled && git clone -q repo pulled && cd pulled && dv config store.link symlink && dv pull -q -r "$SCRATCH/remote" && test -L big; } &&
	pulled && DV_TEST_CRASH_LOG=$SCRATCH/gc.log "$crash_dv" gc -q && cd .. && grep -qx gc-before-adopt gc.log && grep -qx gc-after-remove gc.log &&
	for point in $(grep "^gc-" gc.log | sort | uniq -c | awk "{ for (i = 1; i <= \$1; i++) print \$2 \":\" i }")
	do
		echo "$point" && pulled && killed_at "$point" "$crash_dv" gc -q && cmp big ../big && rm big && dv checkout -q && cmp big ../big && test "$(cat small)" = small && dv fsck -q &&
		dv gc -q --grace now && cmp big ../big && test "$(disk_bytes .git/dv/data)" -lt 3000 && dv fsck -q && cd .. || exit 1
	done
'

strays () { find .git/dv/loose -type f; }

test_expect_success 'gc killed between an index and its file, add before the index: the next gc removes the rest' '
	fresh && dv add -q big && rm -rf big big.dv .git/dv/stat && killed_at gc-after-remove:1 "$crash_dv" gc -q --grace now && test -n "$(strays)" &&
	dv gc >out && grep "younger" out && test -n "$(strays)" && dv gc -n --grace now >dry && cat dry && grep "^remove loose/" dry && dv gc --grace now >real &&
	sed "s/would have //" dry | cmp - real && test -z "$(strays)" && dv gc --grace now | grep "nothing to free" &&
	cp ../big big && killed_at loose-after-rename:1 "$crash_dv" add -q big && test -n "$(strays)" && dv gc --grace now | grep "^remove loose/" && test -z "$(strays)" &&
	cmp big ../big && dv add -q big && dv gc --grace now && dv fsck -q && rm big && dv checkout -q && cmp big ../big
'

test_done
