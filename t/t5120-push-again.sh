#!/bin/sh

test_description='push after what was known of the remote is lost'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

mkdir there

# sent <what>: a number out of the JSON that dv push prints
sent () {
	python3 -c "import json; print(json.load(open('out'))['$1'])"
}

test_expect_success 'setup: forty directories of 80 KB each' '
	make_repo repo && cd repo && for i in $(seq 40)
	do
		mkdir d$i && for k in $(seq 20)
		do
			random_bytes 4000 $((i * 20 + k)) >d$i/f$k || return 1
		done && dv add -q d$i || return 1
	done && git add -A && git commit -qm one && dv remote add origin ../there && dv push -q
'

# what the remote has lies in packs that are not in the store, as small ones are packed anew
test_expect_success 'little of each is much of all: indexes are asked for' '
	cd repo && rm -r .git/dv/have && for i in $(seq 40); do echo "$i" >d$i/f7 || return 1; done &&
	dv commit -q && git commit -qam two && dv push --json >out && cat out && test "$(sent bytes)" -lt 200000 &&
	test "$(sent moved_paths)" -eq 40
'

test_expect_success 'what is little of all is sent without' '
	cd repo && rm -r .git/dv/have && echo new >d1/f8 && dv add -q d1 && git commit -qam three && dv push --json >out && cat out &&
	test "$(sent bytes)" -lt 200000 && test "$(sent requests)" -le 60
'

test_expect_success 'all of it can be had' '
	git clone -q repo clone && cd clone && dv pull -q && for i in $(seq 40); do diff -r ../repo/d$i d$i || return 1; done &&
	git checkout -q HEAD~1 && dv pull -q && test "$(cat d9/f7)" = 9
'

test_done
