#!/bin/sh

test_description='get, import and update from another git repository'

. "${0%/*}/test-lib.sh"

source_of () {
	sed -n "s/^source\.$2: //p" "$1"
}

test_expect_success 'setup: a registry with data, code and a folder of both' '
	make_repo registry && cd registry && mkdir ../remote &&
	mkdir -p data/sub mixed/code && small_files data/many 200 &&
	random_bytes 700000 1 >data/sub/big && ln -s sub/big data/link &&
	random_bytes 300000 2 >model.bin && chmod +x model.bin &&
	random_bytes 50000 3 >mixed/weights && echo "print()" >mixed/code/run.py &&
	echo readme >README && dv add -q data model.bin mixed/weights &&
	dv remote add origin ../remote && git add -A && git commit -qm one &&
	git tag v1 && dv push -q
'

test_expect_success 'get works where there is no repository, and leaves nothing else' '
	mkdir plain && cd plain && dv get ../registry data &&
	diff -r --no-dereference data ../registry/data &&
	dv get ../registry model.bin -o m && cmp m ../registry/model.bin && test -x m &&
	test "$(ls -A | tr "\n" " ")" = "data m "
'

test_expect_success 'a part of a tracked directory, and what git has itself' '
	cd plain && dv get ../registry data/sub && diff -r sub ../registry/data/sub &&
	dv get ../registry data/sub/big -o one && cmp one ../registry/data/sub/big &&
	dv get ../registry README && cmp README ../registry/README &&
	dv get ../registry mixed && diff -r mixed ../registry/mixed -x "*.dv" -x .gitignore &&
	! test -e mixed/weights.dv
'

test_expect_success 'nothing is overwritten without -f' '
	cd plain && echo mine >README && test_must_fail dv get ../registry README 2>err &&
	grep "there already" err && grep mine README && dv get -f ../registry README &&
	cmp README ../registry/README && mkdir dir && dv get ../registry README -o dir &&
	cmp dir/README README && test_must_fail dv get ../registry nothing && ! test -e nothing
'

test_expect_success 'import tracks it and says where it came from' '
	make_repo user && cd user && dv import ../registry data --json >../out && cat ../out &&
	diff -r --no-dereference data ../registry/data && dv status --porcelain | grep "^P" &&
	head=$(git -C ../registry rev-parse HEAD) &&
	test "$(source_of data.dv rev)" = "$head" && test "$(source_of data.dv path)" = data &&
	test "$(source_of data.dv url)" = "$SCRATCH/registry" && grep -q "^/data$" .gitignore &&
	sed 4q data.dv >a && sed 4q ../registry/data.dv | cmp a - && rm a
'

test_expect_success 'a part, a file of git, a mixed folder; a branch is followed' '
	cd user && dv import ../registry data/sub/big -o big.bin && cmp big.bin ../registry/data/sub/big &&
	dv import ../registry README --rev main && cmp README ../registry/README &&
	test "$(source_of README.dv ref)" = main && dv import ../registry mixed &&
	cmp mixed/weights ../registry/mixed/weights && cmp mixed/code/run.py ../registry/mixed/code/run.py &&
	dv import ../registry model.bin --rev v1 && git add -A && git commit -qm imports && dv status -q
'

test_expect_success 'import refuses what is in the way, and names nobody has' '
	cd user && test_must_fail dv import ../registry data 2>err && grep "there already" err &&
	test_must_fail dv import ../registry README -o data/x && test_must_fail dv import ../registry nothing &&
	test_must_fail dv import ../registry data -o y --rev nothing 2>err && test_must_fail dv import -- -x data &&
	test_must_fail dv import ../registry data -o ../y && ! test -e nothing.dv && ! test -e y.dv && rm err
'

test_expect_success '--no-download writes the pointer; pull gets the data from its source' '
	cd user && dv import ../registry data -o later --no-download && ! test -e later &&
	dv pull later && diff -r --no-dereference later ../registry/data && git add -A && git commit -qm later
'

test_expect_success 'imports are not pushed, and a clone takes them from their source' '
	cd user && mkdir ../mine && echo own >own && dv add -q own && dv remote add origin ../mine &&
	git add -A && git commit -qm own && dv push --json >../out && cat ../out &&
	grep "\"tracked_paths\":1," ../out && git clone -q . ../clone && cd ../clone &&
	git config dv.source.local true && dv pull && for p in data big.bin README mixed model.bin own; do
		diff -r --no-dereference $p ../user/$p || return 1
	done && dv status -q
'

test_expect_success 'a part of an import is pulled as a part' '
	git clone -q user part && cd part && git config dv.source.local true &&
	dv pull data/many/s1/f000101 && cmp data/many/s1/f000101 ../user/data/many/s1/f000101 &&
	test "$(find data -type f | wc -l)" -eq 1
