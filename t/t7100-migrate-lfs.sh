#!/bin/sh

test_description='moving in from git-lfs'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

# start_lfs [<user:password>]: LFS_PORT, objects in $SCRATCH/lfs
start_lfs () {
	mkdir -p "$SCRATCH/lfs/objects"
	start_python lfs-server "$SCRATCH/lfs" $1
	LFS_PORT=$PYTHON_PORT
}

# lfs_add <path>...: what git-lfs' filter would do: pointers in the index,
# objects below .git/lfs, the data in the work tree
lfs_add () {
	for p
	do
		o=$(sha256sum <"$p" | cut -c1-64) &&
		d=.git/lfs/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-4) &&
		mkdir -p $d && cp "$p" $d/$o && cp "$p" "$SCRATCH/objects/$o" &&
		printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %s\n' \
			$o $(stat -c %s "$p") >"$SCRATCH/pointer" &&
		test -x "$p" && mode=100755 || mode=100644
		blob=$(git hash-object -w --no-filters "$SCRATCH/pointer") &&
		git update-index --add --cacheinfo "$mode,$blob,$p" || return 1
	done
}

test_expect_success 'a repository of git-lfs' '
	mkdir objects && git init -q repo && cd repo && git config filter.lfs.clean cat && git config filter.lfs.smudge cat &&
	printf "*.bin filter=lfs diff=lfs merge=lfs -text\ntool filter=lfs\n" >.gitattributes && mkdir sub &&
	random_bytes 3000000 1 >big.bin && echo small >sub/small.bin && : >empty.bin && echo "#!/bin/sh" >tool && chmod +x tool &&
	cp big.bin "sub/co py.bin" && i=0 && while random_bytes 5000 $((100 + i)) >expired.bin && ! sha256sum expired.bin | grep -q "^00"; do i=$((i + 1)); done &&
	git add .gitattributes && lfs_add big.bin sub/small.bin empty.bin tool "sub/co py.bin" expired.bin && git commit -qm lfs &&
	cp -r . ../orig
'

test_expect_success 'a dry run' '
	cp -r orig dry && cd dry && dv init -q && git commit -qm dv && dv migrate --from-lfs -n >../out &&
	grep "^big.bin: would be carried over (2.9 MiB)" ../out && grep "would carry over 6 tracked paths" ../out &&
	test ! -e big.bin.dv && git diff --cached --exit-code && git ls-files >../out && grep "^big.bin$" ../out
'

test_expect_success 'files in the work tree, objects in .git/lfs' '
	cd repo && dv migrate --from-lfs >../out 2>../err && grep "carried over 6 tracked paths$" ../out &&
	grep "note: .gitattributes: its patterns for git-lfs are still there" ../err &&
	git add -A && git commit -qm dv && git ls-files >../files && ! grep "bin$\|^tool$" ../files && grep "^sub/co py.bin.dv$" ../files &&
	dv status >../out && grep "nothing changed" ../out && dv add -q big.bin tool sub/small.bin && git diff --exit-code &&
	cmp big.bin ../orig/big.bin && test -x tool &&
	dv migrate --from-lfs >../out && grep "nothing to carry over" ../out
'

test_expect_success 'content changed in the work tree is not what is carried over, nor lost' '
	cp -r orig changed && cd changed && echo mine >sub/small.bin && rm big.bin && dv migrate --from-lfs -q &&
	test_cmp ../repo/sub/small.bin.dv sub/small.bin.dv && test "$(cat sub/small.bin)" = mine && test ! -e big.bin &&
	dv checkout -q big.bin && cmp big.bin ../orig/big.bin
'

test_expect_success 'only pointers here: another repository on this machine has the objects' '
	git clone -q orig local && cd local && head -1 big.bin | grep "git-lfs" && dv migrate --from-lfs -q && cmp big.bin ../orig/big.bin && test -x tool &&
	test_cmp ../repo/expired.bin.dv expired.bin.dv && git add -A && git commit -qm dv && dv status >../out && grep "nothing changed" ../out
'

start_lfs me:secret

