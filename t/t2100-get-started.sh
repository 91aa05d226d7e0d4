#!/bin/sh

test_description='the main job: init, add, push, change, go back, clone, pull'

. "${0%/*}/test-lib.sh"

test_expect_success 'A1: init in a fresh repository' '
	git init -q repo && cd repo && dv init &&
	git commit -q -m "Use dv"
'

test_expect_success 'A2: add a file: pointer, .gitignore, hint, data untouched' '
	cd repo && mkdir data &&
	seq -f "<row id=%08.0f>some text</row>" 20001 >data/data.xml &&
	cp data/data.xml ../v1.xml &&
	dv add data/data.xml >out 2>err &&
	grep "git add data/data.xml.dv data/.gitignore" err &&
	test "$(cat data/.gitignore)" = /data.xml &&
	grep "^dv: 1$" data/data.xml.dv &&
	grep "^kind: file$" data/data.xml.dv &&
	grep "^id: sha256:[0-9a-f]\{64\}$" data/data.xml.dv &&
	grep "^size: $(stat -c %s data/data.xml)$" data/data.xml.dv &&
	test_cmp ../v1.xml data/data.xml &&
	test -w data/data.xml
'

test_expect_success 'A3: git commits the pointer and .gitignore, not the data' '
	cd repo && git add data && git commit -q -m "Add the data" &&
	git ls-tree -r --name-only HEAD data >out &&
	printf "data/.gitignore\ndata/data.xml.dv\n" >expect &&
	test_cmp expect out
'

test_expect_success 'A4: push to a folder; the second push has nothing to do' '
	cd repo && mkdir ../remote &&
	dv remote add -d myremote ../remote &&
	git add .dvconfig && git commit -q -m "Add a remote" &&
	dv push >out && grep "pushed 1 of 1 tracked path" out &&
	test -n "$(find ../remote/packs -type f)" &&
	dv push >out && grep "up to date" out
'

test_expect_success 'A5: pull with all present changes nothing' '
	cd repo && dv pull >out && grep "up to date" out &&
	rm -f out err expect && git status --porcelain >../out && test ! -s ../out
'

test_expect_success 'A6: without store and data: status tells, pull brings back' '
	cd repo && rm -rf .git/dv/data .git/dv/meta .git/dv/loose .git/dv/index data/data.xml &&
	dv status >out &&
	grep "deleted.*data/data.xml" out &&
	grep "not stored" out &&
	dv pull >out && grep "fetched 1 of 1" out &&
	test_cmp ../v1.xml data/data.xml &&
	dv status >out && grep "nothing changed" out &&
	dv status --remote >out && grep "in sync" out
'

test_expect_success 'A7: double the file: status says modified' '
	cd repo && cat ../v1.xml >>data/data.xml && cp data/data.xml ../v2.xml &&
	dv status --porcelain >out &&
	echo "M  data/data.xml" >expect &&
	test_cmp expect out &&
	test_exit_code 1 dv status -q
'

test_expect_success 'A8: add and push the second version: only new chunks travel' '
	cd repo && before=$(disk_bytes .git/dv) &&
	dv add -q data/data.xml && git commit -qam "Double it" &&
	after=$(disk_bytes .git/dv) &&
	test $((after - before)) -lt 200000 &&
	before=$(disk_bytes ../remote) &&
	dv push >out && grep "pushed 1 of 1" out &&
	after=$(disk_bytes ../remote) &&
	test $((after - before)) -lt 200000
'

test_expect_success 'A9: back to the first version without the remote' '
	cd repo && git checkout -q HEAD~1 -- data/data.xml.dv &&
	mv ../remote ../remote.away &&
	dv checkout && mv ../remote.away ../remote &&
	test_cmp ../v1.xml data/data.xml &&
	git commit -qm "Back to the first" && dv status -q
'

test_expect_success 'A10: clone elsewhere and pull' '
	git clone -q repo elsewhere/clone && cd elsewhere/clone &&
	sed -i "s,\.\./remote,$SCRATCH/remote," .dvconfig &&
	dv pull && test_cmp ../../v1.xml data/data.xml && 
	dv status >out && grep -v dvconfig out &&
	git checkout -q HEAD~1 -- data/data.xml.dv && dv pull -q &&
	test_cmp ../../v2.xml data/data.xml
'

test_expect_success 'the name of a remote where a path is expected' '
	make_repo named && cd named && echo 1 >f && dv add -q f && dv remote add origin ../named.d && test_must_fail dv push origin 2>err && cat err && grep "^hint: a remote is named by -r origin" err &&
	dv push -r origin && test_must_fail dv pull nope 2>err && cat err && ! grep hint err
'

test_expect_success 'of many files that are missing only some are named' '
	make_repo many && cd many && mkdir d && for i in $(seq 50); do echo $i >d/$i || return 1; done && dv add -q d && git add -A && git commit -qm d &&
	rm -rf d .git/dv/data && test_must_fail dv checkout 2>err && cat err && grep "^error: .*(50 missing in all)" err && grep "^\.\.\. and 30 more" err &&
	test "$(grep -c ": not in the store$" err)" = 20
'

test_expect_success 'who types a commit as git takes it is told of --rev' '
	cd named && git add -A && git commit -qm named && test_must_fail dv ls HEAD 2>err && cat err && grep "^hint: .* --rev HEAD$" err &&
	test_must_fail dv ls HEAD:f 2>err && grep "^hint: .* --rev HEAD f$" err && dv ls --rev HEAD f | grep f &&
	test_must_fail dv ls nothing 2>err && ! grep -e --rev err && test_must_fail dv ls nothing:f 2>err && ! grep -e --rev err
'

test_done
