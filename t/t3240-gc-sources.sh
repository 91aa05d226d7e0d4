#!/bin/sh

test_description='gc: what is kept of other repositories and was not used for the grace goes'

. "${0%/*}/test-lib.sh"

# kept <folder of a repository>: what is kept of it, below the store of user
kept () {
	printf "sources/%s" "$(printf %s "$(realpath "$1")" | sha256sum | cut -d" " -f1)"
}

# used <repository> <when>: it was last used then
used () {
	touch -d "$2" "$SCRATCH/user/.git/dv/$(kept "$1").use"
}

test_expect_success 'setup: two other repositories that were used' '
	for r in one two; do
		make_repo $r && (cd $r && mkdir data && small_files data/f 20 && dv add -q data && echo $r >README &&
		dv remote add -d origin "$SCRATCH/$r-remote" && mkdir ../$r-remote && git add -A && git commit -qm $r && dv push -q) || return 1
	done && make_repo user && cd user && dv import ../one data -o one && dv ls --repo ../two >/dev/null && git add -A && git commit -qm i
'

test_expect_success 'dv store says what they take' '
	cd user && dv store | grep "^sources .*KiB in [0-9]* files: of other repositories" && dv store --json >out && python3 - out <<-\END
	import json, sys
	i = json.load(open(sys.argv[1]))
	assert i["sources_files"] > 20 and i["sources_bytes"] > 1000, i
	END
'

test_expect_success 'within the grace they stay; after it a dry run names what the next run removes' '
	cd user && dv gc >out && grep "nothing to free" out && used ../one "15 days ago" && used ../two "13 days ago" && one=$(kept ../one) && two=$(kept ../two) &&
	dv gc -n >dry && dv gc -n | test_cmp dry - && grep "^remove $one (.* KiB of $SCRATCH/one)$" dry && grep "^would have freed .*: 1 file removed" dry &&
	test -d ".git/dv/$one/.git" && dv gc --json >out && grep "\"name\":\"$one\",.*\"url\":\"$SCRATCH/one\"" out && grep "\"removed\":1,.*\"kept\":0" out &&
	test -z "$(ls -A ".git/dv/$one")" && test -d ".git/dv/$two/.git" && dv gc >out && grep "nothing to free" out
'

test_expect_success 'what was removed is got again, and the URL is still one that the user has named' '
	cd user && echo more >../one/data/more && (cd ../one && dv add -q data && git commit -qam more && dv push -q) && dv update one && test -f one/more &&
	rm -rf one .git/dv/data .git/dv/meta .git/dv/index && used ../one "15 days ago" && dv gc --force >out && grep "^remove $(kept ../one)" out && dv pull one && test -f one/more
'

test_expect_success 'one that is in use stays, however long ago it was used' '
	cd user && used ../one "15 days ago" && used ../two "15 days ago" && exec 8<".git/dv/$(kept ../one).use" && flock -s 8 &&
	exec 9<".git/dv/$(kept ../two).lock" && flock 9 && dv gc >out && exec 8<&- 9<&- && grep "nothing to free" out && dv gc -n >out && grep "2 files removed" out
'

test_expect_success 'one that is used between the plan and the removal stays' '
	cd user && random_bytes 300000 1 >drop && dv add -q drop && rm drop drop.dv && touch -d "15 days ago" .git/dv/data/*.pack .git/dv/meta/*.pack && used ../one "15 days ago" &&
	used ../two "15 days ago" && exec 9<.git/dv/users.lock && flock -s 9 && { dv gc >out 2>err 9<&- & } && pid=$! &&
	while kill -0 $pid && ! grep -q waiting err; do :; done && dv ls --repo ../two >/dev/null 9<&- && flock -u 9 && exec 9<&- && wait $pid && cat out err &&
	grep "^remove $(kept ../two)" out && grep "^kept 1 file" out && test -d ".git/dv/$(kept ../two)/.git" && test -z "$(ls -A ".git/dv/$(kept ../one)")"
'

test_expect_success 'a download that was stopped goes the same way' '
	cd user && echo file >../file && dv import-url ../file && rm file file.dv && random_bytes 1000 1 >".git/dv/$(kept ../file)/part" && dv gc -n >out && test_must_fail grep "$(kept ../file)" out &&
	used ../file "15 days ago" && dv gc >out && grep "^remove $(kept ../file) (10[0-9]* B of $SCRATCH/file)" out && test ! -e ".git/dv/$(kept ../file)/part"
'

test_done