'

test_expect_success 'a pointer of somebody else does not make dv read this machine' '
	git clone -q user stranger && cd stranger && test_must_fail dv pull data 2>err && cat err &&
	grep "source.local" err && echo "[source]
	local = true" >>.dvconfig && test_must_fail dv pull data && ! test -e data
'

test_expect_success 'update takes what is new, keeps other lines, and follows the branch' '
	cd registry && echo more >data/new && rm data/many/s0/f000001 && echo again >README &&
	dv add -q data && git commit -qam two && dv push -q && cd ../user &&
	echo "desc: hand made" >>data.dv && dv update data README >../out && cat ../out &&
	test -f data/new && ! test -e data/many/s0/f000001 && cmp README ../registry/README &&
	grep "^desc: hand made" data.dv && test "$(source_of data.dv rev)" = "$(git -C ../registry rev-parse HEAD)" &&
	dv update data | grep "up to date"
'

test_expect_success 'what is tagged stays, unless another --rev is asked for' '
	cd user && dv update model.bin | grep "up to date" && dv update --rev main model.bin &&
	test "$(source_of model.bin.dv ref)" = main
'

test_expect_success 'files changed here are kept by update' '
	cd registry && echo third >data/new && dv add -q data && git commit -qam three && dv push -q &&
	cd ../user && cp data.dv ../before && echo mine >data/new && test_must_fail dv update data 2>err &&
	grep mine data/new && cmp data.dv ../before && grep "hint: .*dv update -f data" err &&
	dv update -f data && grep third data/new
'

test_expect_success 'commits by their full and their short name' '
	cd plain && first=$(git -C ../registry rev-parse v1) &&
	dv get ../registry data --rev "$first" -o full && ! test -e full/new &&
	dv get ../registry data --rev "$(echo "$first" | cut -c1-9)" -o short && diff -r full short
'

test_expect_success 'hostile names: no option, no other transport, no refspec' '
	cd user && for url in --upload-pack=touch\ hit "ext::sh -c touch% hit" "-oProxyCommand=touch hit"; do
		test_must_fail dv get -- "$url" data -o z || return 1
	done && for rev in --upload-pack=x +main:main "a b" ..; do
		test_must_fail dv get ../registry data -o z --rev "$rev" || return 1
	done && ! test -e hit && ! test -e z
'

test_expect_success 'a secret for a remote of the same name stays here' '
	cd user && git config dv.remote.origin.url "$SCRATCH/nowhere" && dv get ../registry data -o fromthere &&
	diff -r --no-dereference fromthere ../registry/data
'

test_expect_success 'ls and cat look into it, from inside and outside of a repository' '
	cd plain && dv ls --repo ../registry --dv-only >out && printf "data/\nmixed/weights\nmodel.bin\n" >expect &&
	test_cmp expect out && dv ls --repo ../registry >out && grep "^README$" out && grep "^mixed/$" out && dv ls --repo ../registry -R data/sub >out && grep "^data/sub/big$" out &&
	dv cat --repo ../registry model.bin | cmp - ../registry/model.bin && cd ../user &&
	dv ls --repo ../registry --rev v1 --json data | grep "data/sub" &&
	dv cat --repo ../registry data/new | grep third && rm ../plain/out ../plain/expect
'

test_expect_success 'a broken setting is not taken for no repository' '
	git clone -q user broken && cd broken && printf "[core\n" >.dvconfig &&
	test_must_fail dv get ../registry README -o x 2>err && grep dvconfig err &&
	test_must_fail dv ls --repo ../registry 2>err && grep dvconfig err &&
	test_must_fail dv cat --repo ../registry model.bin 2>err && grep dvconfig err && ! test -e x
'

test_expect_success 'a source that is gone does not keep the others from being asked' '
	make_repo two && cd two && dv import ../registry model.bin --no-download &&
	dv import ../registry data -o a --no-download && dv import ../registry mixed/weights -o b --no-download &&
	for p in a b; do
		sed "s|$SCRATCH/registry|$SCRATCH/nowhere-$p|" $p.dv >$p.new && mv $p.new $p.dv || return 1
	done && git config dv.source.local true && sed -i "s/^\(id\|hash\): ./&/" a.dv &&
	git add -A && git commit -qm imports && rm -rf .git/dv && test_must_fail dv fetch 2>err && cat err &&
	grep "cannot get a from" err && grep "cannot get b from" err && dv checkout model.bin &&
	cmp model.bin ../registry/model.bin
'

