#!/bin/sh

test_description='killed at every point where something becomes durable or visible'

. "${0%/*}/test-lib.sh"

# The dv with crash points; the whole test is about what the next, ordinary
# run finds.
crash_dv=$DV_BUILD/crash/dv

fresh () {
	rm -rf "$SCRATCH/repo" "$SCRATCH/remote" "$SCRATCH/clone" &&
	make_repo repo && mkdir remote && cd repo && cp -r ../input data && cp ../model model &&
	dv remote add origin "$SCRATCH/remote" && git add -A .dvconfig && git commit -qm remote
}

# What one run of the main job does, step by step; each step may be killed.
step () {
	case $1 in
	add) "$2" add -q data model ;;
	push) "$2" push -q ;;
	pull) cd ../clone && "$2" pull -q ;;
	checkout) cd ../clone && "$2" checkout -q -f ;;
	gc) "$2" gc -q --grace now ;;
	fsck) "$2" fsck -q --repair ;;
	esac
}

before_step () {
	case $1 in
	push) dv add -q data model && git add -A && git commit -qm data ;;
	pull | checkout) dv add -q data model && git add -A && git commit -qm data && dv push -q &&
		git clone -q . ../clone && { test "$1" = pull || { (cd ../clone && dv fetch -q); }; } ;;
	fsck) dv add -q data model && git add -A && git commit -qm data && p=$(ls -S .git/dv/data/*.pack | head -n 1) &&
		chmod u+w "$p" && printf "%0200d" 0 | dd of="$p" bs=1 seek=3000 conv=notrunc 2>/dev/null ;;
	# a pack to be packed anew, and two to be removed
	gc) random_bytes 900000 3 >other && dv add -q other data model && git add -A && git commit -qm data &&
		rm other other.dv && git reset -q --soft HEAD^ && git add -A && git commit -qm data && git reflog expire --expire=now --all &&
		echo no >other && dv add -q other && rm other other.dv && rm -f .git/ORIG_HEAD ;;
	esac
}

# The world before a step is made once, and each kill has a copy of it.
make_world () {
	fresh && before_step "$1" && cd "$SCRATCH" && rm -rf world && mkdir world && mv repo remote world &&
	{ test ! -d clone || mv clone world; }
}

copy_world () {
	cd "$SCRATCH" && rm -rf repo remote clone && cp -a world/. . && cd repo
}

# killed_step <step> <pass>: succeeds when the step was killed there
killed_step () {
	(DV_TEST_CRASH_AT=$2 && export DV_TEST_CRASH_AT && step "$1" "$crash_dv")
	test $? -eq 137
}

# After the kill git must not see what is half-written, the same step must do, and everything must be whole.  What the
# killed process left in the folders of its temporary files goes with the next
# write: at once where its pid says so, else when it is an hour old.
after_step () {
	for r in . ../clone; do test ! -d $r || ! git -C $r status --porcelain -uall | grep dv-tmp || return 1; done
	find .. -name ".dv-tmp-*" -exec touch -d "2 hours ago" {} + && step "$1" dv && cd ../repo && diff -r --no-dereference data ../input && cmp model ../model &&
	git add -A && { git diff --cached --quiet || git commit -qm data; } && dv push -q && rm -rf ../clone2 &&
	git clone -q . ../clone2 && cd ../clone2 && dv pull -q && diff -r --no-dereference data ../input && cmp model ../model &&
	dv status -q && cd ../repo && dv status -q && dv fsck -q && echo more >data/more && dv add -q data &&
	test -z "$(find .git/dv/tmp ../clone2/.git/dv/tmp -type f)" && test -z "$(find . -name "*.dv-tmp*")"
}

test_expect_success 'setup' '
	small_files input 120 && mkdir input/empty && ln -s nowhere input/link && random_bytes 700000 1 >input/big &&
	random_bytes 300000 2 >model && test -x "$crash_dv"
'

for what in add push pull checkout gc fsck
do
	rm -f "$SCRATCH/points"
	(make_world $what && copy_world && DV_TEST_CRASH_LOG="$SCRATCH/points" step $what "$crash_dv") >/dev/null 2>&1
	sort "$SCRATCH/points" | uniq -c | while read -r count point
	do
		echo "$point:1"
		test "$count" -eq 1 || echo "$point:$count"
	done >"$SCRATCH/passes"
	test_expect_success "$what passes crash points" 'test -s passes'
	while read -r pass
	do
		export pass what
		test_expect_success "$what killed at $pass" '
			copy_world && killed_step $what "$pass" && after_step $what
		'
	done <"$SCRATCH/passes"
done

test_done