test_expect_success 'the server: batch API, git credential, an action that has run out' '
	cp objects/* lfs/objects/ && mv orig/.git/lfs orig/.git/lfs.away &&
	git clone -q orig served && cd served && git remote set-url origin http://127.0.0.1:$LFS_PORT/repo &&
	git config credential.helper "!f() { echo username=me; echo password=secret; }; f" &&
	dv migrate --from-lfs >../out && grep "carried over 6 tracked paths$" ../out && cmp big.bin ../orig/big.bin &&
	test_cmp ../repo/big.bin.dv big.bin.dv && test_cmp ../repo/tool.dv tool.dv &&
	test "$(grep -c "GET /get/$(sha256sum <../orig/expired.bin | cut -c1-64)" ../lfs/lfs.log)" = 2 && git add -A && git commit -qm dv
'

test_expect_success 'a dry run asks the server what it has, and gets nothing' '
	git clone -q orig asked && cd asked && git remote set-url origin http://127.0.0.1:$LFS_PORT/repo && dv init -q &&
	git config credential.helper "!f() { echo username=me; echo password=secret; }; f" && cp ../orig/big.bin "sub/co py.bin" &&
	o=$(sha256sum <../orig/tool | cut -c1-64) && mv ../lfs/objects/$o ../kept && : >../lfs/lfs.log && test_exit_code 1 dv migrate --from-lfs -n >../out 2>../err && mv ../kept ../lfs/objects/$o &&
	grep "^left: tool: $o is neither here nor at a remote" ../err && test $(grep -c "^left" ../err) = 1 && grep "^big.bin: would be carried over" ../out && grep "would carry over 5 tracked paths, 1 left" ../out &&
	test_must_fail grep GET ../lfs/lfs.log && test $(grep -c POST ../lfs/lfs.log) -le 2 && test ! -e big.bin.dv && dv migrate --from-lfs -n --all-history 2>../err && test_must_fail grep "^left" ../err &&
	git remote remove origin && test_exit_code 1 dv migrate --from-lfs -n >../out 2>../err && grep "would carry over 1 tracked path, 5 left" ../out
'

test_expect_success 'what the server has not is left, and stays in git' '
	rm lfs/objects/$(sha256sum <orig/big.bin | cut -c1-64) && git clone -q orig part && cd part && git config lfs.url http://127.0.0.1:$LFS_PORT/repo.git/info/lfs &&
	git config credential.helper "!f() { echo username=me; echo password=secret; }; f" &&
	test_exit_code 1 dv migrate --from-lfs >../out 2>../err && grep "^left: big.bin: .*neither here nor at a remote" ../err && grep "carried over 4 tracked paths, 2 left" ../out &&
	git ls-files >../files && grep "^big.bin$" ../files && ! grep "^tool$" ../files && grep "git-lfs" big.bin
'

test_expect_success 'wrong bytes from the server are refused; a server that refuses us is named' '
	echo forged >lfs/objects/$(echo small | sha256sum | cut -c1-64) && git clone -q orig forged && cd forged &&
	printf "[lfs]\n\turl = http://127.0.0.1:$LFS_PORT/repo.git/info/lfs\n" >.lfsconfig &&
	git config credential.helper "!f() { echo username=me; echo password=secret; }; f" &&
	test_exit_code 1 dv migrate --from-lfs >../out 2>../err && grep "^left: sub/small.bin: what the git-lfs server sent is not what its name says" ../err &&
	cd .. && git clone -q orig denied && cd denied && git config lfs.url http://127.0.0.1:$LFS_PORT/repo.git/info/lfs && git config credential.helper "" &&
	test_exit_code 1 dv migrate --from-lfs 2>../err && grep "note: git-lfs server: .*401\|note: git-lfs server: .*password" ../err
'

test_expect_success 'an empty file, which git-lfs leaves to git, is not told as left; what is no pointer is' '
	git init -q hollow && cd hollow && git config filter.lfs.clean cat && git config filter.lfs.smudge cat && printf "*.bin filter=lfs\n" >.gitattributes &&
	echo a >a.bin && lfs_add a.bin && : >none.bin && git add .gitattributes none.bin && git commit -qm lfs && dv init -q && dv migrate --from-lfs >../out 2>../err && grep "carried over 1 tracked path$" ../out &&
	! grep left ../err && git ls-files >../files && grep "^none.bin$" ../files && echo plain >plain.bin && git add plain.bin && test_exit_code 1 dv migrate --from-lfs 2>../err && grep "^left: plain.bin: git has its content" ../err
'

# What the hints say is done; then nothing of dv is git-lfs' any more.
do_hints () {
	sed -n "s/^hint: \(printf .*\)/\1/p" "$1" >"$SCRATCH/todo" && test -s "$SCRATCH/todo" && sh "$SCRATCH/todo"
}

# as_it_is <list of paths>: git has the bytes of the work tree
as_it_is () {
	while read -r p
	do
		git cat-file -p ":$p" | cmp - "$p" || return 1
	done <"$1"
}

test_expect_success 'patterns that take in pointers and .gitignore files: the hints are enough' '
	cp -r orig wide && mv wide/.git/lfs.away wide/.git/lfs && cd wide && mkdir -p other/deep && echo d >other/deep/d.bin && echo "sub/** filter=lfs diff=lfs merge=lfs -text" >>.gitattributes &&
	echo "deep/** filter=lfs -text" >other/.gitattributes && lfs_add other/deep/d.bin && git add .gitattributes other/.gitattributes && dv init -q && git commit -qm wide && git config filter.lfs.clean "echo swallowed" &&
	dv migrate --from-lfs -n -q 2>&1 | grep "hint: printf .*>>other/.gitattributes" &&
	(cd other && DV_CORE_AUTOSTAGE=true dv migrate --from-lfs -q 2>../../err) && grep "^hint: printf .*gitignore.* >>\.\./\.gitattributes" ../err && grep "^hint: printf .*gitignore.* >>\.gitattributes" ../err && git diff --cached --name-only >../out && ! grep "\.dv$\|\.gitignore$" ../out &&
	(cd other && do_hints ../../err) && git add -A && git ls-files "*.dv" "*.gitignore" >../out && grep "^sub/.gitignore$" ../out && grep "^other/deep/d.bin.dv$" ../out &&
	as_it_is ../out && git check-attr merge sub/small.bin.dv | grep ": dv$" && git diff --exit-code -- "*.dv" "*.gitignore"
'

test_expect_success 'history: pointers, .gitignore, plain files; a merge' '
	git init -q hist && cd hist && git config filter.lfs.clean cat && git config filter.lfs.smudge cat && mkdir d &&
	printf "*.bin filter=lfs\n" >.gitattributes && echo x >plain && printf "*.o" >d/.gitignore && git add . && git commit -qm start &&
	random_bytes 2000000 7 >d/a.bin && cp d/a.bin ../a1 && lfs_add d/a.bin && git commit -qm a1 && git branch side &&
	random_bytes 1000 8 >d/a.bin && cp d/a.bin ../a2 && lfs_add d/a.bin && git commit -qm a2 &&
	git checkout -qf side && echo tool >"d/b[1].bin" && chmod +x "d/b[1].bin" && lfs_add "d/b[1].bin" && echo "*.x" >>d/.gitignore && git add d/.gitignore && git commit -qm b &&
	git checkout -qf main && git merge -q -m merged side && git rm -q --cached d/a.bin && git commit -qm gone &&
	dv init -q && git add -A . ":!*.bin" && git commit -qm dv &&
	dv migrate --from-lfs --all-history >../out && grep "wrote 7 commits on dv-history: 3 versions of tracked paths$" ../out &&
	git log --format="%s %aI %an" main >../expect && git log --format="%s %aI %an" dv-history >../actual && test_cmp ../expect ../actual &&
	git ls-tree -r --name-only dv-history >../files && ! grep "bin$" ../files && grep "^d/b\[1\].bin.dv$" ../files && ! grep a.bin ../files &&
	git rev-parse dv-history >../before && dv migrate --from-lfs --all-history -q && test "$(git rev-parse dv-history)" = "$(cat ../before)" &&
	git clone -q -b dv-history . ../hclone && cp -r .git/dv ../hclone/.git/dv && rm -rf ../hclone/.git/dv/stat ../hclone/.git/dv/tracked && cd ../hclone && git log --format="%H %s" >../log &&
	git checkout -q $(sed -n "s/ a1$//p" ../log) && dv checkout -q && cmp d/a.bin ../a1 && git status --porcelain >../out && test ! -s ../out &&
	git checkout -q $(sed -n "s/ a2$//p" ../log) && dv checkout -q && cmp d/a.bin ../a2 && git status --porcelain >../out && test ! -s ../out &&
	git checkout -q $(sed -n "s/ merged$//p" ../log) && dv checkout -q && cmp d/a.bin ../a2 && test -x "d/b[1].bin" &&
	printf "*.o\n*.x\n" >../expect && head -2 d/.gitignore | tr -d "\r" >../actual && git status --porcelain >../out && test ! -s ../out && grep "^/a.bin$" d/.gitignore
'

test_expect_success 'history of all branches and tags; the refs of the user stay' '
	cp -r hist histall && cd histall && git branch -q -D dv-history && rm -f d/a.bin && git checkout -q -f -b feat side && random_bytes 1000 11 >d/c.bin && cp d/c.bin ../c && lfs_add d/c.bin && git commit -q -m feat &&
	git tag light side && git tag -a -m msg v1 feat && git checkout -q -f main && git tag dv/light && git for-each-ref >../before &&
	dv migrate --from-lfs --all-history --all >../out && grep "wrote 8 commits on dv/\*: 4 versions of tracked paths$" ../out &&
	git for-each-ref >../after && grep -v -e heads/dv/ -e dv/v1 ../after | test_cmp ../before - &&
	git for-each-ref --format="%(refname) %(objecttype) %(subject)" refs/heads/dv refs/tags/dv/v1 >../actual && cat >../expect <<-\EOF &&
	refs/heads/dv/feat commit feat
	refs/heads/dv/main commit dv
	refs/heads/dv/side commit b
	refs/tags/dv/v1 tag msg
	EOF
	test_cmp ../expect ../actual && git ls-tree -r --name-only dv/v1 >../files && grep "^d/c.bin.dv$" ../files && ! grep "bin$" ../files &&
	dv migrate --from-lfs --all-history --all -q && git for-each-ref | test_cmp ../after - &&
	git clone -q -b dv/feat . ../hallclone && cp -r .git/dv ../hallclone/.git/dv && cd ../hallclone && rm -rf .git/dv/stat .git/dv/tracked &&
	dv checkout -q && cmp d/c.bin ../c && cmp d/a.bin ../a1 && test -x "d/b[1].bin" && git status --porcelain >../out && test ! -s ../out
'

test_expect_success 'history again: tags that were moved are moved, unless the user has changed ours' '
	cp -r hist moved && cd moved && git branch -q -D dv-history && git checkout -q -f main && git tag light side && git tag mine side && git tag -a -m one full side && git tag -a -m one away side && git tag same side &&
	git tag dv/before side && git tag before side && dv migrate --from-lfs --all-history --all 2>../err && grep "note: tag dv/before: " ../err && test "$(git rev-parse dv/light)" = "$(git rev-parse dv/side)" &&
	git rev-parse dv/same dv/before >../expect && git tag -f light main && git tag -f mine main && git tag -f -a -m two full main && git tag -d away && git tag away main && git tag -f before main && git tag -f dv/mine main~1 &&
	dv migrate --from-lfs --all-history --all >../out 2>../err && grep "^note: tag dv/mine: .* it stays" ../err && ! grep "tag dv/light\|tag dv/full\|tag dv/away\|tag dv/same" ../err &&
	test "$(git rev-parse dv/light dv/away dv/full^{})" = "$(git rev-parse dv/main dv/main dv/main)" && test "$(git cat-file -t dv/full) $(git cat-file -t dv/away)" = "tag commit" && git cat-file -p dv/full | grep "^two$" &&
	test "$(git rev-parse dv/mine)" = "$(git rev-parse main~1)" && git rev-parse dv/same dv/before | test_cmp ../expect - && test -z "$(git for-each-ref refs/dv)" && git for-each-ref >../before &&
	dv migrate --from-lfs --all-history --all -q && git for-each-ref | test_cmp ../before - && git tag -d dv/mine && dv migrate --from-lfs --all-history --all -q && test "$(git rev-parse dv/mine)" = "$(git rev-parse dv/main)"
'

test_expect_success 'history: a branch that is checked out in a linked work tree is refused' '
	cd moved && git worktree add -q ../linked dv/side && git for-each-ref >../before && test_must_fail dv migrate --from-lfs --all-history --all 2>../err && grep "dv/side is already checked out at .*/linked" ../err &&
	git for-each-ref | test_cmp ../before - && git -C ../linked checkout -q -b dv-history && test_must_fail dv migrate --from-lfs --all-history 2>../err && grep "dv-history is already checked out at .*/linked" ../err &&
	dv migrate --from-lfs --all-history --branch dv-history2 -q && (cd ../linked && test_must_fail dv migrate --from-lfs --all-history 2>../err) && grep "dv-history is the branch you are on" ../err
