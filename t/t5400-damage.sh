#!/bin/sh

test_description='damaged objects, here and at a remote, are refused, named and healed'

. "${0%/*}/test-lib.sh"

# flip <file> <offset>: inverts a bit, keeping mode and times
flip () {
	python3 - "$1" "$2" <<-\EOF
	import os, sys
	st = os.stat(sys.argv[1])
	os.chmod(sys.argv[1], 0o644)
	with open(sys.argv[1], "r+b") as f:
	    f.seek(int(sys.argv[2])); b = f.read(1)
	    f.seek(int(sys.argv[2])); f.write(bytes([b[0] ^ 1]))
	os.chmod(sys.argv[1], st.st_mode & 0o7777)
	os.utime(sys.argv[1], ns=(st.st_atime_ns, st.st_mtime_ns))
	EOF
}

biggest () {
	find "$1" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2
}

test_expect_success 'setup: two remotes' '
	make_repo repo && cd repo && mkdir ../one ../two data && random_bytes 2000000 1 >data/big &&
	small_files data/small 50 && cp -r data ../good &&
	dv add -q data && dv remote add origin "$SCRATCH/one" && dv remote add backup "$SCRATCH/two" &&
	git add -A && git commit -qm data && dv push && dv push -r backup
'

test_expect_success 'G3: an altered pack in the store: checkout refuses and names the file' '
	cd repo && flip "$(biggest .git/dv/data)" 1000000 && rm -rf data &&
	test_must_fail dv checkout 2>err && cat err && grep "data/big" err && ! cmp data/big ../good/big
'

test_expect_success 'pull heals it from a remote' '
	cd repo && dv pull && diff -r data ../good && dv status -q && rm -rf data && dv checkout && diff -r data ../good
'

test_expect_success 'an altered pack at the remote: healed from the other remote' '
	flip "$(biggest one/packs)" 1000000 && git clone -q repo clone && cd clone &&
	dv pull >out 2>err && cat out err && diff -r data ../good && grep -i "backup" err
'

test_expect_success 'altered at both: refused, named, exit code not 0, no wrong bytes' '
	flip "$(biggest two/packs)" 1000000 && git clone -q repo clone2 && cd clone2 &&
	test_must_fail dv pull 2>err && cat err && grep "data" err && grep "dv push --force" err &&
	{ test ! -e data/big || cmp data/big ../good/big; }
'

test_expect_success 'push --force from a good copy mends the remotes' '
	cd repo && dv push --force && dv push --force -r backup && rm -rf ../clone3 &&
	git clone -q . ../clone3 && cd ../clone3 && dv pull && diff -r data ../good
'

test_expect_success 'a truncated pack at the remote is noticed by push and replaced' '
	p=$(biggest one/packs) && chmod u+w "$p" && truncate -s 1000 "$p" && cd repo && dv push >../out && cat ../out &&
	grep "repaired 1" ../out && git clone -q . ../clone4 && cd ../clone4 && dv remote remove backup && dv pull && diff -r data ../good
'

test_expect_success 'content that is neither here nor there: the error names the tracked path' '
	cd repo && cp -r .git/dv ../dv.keep && rm -rf .git/dv/data ../one/packs && test_must_fail dv push 2>err &&
	cat err && grep "data" err && rm -rf .git/dv && mv ../dv.keep .git/dv && dv push
'

test_expect_success 'garbage in the place of every store file is an error or harmless, never a crash' '
	cd repo && cp -r .git/dv ../dv.keep && find .git/dv -type f >../files && while read -r f
	do
		cp "$f" ../saved && chmod u+w "$f" && random_bytes 3000 5 >"$f" &&
		rm -rf data && { dv checkout >../out 2>&1 || test $? -eq 1; } &&
		{ dv status >../out 2>&1 || test $? -eq 1; } && cp ../saved "$f" || { cat ../out; return 1; }
	done <../files && rm -rf .git/dv && mv ../dv.keep .git/dv && dv checkout && diff -r data ../good
'

test_done
