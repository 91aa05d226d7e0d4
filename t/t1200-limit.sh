#!/bin/sh

test_description='store.limit: no command takes the store beyond it'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup' '
	make_repo repo && cd repo && random_bytes 3000000 1 >a && dv add -q a && dv remote add -d origin "$SCRATCH/there" 2>/dev/null && git add -A && git commit -q -m a && random_bytes 4000000 2 >b &&
	git config dv.store.limit 5m
'

test_expect_success 'add beyond it fails, names the limit and the way out, and changes nothing' '
	cd repo && cp .gitignore ../ignore && test_must_fail dv add b 2>err && cat err && grep "beyond its limit of 5.0 MiB" err && grep "hint: dv gc" err && test ! -e b.dv && test_cmp ../ignore .gitignore &&
	test "$(disk_bytes .git/dv/data)" -le 5242880 && test -z "$(find .git/dv/tmp -type f)" && dv status --short >out && ! grep "^[MDA!]" out
'

test_expect_success 'what fits still fits, and what is known takes no room' '
	cd repo && echo small >c && dv add c && cp a a2 && dv add a2
'

test_expect_success 'a higher limit lets it in' '
	cd repo && git config dv.store.limit 9m && dv add b && dv push -q && git add -A && git commit -q -m b
'

test_expect_success 'fetch does not go beyond it either, and what it brought is kept' '
	git clone -q repo clone && cd clone && git config dv.store.limit 5m && test_must_fail dv pull 2>err && cat err && grep "beyond its limit" err && test "$(disk_bytes .git/dv/data)" -le 5242880 &&
	test -z "$(find .git/dv/tmp -type f)" && git config --unset dv.store.limit && dv pull && cmp a ../repo/a && cmp b ../repo/b
'

test_expect_success 'a limit that is no number is refused' '
	cd repo && test_must_fail dv config store.limit lots 2>err && grep store.limit err
'

test_done