'

test_expect_success 'history: a file with the name of a pointer of dv is left, and said' '
	git init -q named && cd named && git config filter.lfs.clean cat && git config filter.lfs.smudge cat &&
	printf "*.bin filter=lfs\n*.bin.dv filter=lfs\n" >.gitattributes && git add . && random_bytes 1000 9 >a.bin && lfs_add a.bin &&
	random_bytes 1000 10 >c.bin.dv && lfs_add c.bin.dv && git commit -qm lfs && git checkout -q -b new && dv init -q && git commit -qm dv &&
	test_exit_code 1 dv migrate --from-lfs --all-history 2>../err &&
	grep "^left: c.bin.dv: .*names that end in .dv are those of pointers (since commit" ../err &&
	git ls-tree -r --name-only dv-history >../files && grep "^a.bin.dv$" ../files && grep "^c.bin.dv$" ../files && ! grep "dv.dv" ../files
'

test_expect_success 'history: what .gitattributes says in each commit' '
	git init -q attr && cd attr && git config filter.lfs.clean cat && git config filter.lfs.smudge cat && mkdir d && printf "*.bin filter=lfs\n" >.gitattributes && printf "*.bin !filter\n" >d/.gitattributes &&
	echo a >a.bin && echo b >b.dat && echo doc >pointer.txt && echo x >d/x.bin && lfs_add a.bin b.dat pointer.txt d/x.bin && git add .gitattributes d/.gitattributes && git commit -qm plain && git branch side &&
	rm .git/lfs/objects/*/*/$(echo doc | sha256sum | cut -c1-64) &&
	echo "*.dat filter=lfs" >>.gitattributes && git add .gitattributes && git commit -qm added && git tag added &&
	git checkout -qf side && echo c >"c \"1\".dat" && lfs_add "c \"1\".dat" && git commit -qm side && git merge -q -m merged added &&
	printf "*.bin filter=lfs\n" >.gitattributes && git add .gitattributes && git commit -qm removed && git rm -q d/.gitattributes && git commit -qm deep &&
	dv init -q && git add .dvconfig .dvignore .gitattributes && git commit -qm dv && cp .git/index ../index && dv migrate --from-lfs --all-history >../out && grep ": 4 versions of tracked paths$" ../out && cmp .git/index ../index &&
	for c in plain side added merged removed deep dv
	do
		n=$(git log --format="%h %s" dv-history | sed -n "s/ $c$//p") && echo "$c: $(git ls-tree -r --name-only $n | grep -v "^\.\|/\.g" | tr "\n" " " | sed "s| \$||")" || return 1
	done >../actual &&
	cat >../expect <<-\EOF &&
	plain: a.bin.dv b.dat d/x.bin pointer.txt
	side: a.bin.dv b.dat "c \"1\".dat" d/x.bin pointer.txt
	added: a.bin.dv b.dat.dv d/x.bin pointer.txt
	merged: a.bin.dv b.dat.dv "c \"1\".dat.dv" d/x.bin pointer.txt
	removed: a.bin.dv b.dat "c \"1\".dat" d/x.bin pointer.txt
	deep: a.bin.dv b.dat "c \"1\".dat" d/x.bin.dv pointer.txt
	dv: a.bin.dv b.dat "c \"1\".dat" d/x.bin.dv pointer.txt
	EOF
	test_cmp ../expect ../actual && test "$(git rev-parse dv-history:b.dat dv-history:pointer.txt)" = "$(git rev-parse HEAD:b.dat HEAD:pointer.txt)" &&
	git rev-parse dv-history >../before && dv migrate --from-lfs --all-history -q && git rev-parse dv-history | test_cmp ../before - && test -z "$(find .git/dv/tmp -name "attributes-index*")" &&
	dv migrate --from-lfs --all-history -n --branch other >../out && grep "4 versions" ../out
