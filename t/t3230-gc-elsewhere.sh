#!/bin/sh

test_description='gc: versions that are not here, but at a remote'

. "${0%/*}/test-lib.sh"

gc_now () {
	dv gc --grace now "$@"
}

files () {
	find .git/dv/data .git/dv/meta .git/dv/loose -type f ! -name "*.idx" | sort
}

test_expect_success 'setup: three versions at a remote, one pulled' '
	mkdir remote && make_repo repo && cd repo && dv remote add origin "$SCRATCH/remote" && mkdir d && random_bytes 900000 1 >d/same &&
	for i in 1 2 3; do random_bytes 300000 1$i >d/f && random_bytes 400000 2$i >big && dv add -q d big && git add -A && git commit -qm $i && dv push -q || exit 1; done &&
	git clone -q . ../clone && cd ../clone && dv pull -q
'

test_expect_success 'gc frees exactly what nothing can reach' '
	cd clone && files >../pulled && random_bytes 500000 30 >new && dv add -q new && git add -A && git commit -qm new && files >../kept &&
	random_bytes 600000 31 >d/f && dv add -q d && git checkout -q d.dv && dv checkout -q -f d && random_bytes 200000 32 >gone && dv add -q gone && rm gone gone.dv && git checkout -q .gitignore &&
	files >../before && comm -13 ../kept ../before >../extra && test -s ../extra &&
	gc_now -n >../dry 2>../err && cat ../dry ../err && grep "2 recorded versions are not (wholly) here, but at remote origin" ../err &&
	gc_now --json >../out && cat ../out && grep "\"at_remotes\":2" ../out && files >../after && test_cmp ../kept ../after
'

test_expect_success 'all that was here still is, the rest comes' '
	cd clone && rm -rf d big new && dv checkout -q && cmp ../repo/d/f d/f && cmp ../repo/d/same d/same && random_bytes 500000 30 | cmp - new &&
	dv fetch -q -A && git checkout -q HEAD~2 && dv checkout -q && random_bytes 300000 12 | cmp - d/f && git checkout -q - && dv fsck
'

test_expect_success 'nothing is missing: no remote is asked' '
	cd clone && mv ../remote ../away && gc_now 2>../err && cat ../err && test ! -s ../err && mv ../away ../remote
'

# part: a clone that has pulled one version and has something to free
part () {
	rm -rf part && git clone -q repo part && (cd part && dv pull -q && random_bytes 40000 40 >x && dv add -q x && rm x x.dv && files >../before)
}

# refused <text>: by it, and nothing was removed
refused () {
	test_must_fail gc_now >../out 2>../err && cat ../err && grep "$1" ../err && grep "^hint: .*dv f[es]" ../err && files | cmp ../before -
}

test_expect_success 'many: found in one listing' '
	cd repo && mkdir many && for i in $(seq 70); do echo $i >many/$i || exit 1; done && dv add -q many/* && git add -A && git commit -qm many &&
	for i in $(seq 70); do git rm -q --cached many/$i.dv && rm many/$i.dv || exit 1; done && git commit -qm less && dv push -q --rev HEAD^ && cd .. && part && cd part &&
	gc_now 2>../err >../out && cat ../err && grep "7[0-9] recorded versions" ../err && grep "^remove" ../out
'

test_expect_success 'a remote that lacks one: refused' '
	part && cd part && id=$(git show HEAD~3:big.dv | sed -n "s/.*\([0-9a-f]\{64\}\).*/\1/p" | head -n 1) && root=$(find ../remote/roots -name "$id") && test -n "$root" &&
	mv "$root" ../saved && refused "1 recorded version is not (wholly) here and at no remote that can be asked, such as big" && : >"$root" && refused "1 recorded version" &&
	mkdir ../second && cp -r ../remote/. ../second && cp ../saved "../second/${root#../remote/}" && dv remote add second "$SCRATCH/second" && gc_now >../out 2>../err && cat ../err &&
	grep "but at remote second" ../err && grep "^remove" ../out && mv ../saved "$root"
'

test_expect_success 'a remote that cannot be reached, none at all: refused' '
	part && cd part && dv config --local remote.origin.url http://127.0.0.1:1/ && refused "remote origin cannot be asked" &&
	dv config --local --unset remote.origin.url && dv remote remove origin && refused "at no remote" && gc_now --force >../out && grep "^remove" ../out
'

test_expect_success 'condemned there: soon it is not' '
	part && make_repo pruner && cd pruner && dv remote add origin "$SCRATCH/remote" && dv gc -r origin --grace now >../out && grep "^condemn" ../out && cd ../part && refused "at no remote"
'

test_expect_success 'something in quarantine may be what is missing' '
	rm -rf remote/gc && part && cd part && mkdir -p .git/dv/quarantine && echo x >.git/dv/quarantine/y && refused "what was here is damaged" && rm .git/dv/quarantine/y && gc_now >../out && grep "^remove" ../out
'

test_done