test_expect_success 'what a killed get has left is removed by the next one, but nothing of the user' '
	mkdir killed && cd killed && mkdir -p .dv-get-aaaaaa/.git .dv-get-bbbbbb/.git/replaced .dv-get-cccccc &&
	touch .dv-get-aaaaaa/.git/lock .dv-get-aaaaaa/data .dv-get-bbbbbb/.git/lock .dv-get-dddddd &&
	mkdir -p .dv-get-eeeeee/.git && : >.dv-get-eeeeee/.git/lock &&
	flock .dv-get-eeeeee/.git/lock dv get ../registry README &&
	printf ".dv-get-%s\n" bbbbbb cccccc dddddd eeeeee >expect && ls -A | grep "^.dv-get" >out && test_cmp expect out
'

test_expect_success 'cat shows files of git too, also where dv is not set up' '
	git init -q bare && random_bytes 200000 9 >bare/f && git -C bare add f && git -C bare commit -qm f && cd plain &&
	dv cat --repo ../bare f | cmp - ../bare/f && cd ../user && dv cat --repo ../bare f | cmp - ../bare/f &&
	dv cat --repo ../registry mixed/code/run.py | cmp - ../registry/mixed/code/run.py &&
	test_must_fail dv cat --repo ../registry mixed/code 2>err && grep "is a folder" err &&
	test_must_fail dv cat --repo ../bare nothing && rm err && test -z "$(ls -A .git/dv/tmp)"
'

test_expect_success 'what was not pushed comes from the store of a repository on this machine, which is not written to' '
	make_repo unpushed && cd unpushed && mkdir -p d/sub && small_files d/many 50 && random_bytes 700000 11 >d/sub/big && dv add -q d && git add -A && git commit -qm d &&
	find .git/dv -type f | sort | xargs sha256sum >../before && cd ../plain && dv ls --repo ../unpushed -R d >out && grep d/sub/big out && rm out && dv get ../unpushed d -o all && diff -r all ../unpushed/d && dv get ../unpushed d/sub -o part && cmp part/big ../unpushed/d/sub/big &&
	dv cat --repo ../unpushed d/sub/big | cmp - ../unpushed/d/sub/big && test_must_fail dv get -r other ../unpushed d -o no && ! test -e no &&
	make_repo taker && cd taker && dv import ../../unpushed d && diff -r d ../../unpushed/d && dv fsck && dv import ../../unpushed d/sub --no-download && git add -A && git commit -qm d &&
	rm -rf d .git/dv/data .git/dv/meta .git/dv/loose .git/dv/index && git config dv.source.local true && dv pull && diff -r d ../../unpushed/d && cmp sub/big d/sub/big &&
	cd ../../unpushed && find .git/dv -type f | sort | xargs sha256sum | cmp - ../before
'

test_expect_success 'that store is not believed: nothing comes of what is damaged or missing in it' '
	cp -r unpushed hurt && cd hurt && for f in .git/dv/data/*.pack; do chmod u+w $f && printf xxxxxxxx | dd of=$f bs=1 seek=2000 conv=notrunc 2>/dev/null || return 1; done &&
	cd ../plain && test_must_fail dv get ../hurt d -o bad 2>err && cat err && ! grep "no remote" err && ! test -e bad && rm ../hurt/.git/dv/meta/* && test_must_fail dv get ../hurt d -o bad 2>err && grep "no remote" err && ! test -e bad && rm err
'

test_expect_success 'a name that a pointer cannot hold is refused before anything is written; get and the folder above go' '
	make_repo odd && cd odd && mkdir d && tab=$(printf "d/a\tb") && nl=$(printf "d/a\nsource.rev: x") && raw=$(printf "d/\377") && echo 1 >"$tab" && echo 2 >"$nl" && echo 3 >"$raw" && dv add -q d && git add -A && git commit -qm odd &&
	make_repo importer && cd importer && for name in "$tab" "$nl" "$raw"; do
		test_must_fail dv import .. "$name" 2>err && cat err && grep "a pointer cannot say" err && grep "hint: dv get it" err && rm err && test_must_fail dv import --no-download .. "$name" -o plain || return 1
	done && test -z "$(git status --porcelain)" && dv status && dv get .. "$nl" -o got && test "$(cat got)" = 2 && dv import .. d && diff -r d ../d
'

test_expect_success 'a pointer file there is told from its data; a remote that is not there is of that repository' '
	cd plain && for file in data.dv model.bin.dv; do
		test_must_fail dv get ../registry $file 2>err && cat err && grep "$file is a pointer file" err && grep "hint: the data is ${file%.dv}$" err && ! test -e $file || return 1
	done && test_must_fail dv get -r nope ../registry model.bin -o no 2>err && cat err && grep "no remote named .nope. in .*/registry" err && ! grep "dv remote add" err && rm err
'