'

test_expect_success 'history: patterns for whole folders leave dv its files; the work tree stays' '
	git init -q folders && cd folders && git config filter.lfs.clean "git hash-object --stdin" && git config filter.lfs.smudge cat && mkdir -p a/s d &&
	printf "a/** filter=lfs -text" >.gitattributes && printf "m* filter=lfs\n" >d/.gitattributes && git add .gitattributes d/.gitattributes && echo 1 >a/s/f && echo 2 >d/m && lfs_add a/s/f d/m && git commit -qm one &&
	printf "*.bin filter=lfs\n" >.gitattributes && git add .gitattributes && git commit -qm two && git rm -q --cached .gitattributes && git commit -qm three && rm .gitattributes && git tag three &&
	git status --porcelain >../before && dv migrate --from-lfs --all-history -n >../out && git status --porcelain | test_cmp ../before - && dv migrate --from-lfs --all-history >../out && git status --porcelain | test_cmp ../before - &&
	test ! -e .dvconfig && git rev-parse dv-history >../tip && git clone -q -n . ../folderclone && cd ../folderclone && git config filter.lfs.clean "git hash-object --stdin" && git config filter.lfs.smudge cat &&
	for c in dv-history~2 dv-history~1 dv-history
	do
		git checkout -q $(git -C ../folders rev-parse $c) && touch -c a/s/f.dv a/s/.gitignore d/m.dv d/.gitignore .dvconfig .dvignore .gitattributes && git status --porcelain >../out && cat ../out && test ! -s ../out &&
		git check-attr merge x.dv d/m.dv .gitignore a/s/.gitignore d/.gitignore >../out && test $(grep -c "merge: dv" ../out) = 5 || return 1
	done &&
	test_cmp - .gitattributes <<-\EOF && git show HEAD~1:.gitattributes >../out && test_cmp - ../out <<-\EOF2 && cd ../folders && dv migrate --from-lfs --all-history -q && git rev-parse dv-history | test_cmp ../tip -
	*.dv merge=dv diff=dv
	.gitignore merge=dv
	EOF
	*.bin filter=lfs
	*.dv merge=dv diff=dv
	.gitignore merge=dv
	EOF2
