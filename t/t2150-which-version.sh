#!/bin/sh

test_description='what is recorded, where the work tree is not of the version the pointer names'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup: two versions of a directory' '
	make_repo repo && cd repo && mkdir -p d/sub && echo 1 >d/a && echo 1 >d/b && echo 1 >d/sub/c && echo 1 >d/sub/e &&
	dv add -q d && git add -A && git commit -q -m one && git tag one &&
	echo 2 >d/a && echo 2 >d/new && rm d/b && dv add -q d && git commit -q -a -m two && git tag two
'

test_expect_success 'a part put back of a directory that was removed: the rest is absent, and stays recorded' '
	cd repo && cp d.dv ../two.dv && rm -rf d && dv checkout d/a && dv status --short >out && cat out && grep "^A  d/new" out && ! grep "^D" out &&
	dv commit && cmp d.dv ../two.dv && dv add d && cmp d.dv ../two.dv && dv checkout && test -f d/sub/c
'

test_expect_success 'so it is for a folder inside' '
	cd repo && rm -rf d/sub && dv checkout d/sub/c && dv status --short >out && cat out && grep "^A  d/sub/e" out && ! grep "^D" out &&
	echo 3 >d/a && dv commit -q && dv ls -R d >ls && grep "d/sub/e" ls && dv checkout && test -f d/sub/e && git checkout -q d.dv && dv checkout
'

test_expect_success 'commit of a path that is neither here nor recorded fails; of one that is absent or was deleted it does not' '
	cd repo && test_exit_code 1 dv commit d/nosuch 2>err && cat err && grep "no such file: d/nosuch" err && test_exit_code 1 dv commit -q d/sub/no/such 2>err && grep "no such file: d/sub/no/such" err &&
	rm -rf d/sub && dv checkout d/sub/c && dv commit d/sub/e && cmp d.dv ../two.dv && rm d/new && dv commit -q d/new && test_exit_code 1 dv commit d/new && git checkout -q d.dv && dv checkout -f && cmp d.dv ../two.dv
'

test_expect_success 'what is removed beside a part that is put back is still seen as deleted' '
	cd repo && rm d/new d/a && dv checkout d/a && dv status --short >out && grep "^D  d/new" out && dv checkout
'

test_expect_success 'git moved the pointer: add of the untouched work tree would undo that, and is refused' '
	cd repo && git checkout -q one -- d.dv && cp d.dv ../one.dv && test_must_fail dv add d 2>err && cat err && grep "since the last checkout" err &&
	grep "hint: dv checkout d " err && cmp d.dv ../one.dv && test_must_fail dv add -n d
'

test_expect_success 'with changes as well, for add and commit' '
	cd repo && echo mine >d/mine && test_must_fail dv add d 2>err && grep "since the last checkout" err && test_must_fail dv commit 2>err &&
	grep "dv add -f d " err && cmp d.dv ../one.dv
'

test_expect_success 'add -f records what is here, and nothing of the version that never was' '
	cd repo && dv add -f d && dv ls -R d >ls && cat ls && grep "^d/mine" ls && grep "^d/new" ls && ! grep "^d/b" ls && dv status --short >out && ! grep "^[MDA?]" out &&
	rm d/mine && dv add -q d && cmp d.dv ../two.dv
'

test_expect_success 'after dv checkout it is an ordinary add' '
	cd repo && cp ../one.dv d.dv && dv checkout && test -f d/b && dv add d && cmp d.dv ../one.dv
'

test_expect_success 'a work tree that is what the new pointer says is no trouble' '
	cd repo && cp ../two.dv d.dv && echo 2 >d/a && echo 2 >d/new && rm d/b && dv add d && cmp d.dv ../two.dv && dv status --short >out && ! grep "^[MDA?]" out
'

test_expect_success 'add -f of a partial checkout keeps what was absent from it' '
	cd repo && git commit -q -a --allow-empty -m x && rm -rf d .git/dv/stat && dv checkout d/sub && echo 9 >d/sub/c && git checkout -q one -- d.dv && test_must_fail dv add d &&
	dv add -f d && dv ls -R d >ls && grep "^d/new" ls && ! grep "^d/b" ls && git checkout -q two -- d.dv && dv checkout -f
'

test_expect_success 'a path that .dvignore names is refused, not recorded as empty' '
	cd repo && printf "cache/\n*.tmp\n" >>.dvignore && mkdir -p cache/x d/cache && echo 1 >cache/x/f && echo 1 >d/cache/f && echo 1 >d/x.tmp && echo 1 >y.tmp &&
	for p in cache cache/x cache/x/f d/cache d/x.tmp y.tmp
	do
		test_must_fail dv add "$p" 2>err && grep "$p is ignored" err && grep "hint: .*dvignore" err || { cat err; return 1; }
	done && test ! -e cache.dv && test ! -e y.tmp.dv && dv add d && cmp d.dv ../two.dv
'

test_expect_success 'what is recorded already is not ignored' '
	cd repo && sed -i "/cache/d; /tmp/d" .dvignore && dv add y.tmp && echo "*.tmp" >>.dvignore && echo 2 >y.tmp && dv add y.tmp && dv status && dv cat y.tmp | grep 2
'

for line in size files
do
	export line
	test_expect_success "a pointer whose $line is not that of its id is refused by name" '
		cd repo && cp d.dv ../good && cp y.tmp.dv ../good.y && sed -i "s/^$line: .*/$line: 777/" d.dv && dv ls d >/dev/null && test_must_fail dv checkout d 2>err && grep "d.dv: its" err &&
		test_must_fail dv status d 2>err && grep "d.dv: its" err && rm -rf d && test_must_fail dv checkout d 2>err && grep "d.dv: its" err && cp ../good d.dv && dv checkout d
	'
done

test_expect_success 'likewise a single file' '
	cd repo && cp y.tmp.dv ../good.y && sed -i "s/^size: .*/size: 777/" y.tmp.dv && test_must_fail dv checkout y.tmp 2>err && cat err && grep "y.tmp.dv: its size" err &&
	rm y.tmp && test_must_fail dv checkout y.tmp && cp ../good.y y.tmp.dv && dv checkout && grep 2 y.tmp
'

test_done
