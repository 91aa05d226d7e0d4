#!/bin/sh

test_description='a directory comes back as it was: modes, links, empty folders, odd names'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup: a directory with everything in it' '
	make_repo repo && cd repo &&
	python3 - <<-\EOF &&
	import os
	os.mkdir("data"); os.chdir("data")
	os.mkdir("empty"); os.makedirs("deep/" + "/".join("abcdefgh"))
	def put(name, body=b"x", mode=0o644):
	    with open(name, "wb") as f: f.write(body)
	    os.chmod(name, mode)
	put(b"plain"); put(b"run.sh", b"#!/bin/sh\n", 0o755); put(b"nothing", b"")
	put(b"new\nline"); put(b"tab\there"); put(b"quo\"te"); put(b"back\\slash")
	put(b"\xff\xfe raw bytes"); put("accént 한글".encode()); put(b" space "); put(b"-dash")
	put(b"#hash"); put(b"!bang"); put(b"star*"); put(b"deep/a/file.dv.txt"); put(b"UPPER"); put(b"upper")
	for n in (1, 16383, 16384, 16385, 65536, 262143, 262144, 262145, 1 << 20, (1 << 20) + 1, 5000000):
	    put(b"size%d" % n, os.urandom(n))
	put(b"zeros", bytes(3000000))
	os.symlink("plain", "link"); os.symlink("empty", "dirlink"); os.symlink("no/where", "dangling")
	os.symlink("/etc/passwd", "outside"); os.symlink(b"\xff", b"odd link")
	put(b"x" * 255)
	EOF
	describe_tree data >../expect &&
	dv add data && git add data.dv .gitignore && git commit -qm data
'

test_expect_success 'the work tree is as before the add, and clean' '
	cd repo && describe_tree data >../actual && test_cmp ../expect ../actual &&
	dv status >../out && grep "nothing changed" ../out &&
	git status --porcelain >../out && test ! -s ../out
'

test_expect_success 'checkout after removal gives all of it back' '
	cd repo && rm -rf data && dv checkout &&
	describe_tree data >../actual && test_cmp ../expect ../actual &&
	dv status -q
'

test_expect_success 'so do push, clone and pull' '
	cd repo && dv remote add origin "$SCRATCH/remote" && mkdir ../remote &&
	git add .dvconfig && git commit -qm remote && dv push &&
	git clone -q . ../clone && cd ../clone && dv pull &&
	describe_tree data >../actual && test_cmp ../expect ../actual &&
	dv status -q
'

test_expect_success 'links out of the tree were not followed' '
	cd clone && test "$(readlink data/outside)" = /etc/passwd &&
	dv ls -R -l data >out && grep "outside -> /etc/passwd" out
'

test_expect_success 'ls -z gives names as they are' '
	cd clone && dv ls -R -z data | tr "\0" "\n" | grep -a "^data/new$"
'

test_expect_success 'cat gives the bytes of one file' '
	cd clone && for f in size1 size16385 size5000000 zeros nothing
	do
		dv cat data/$f >../one && test_cmp data/$f ../one || return 1
	done
'

test_expect_success 'an executable bit alone is a change, recorded and restored' '
	cd clone && chmod +x data/plain && dv status --porcelain >out &&
	echo "M  data/plain" >expect && test_cmp expect out &&
	dv add -q data && chmod -x data/plain && dv checkout -f &&
	test -x data/plain
'

test_expect_success 'a file that became a folder, a folder that became a link' '
	cd clone && rm data/plain && mkdir data/plain && echo a >data/plain/a &&
	rm -r data/empty && ln -s plain data/empty &&
	describe_tree data >../expect2 &&
	dv add data && git commit -qam swapped &&
	git checkout -q HEAD~1 -- data.dv && dv checkout && 
	describe_tree data >../actual && test_cmp ../expect ../actual &&
	git checkout -q HEAD -- data.dv && dv checkout &&
	describe_tree data >../actual && test_cmp ../expect2 ../actual
'

test_expect_success 'special files are refused by name' '
	cd clone && mkfifo data/pipe && test_must_fail dv add data 2>err &&
	grep "data/pipe" err && rm data/pipe
'

test_expect_success 'a symbolic link in the place of what is tracked is not recorded as nothing' '
	make_repo moved && cd moved && mkdir d && echo 1 >d/1 && echo f >f && echo g >g && dv add -q d f g && git add -A && git commit -qm one && mv d ../elsewhere && ln -s ../elsewhere d && rm f && ln -s /etc/passwd f && cp d.dv f.dv .. && for path in d f
	do
		test_exit_code 1 dv commit $path 2>../err && cat ../err && grep "^error: $path is a symbolic link$" ../err && grep "hint: .*dv rm --keep $path$" ../err && test_cmp ../$path.dv $path.dv && test_exit_code 1 dv commit -n $path && test_exit_code 1 dv add $path || return 1
	done && test_exit_code 1 dv commit && dv status --short >out && grep "^M  d$" out && rm d f && dv checkout -q && echo 1 | test_cmp - d/1 && echo f | test_cmp - f && ln -s nowhere d/dangling && dv commit -q && dv ls d | grep "^d/dangling$"
'

test_expect_success 'nothing becomes tracked inside of what is recorded as a file' '
	make_repo within && cd within && echo 1 >x && dv add -q x && git add -A && git commit -qm one && rm x && mkdir x && echo y >x/y && echo z >z && dv add -q z && for command in "add x/y" "mv z x/z" "import . z -o x/z" "import-url ../expect x/z"
	do
		test_exit_code 1 dv $command 2>../err && cat ../err && grep "^error: x is recorded as a file$" ../err && grep "^hint: dv add x$" ../err && test "$(ls x)" = y || return 1
	done && dv status --short >out && grep "^M  x/$" out && dv add x && dv add x/y && dv ls x | grep "^x/y$"
'

test_expect_success 'a directory that the store was put into is not recorded' '
	make_repo swallow && cd swallow && mkdir d && echo 1 >d/1 && dv add -q d && git config dv.store.path d/store && test_exit_code 1 dv add d 2>../err && cat ../err && grep "^error: d: the store lies in it" ../err && test_exit_code 1 dv commit && git config --unset dv.store.path && rm -r d/store && dv status && dv ls d >out && ! grep store out
'

test_done