test_expect_success 'what a repository has imported itself comes from where that came from, if the user lets its pointers say where' '
	make_repo middle && cd middle && dv import ../registry data && dv import ../registry model.bin -o m && git add -A && git commit -qm imported && mkdir ../middle.remote && dv remote add origin ../middle.remote 2>err && rm err && git commit -qam remote && rm -rf .git/dv data m &&
	cd .. && make_repo chain && cd chain && test_must_fail dv get ../middle data 2>err && cat err && grep "a pointer names .*/registry on this machine" err && grep "hint: git config dv.source.local true" err && rm err && ! test -e data &&
	git config dv.source.local true && dv ls -R --repo ../middle data >out && grep data/sub/big out && rm out && dv get ../middle data -o got && diff -r --no-dereference got ../registry/data && dv cat --repo ../middle m | cmp - ../registry/model.bin && rm -rf got .git/dv/data .git/dv/meta .git/dv/index &&
	dv import ../middle data/sub && cmp sub/big ../registry/data/sub/big && test "$(source_of sub.dv url)" = "$SCRATCH/middle" && dv import --no-download ../middle m && git add -A && git commit -qm chain &&
	git clone -q . ../chain2 && cd ../chain2 && git config dv.source.local true && dv ls -R sub >out && grep sub/big out && rm out && dv cat m | cmp - ../registry/model.bin && dv pull && cmp sub/big ../registry/data/sub/big && dv fsck -q &&
	cd ../plain && test_must_fail dv get ../middle m -o no 2>err && grep "a pointer names" err && rm err && ! test -e no
'

test_expect_success 'in a folder of a repository: the path of get, and what to git add' '
	make_repo folders && mkdir "folders/a b" && cd "folders/a b" && dv get ../../registry data/sub >out && cat out && grep "^sub: " out && test -d sub && dv import ../../registry model.bin >out 2>err && cat err && grep "^model.bin: " out &&
	test "$(sed -n "s/^hint: git add //p" err)" = "model.bin.dv .gitignore" && dv import ../../registry data -o ../top 2>err && test "$(sed -n "s/^hint: git add //p" err)" = "../top.dv ../.gitignore" && eval "$(sed -n "s/^hint: //p" err)" &&
	dv update 2>err && test ! -s err && dv import -q ../../registry mixed/weights 2>err && test ! -s err && git config dv.core.autostage true && dv import ../../registry mixed/weights -o w2 2>err && test ! -s err
'

test_expect_success 'a name that is ignored already needs no line: the hint names what is there' '
	make_repo covered && cd covered && echo "*.bin" >.gitignore && mkdir raw && dv import ../registry model.bin -o raw/m.bin 2>err && cat err &&
	grep "^hint: git add raw/m.bin.dv$" err && eval "$(sed -n "s/^hint: //p" err)" && git diff --cached --name-only | grep raw/m.bin.dv
'

test_expect_success 'a branch that is gone is named, and what was updated beside it is to be added' '
	git clone -q registry forked && (cd forked && echo a >own && git add own && git commit -qm own && git checkout -qb topic) && make_repo follower && cd follower && dv import -q ../forked own -o one && dv import -q --rev topic ../forked own -o two && git add -A && git commit -qm both &&
	(cd ../forked && git checkout -q main && git branch -qD topic && echo b >own && git commit -qam b) && test_must_fail dv update 2>err && cat err && grep "cannot update two: git cannot get .topic. from $SCRATCH/forked" err && grep "hint: git add one.dv" err &&
	grep "git ls-remote $SCRATCH/forked says" err && git ls-remote -q ../forked >/dev/null
'

test_expect_success 'what is no path there, and what is no name here, is said so' '
	cd plain && for p in . "" / ..; do
		test_must_fail dv get ../registry "$p" 2>err && cat err && grep "is no file or folder inside of another repository" err && grep "^hint: dv ls --repo" err || return 1
	done && test_must_fail dv get ../registry README -o "" 2>err && cat err && grep "is no name for a file" err && rm err && cd ../user && test_must_fail dv import ../registry . 2>err && grep "^hint: dv ls --repo" err && rm err
'

test_expect_success 'a commit is followed like a tag, however it was typed, until update is told otherwise' '
	make_repo pinned && cd pinned && first=$(git -C ../registry rev-parse v1) && short=$(echo "$first" | cut -c1-9) && dv import -q --rev "$first" ../registry README -o a && dv import -q --rev "$short" ../registry README -o b &&
	test "$(source_of a.dv ref)" = "$first" && test "$(source_of b.dv ref)" = "$first" && dv update >out && test "$(grep -c "up to date" out)" = 2 && rm out && dv update -q --rev main a && test "$(source_of a.dv ref)" = main && cmp a ../registry/README &&
	dv update -q --rev "$short" a && test "$(source_of a.dv ref)" = "$first" && cmp a b
'

test_done