'

test_expect_success 'history: a long .gitignore keeps its lines' '
	git init -q long && cd long && git config filter.lfs.clean cat && git config filter.lfs.smudge cat && printf "*.bin filter=lfs\n" >.gitattributes && seq -f "/name-of-what-is-ignored-%07g" 40000 >.gitignore &&
	test $(wc -c <.gitignore) -gt 1100000 && git add .gitattributes .gitignore && echo 1 >a.bin && lfs_add a.bin && git commit -qm one && dv migrate --from-lfs --all-history -q &&
	git show dv-history:.gitignore >../out && head -40000 ../out | cmp - .gitignore && tail -1 ../out | grep -x /a.bin
'

test_expect_success 'history: .gitignore files of more than one batch, and one too long to be read, keep their lines' '
	git init -q batches && cd batches && git config filter.lfs.clean cat && git config filter.lfs.smudge cat && printf "*.bin filter=lfs\n" >.gitattributes &&
	head -c 34603008 /dev/zero | tr "\0" "#" >.gitignore && printf "\n/mine\n" >>.gitignore && git add .gitattributes .gitignore &&
	echo 1 >a.bin && lfs_add a.bin && git commit -qm one && echo 2 >a.bin && lfs_add a.bin && git commit -qm two &&
	cat .gitignore .gitignore >longer && mv longer .gitignore && git add .gitignore && echo 3 >a.bin && lfs_add a.bin && git commit -qm three &&
	dv migrate --from-lfs --all-history -q && printf "/mine\n/a.bin\n" >../expect && git rev-parse main:.gitignore >../id &&
	for c in dv-history~2 dv-history~1
	do
		git show $c:.gitignore | tail -n 2 | test_cmp ../expect - || return 1
	done &&
	git rev-parse dv-history:.gitignore | test_cmp ../id - && git ls-tree --name-only dv-history | grep "^a.bin.dv$"
'

test_done
