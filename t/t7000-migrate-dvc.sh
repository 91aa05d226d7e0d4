#!/bin/sh

test_description='moving in from DVC: caches, work tree, remotes, versions 2 and 3'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

dvc_repo () {
	python3 "$TEST_DIR/helper/dvc-repo.py" "$@"
}

# new_dvc <folder>: a git repository with an empty DVC project
new_dvc () {
	git init -q "$1" && mkdir "$1/.dvc" && : >"$1/.dvc/config" &&
	printf '/config.local\n/tmp\n/cache\n' >"$1/.dvc/.gitignore"
}

# everything DVC owns, to see that it stays as it is
dvc_state () {
	find . -name .git -prune -o -type f \( -path '*/.dvc/*' -o -name '*.dvc' \) \
		-exec sha256sum {} + | sort
}

test_expect_success 'the hashes of the fixtures are DVC'\''s' '
	printf "a\n" >f && test "$(dvc_repo md5 f)" = 60b725f10c9c85c70d97880dfe8191b3 &&
	printf "a\r\nb\r\n" >f && test "$(dvc_repo md5 f)" = 59b0d7772f0561efb95518f3cb8abc60 &&
	test "$(dvc_repo --old md5 f)" = dd8c6a395b5dd36c56d23275028f526c &&
	mkdir kav && (
		cd kav && mkdir .hid sub &&
		printf "h\n" >.hid/x && printf "Z\n" >Z && printf "a\n" >a && cp a lnk &&
		printf x >quote\"q && printf "#!/bin/sh\n" >run.sh && printf "b\n" >sub/b &&
		printf "tab\n" >"$(printf "t\tb")" &&
		printf "\303\251\n" >"$(printf "\303\251 \303\274.txt")"
	) &&
	dvc_repo --cache kavcache add kav &&
	grep "md5: 354b0bf0c2702d8c526f7d585b5a9422.dir" kav.dvc
'

for version in 3 2
do
	test $version = 3 && old= || old=--old

	test_expect_success "$version: files, an executable, CRLF text and a directory, from the cache" '
		new_dvc v$version && cd v$version &&
		mkdir -p data/deep/er && small_files data/many 150 &&
		seq 30000 >data/deep/er/text && : >data/empty &&
		printf "a\r\nb\r\n" >crlf.txt && cp crlf.txt data/crlf &&
		{ yes "line of text" | head -200000 | sed "s/\$/\r/"; } >crlf.big &&
		random_bytes 6000000 1 >big.bin &&
		printf "#!/bin/sh\n" >tool && chmod +x tool && : >none &&
		dvc_repo $old add data crlf.txt crlf.big big.bin tool none &&
		git add -A && git commit -qm dvc &&
		cp -r . ../v$version.orig && dvc_state >../before &&
		dv migrate --from-dvc >../out 2>../err &&
		grep "^data: 153 files" ../out &&
		grep "carried over 6 tracked paths" ../out &&
		grep "hint: git add.*data.dv" ../err &&
		dvc_state >../after && test_cmp ../before ../after &&
		git diff --exit-code -- .gitignore &&
		git check-ignore data big.bin
	'

	test_expect_success "$version: what came over is what dv add records" '
		cd v$version && git add -A && git commit -qm dv &&
		dv status >../out && grep "nothing changed" ../out &&
		dv add -q data crlf.txt crlf.big big.bin tool none &&
		git diff --exit-code
	'

	test_expect_success "$version: again: nothing is read, nothing changes" '
		cd v$version && rm -rf .dvc/cache data big.bin &&
		dv migrate --from-dvc --json >../out &&
		test "$(grep -c "\"state\":\"same\"" ../out)" = 6 &&
		git diff --exit-code -- "*.dv"
	'

	test_expect_success "$version: a clone with the data only at the remote" '
		git clone -q v$version.orig far$version && cd far$version &&
		cp -r ../v$version.orig/.dvc/cache ../remote$version &&
		printf "[core]\n    remote = st\n['\''remote \"st\"'\'']\n    url = ../../remote$version # here\n" >.dvc/config &&
		dv migrate --from-dvc >../out &&
		for p in data crlf.txt crlf.big big.bin tool none
		do
			test_cmp ../v$version/$p.dv $p.dv || return 1
		done &&
		test ! -e .dvc/cache && git diff --exit-code -- "*.dvc" .gitignore &&
		dv checkout -q && cmp big.bin ../v$version.orig/big.bin &&
		cmp crlf.txt ../v$version.orig/crlf.txt && test -x tool
	'

	test_expect_success "$version: from the work tree alone" '
		cp -r v$version.orig here$version && cd here$version && rm -rf .dvc/cache/* &&
		mkdir -p .dvc/cache && cd ../v$version.orig &&
		find .dvc/cache -name "*.dir" -exec cp --parents {} ../here$version \; &&
		cd ../here$version && dv migrate --from-dvc -q &&
		test_cmp ../v$version/data.dv data.dv && test_cmp ../v$version/crlf.big.dv crlf.big.dv
	'
done

test_expect_success 'both layouts in one cache, in one directory' '
	new_dvc mixed && cd mixed && mkdir d && echo new >d/new && printf "x\r\n" >d/old &&
	dvc_repo add d && o=$(dvc_repo --old md5 d/old) && n=$(dvc_repo md5 d/old) &&
	mkdir -p .dvc/cache/$(echo $o | cut -c1-2) &&
	cp d/old .dvc/cache/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-) &&
	rm -f .dvc/cache/files/md5/$(echo $n | cut -c1-2)/$(echo $n | cut -c3-) &&
	sed "s/$n/$o/" $(find .dvc/cache -name "*.dir") >listing &&
	l=$(md5sum <listing | cut -c1-32) && mkdir -p .dvc/cache/files/md5/$(echo $l | cut -c1-2) &&
	mv listing .dvc/cache/files/md5/$(echo $l | cut -c1-2)/$(echo $l | cut -c3-).dir &&
	sed -i "s/md5: .*dir/md5: $l.dir/" d.dvc && mv d ../d.orig &&
	dv migrate --from-dvc -q && dv checkout -q && diff -r d ../d.orig
'

test_expect_success 'a dry run says what would be done and writes nothing' '
	cp -r v3.orig dry && cd dry && dv init -q && git commit -qm dv &&
	dv migrate --from-dvc -n >../out &&
	grep "^big.bin: would be carried over (5.7 MiB)" ../out &&
	grep "would carry over 6 tracked paths" ../out &&
	test -z "$(git status --porcelain)" && test ! -e data.dv
'

test_expect_success 'damage in the cache: the remote has it; else it is left, by name' '
	cp -r v3.orig bad && cd bad &&
	m=$(dvc_repo md5 big.bin) && o=.dvc/cache/files/md5/$(echo $m | cut -c1-2)/$(echo $m | cut -c3-) &&
	chmod u+w $o && printf X | dd of=$o conv=notrunc status=none && rm -rf big.bin &&
	m=$(dvc_repo md5 data/deep/er/text) && rm -rf .dvc/cache/files/md5/$(echo $m | cut -c1-2)/$(echo $m | cut -c3-) data &&
	test_exit_code 1 dv migrate --from-dvc >../out 2>../err &&
	grep "^left: big.bin: .*not what its name says" ../err &&
	grep "^left: data: 1 of its 153 files is .*deep/er/text" ../err &&
	grep "carried over 4 tracked paths, 2 left" ../out && test ! -e big.bin.dv && test ! -e data.dv &&
	printf "['\''remote \"st\"'\'']\nurl = ../../remote3\n" >.dvc/config.local &&
	dv migrate --from-dvc >../out && grep "carried over 2 tracked paths, 4 unchanged" ../out &&
	test_cmp ../v3/big.bin.dv big.bin.dv && test_cmp ../v3/data.dv data.dv
'

test_expect_success 'a pointer of dv with other content is left alone' '
	cp -r v3.orig kept && cd kept && dv init -q && echo other >x && cp crlf.txt saved &&
	cp x crlf.txt && dv add -q crlf.txt && cp crlf.txt.dv ../keep.dv && cp saved crlf.txt &&
	test_exit_code 1 dv migrate --from-dvc >../out 2>../err &&
	grep "left: crlf.txt: dv tracks it already, .*: dv add records" ../err && test_cmp ../keep.dv crlf.txt.dv
'

test_expect_success 'a pointer file in a conflict is not touched; core.autostage' '
	cp -r v3.orig conflict && cd conflict && dv init -q && printf "<<<<<<< a\n=======\n>>>>>>> b\n" >crlf.txt.dv && cp crlf.txt.dv ../keep.dv &&
	dv config --local core.autostage true &&
	test_exit_code 1 dv migrate --from-dvc >../out 2>../err && grep "^left: crlf.txt: " ../err && test_cmp ../keep.dv crlf.txt.dv &&
	git diff --cached --name-only >../out && grep "^data.dv$" ../out && ! grep "hint: git add" ../err
'

test_expect_success 'annotations and the source of imports become lines of the pointer' '
	new_dvc notes && cd notes && echo 1 >a && echo 2 >b && dvc_repo add a b && cat >>a.dvc <<-\EOF &&
	desc: "what: it is"
	meta:
	  owner: {name: Ann, n: 3}
	EOF
	sed -i "s/^  path: a/  path: a\n  type: model\n  labels: [x, y]/" a.dvc &&
	cat >>b.dvc <<-\EOF &&
	deps:
	- path: sub/b
	  repo:
	    url: https://example.com/reg.git
	    rev: v1
	    rev_lock: 0123456789012345678901234567890123456789
	EOF
	dv migrate --from-dvc -q && sed -n "5,\$p" a.dv >../rest && cat >../expect <<-\EOF &&
	desc: what: it is
	type: model
	labels: ["x","y"]
	meta: {"owner":{"name":"Ann","n":3}}
	EOF
	test_cmp ../expect ../rest &&
	grep "^dvc.url: https://example.com/reg.git$" b.dv && grep "^dvc.path: sub/b$" b.dv &&
	grep "^dvc.ref: v1$" b.dv && grep "^dvc.rev: 0123456789012345678901234567890123456789$" b.dv &&
	test_must_fail dv update b 2>../err && grep "b was imported by DVC, from https://example.com/reg.git" ../err && grep "^hint: dvc update" ../err &&
	dv remote add -d o ../pushed && dv push >../out && grep "pushed 2 of 2" ../out
'

test_expect_success 'numbers stay numbers; a name that dv cannot track is said with what helps' '
	new_dvc numbers && cd numbers && echo 1 >a && echo 2 >b && dvc_repo add a b && printf "meta: {f: 1.5, n: -3, z: 0, e: 2.5e-4, o: 007, v: 1.2.3, s: \"1.5\", t: true}\n" >>a.dvc &&
	mv b b.dv && sed "s/path: b/path: b.dv/" b.dvc >b.dv.dvc && rm b.dvc && test_exit_code 1 dv migrate --from-dvc -q 2>../err && cat ../err &&
	grep -x "meta: {\"f\":1.5,\"n\":-3,\"z\":0,\"e\":2.5e-4,\"o\":\"007\",\"v\":\"1.2.3\",\"s\":\"1.5\",\"t\":true}" a.dv &&
	grep -x "left: b.dv: names that end in .dv are those of pointers: give it another one first" ../err
'

# type_hints <file>: what makes remotes
type_hints () {
	sed -n "s/^hint: \(dv remote add .*\)/\1/p" "$1" >"$SCRATCH/typed" && sh -e "$SCRATCH/typed"
}

# has <setting> <value>, local <setting> <value>
has () {
	test "$(git config -f .dvconfig "remote.$1")" = "$2" || { git config -f .dvconfig -l; return 1; }
}

local_has () {
	test "$(git config "dv.remote.$1")" = "$2"
}

test_expect_success 'remotes: relative stays relative, wherever the user stands; what is local stays local' '
	new_dvc rel && cd rel && mkdir -p sub/deep && echo 1 >a && dvc_repo add a && printf "[core]\n    remote = b\n[\047remote \"b\"\047]\n    url = ../../not/there\n[\047remote \"in.side\"\047]\n    url = ../.st\n" >.dvc/config &&
	printf "[\047remote \"mine\"\047]\n    url = ../../mine\n" >.dvc/config.local && echo /.st-dv >.gitignore && cp -r . ../rel2 &&
	dv migrate --from-dvc 2>../err && cat ../err && ! grep "hint:.*$SCRATCH" ../err && type_hints ../err 2>/dev/null && has b.url ../not/there-dv && has in-side.url .st-dv && local_has mine.url ../mine-dv && ! has mine.url ../mine-dv &&
	test "$(git config -f .dvconfig core.remote)" = b && cd ../rel2/sub/deep && dv migrate --from-dvc 2>../../../err && cat ../../../err && type_hints ../../../err && cd ../.. && has b.url ../not/there-dv && has in-side.url .st-dv && local_has mine.url ../mine-dv
'

test_expect_success 'remotes: their settings are carried over, what cannot be is said, secrets are not shown' '
	new_dvc far && cd far && echo 1 >a && dvc_repo add a && cat >.dvc/config <<-\EOF &&
	[core]
	    remote = s
	['\''remote "s"'\'']
	    url = s3://bkt
	    endpointurl = http://127.0.0.1:9/x y
	    region = eu-x
	    jobs = 4
	    connect_timeout = 1.5
	    sse = aws:kms
	['\''remote "e"'\'']
	    url = s3://bkt/e//
	    endpointurl = https://me:hush3@host.invalid
	['\''remote "h"'\'']
	    url = https://us:hu@hush1@host.invalid/x/
	['\''remote "g"'\'']
	    url = gs://b/x
	['\''remote "n"'\'']
	    region = eu
	EOF
	printf "[\047remote \"s\"\047]\n    access_key_id = AKIA\n    secret_access_key = hush2\n    profile = me\n" >.dvc/config.local &&
	dv migrate --from-dvc 2>../err && cat ../err && ! grep "hush\|AKIA" ../err && grep "^note: remote s: .*dv has no setting for: sse$" ../err && grep "^note: remote s: secrets .*(accesskeyid, secretaccesskey)" ../err &&
	grep "^hint: dv config --local remote.s.<key>" ../err && grep "^note: remote g: .*gs://" ../err && grep "^note: remote n: .*no URL" ../err && grep "^note: remote h: secrets .*(password)" ../err &&
	type_hints ../err && has s.url s3://bkt/dv && has s.endpointurl "http://127.0.0.1:9/x y" && has s.region eu-x && has s.jobs 4 && ! git config -f .dvconfig remote.s.connecttimeout &&
	has e.url s3://bkt/e-dv && grep "^note: remote e: secrets .*(endpointurl)" ../err && local_has s.profile me && ! has s.profile me && has h.url https://us@host.invalid/x-dv && dv doctor --offline >out && ! grep "^failed" out
'

test_expect_success 'remotes of two projects with one name' '
	git init -q twice && cd twice && for d in one two; do new_dvc $d && rm -rf $d/.git && (cd $d && echo $d >x && dvc_repo add x && printf "[\047remote \"st\"\047]\n    url = ../../../$d-st\n[\047remote \"same\"\047]\n    url = $SCRATCH/same\n" >.dvc/config) || exit 1; done &&
	dv migrate --from-dvc 2>../err && cat ../err && grep "^note: remote st of two: " ../err && type_hints ../err && has st.url ../one-st-dv && has st-2.url ../two-st-dv && has same.url "$SCRATCH/same-dv" && ! git config -f .dvconfig remote.same-2.url
'

test_expect_success 'what else DVC is set to: said, as long as dv is not' '
	new_dvc set && cd set && printf "[core]\n    autostage = true\n[cache]\n    type = \"reflink, hardlink\"\n    dir = ../../a cache\n" >.dvc/config &&
	printf "[cache]\n    shared = group\n" >.dvc/config.local && echo 1 >a && dvc_repo --cache "$SCRATCH/a cache" add a && dv migrate --from-dvc 2>../err && cat ../err &&
	grep "^note: settings of DVC: cache.type" ../err && grep "^hint: dv config store.link reflink,hardlink$" ../err && grep "^hint: dv config core.autostage true$" ../err &&
	grep "^hint: dv config --local store.shared group$" ../err && grep "^hint: dv config --local store.path .$SCRATCH/a cache-dv.$" ../err &&
	sed -n "s/^hint: \(dv config .*\)/\1/p" ../err >../cmd && sh -e ../cmd && dv migrate --from-dvc 2>../err && ! grep "settings of DVC" ../err
'

test_expect_success 'links into the cache of DVC: said, with what puts files there' '
	new_dvc linked && cd linked && mkdir -p d/sub e && echo 1 >d/sub/a && echo 2 >"f g" && echo 3 >e/plain && dvc_repo add d "f g" e &&
	for f in d/sub/a "f g"
	do
		m=$(dvc_repo md5 "$f") && ln -sf "$(find "$PWD/.dvc/cache" -path "*/$(echo $m | cut -c1-2)/$(echo $m | cut -c3-)")" "$f" || return 1
	done && dvc_state >../before && dv migrate --from-dvc 2>../err && cat ../err && grep "^hint: dv checkout -f d$" ../err && grep "^hint: dv checkout -f .f g.$" ../err && test $(grep -c "symbolic links into" ../err) = 2 &&
	dv checkout -f d && dv checkout -f "f g" && test ! -L d/sub/a && test ! -L "f g" && dv status >../out && ! grep modified ../out && dvc_state | test_cmp ../before -
'

test_expect_success 'what is left says what helps: an import that is not here, a path of git' '
	new_dvc helps && cd helps && echo 1 >a && echo 2 >b && dvc_repo add a b && rm -rf .dvc/cache a && git add -f b && git commit -qm b &&
	printf "deps:\n- path: a\n  repo:\n    url: ../reg\n" >>a.dvc && test_exit_code 1 dv migrate --from-dvc 2>../err && cat ../err &&
	grep "^left: a: .* is neither here nor at a remote; it is an import from ../reg: dvc fetch gets it$" ../err &&
	grep "^left: b: git tracks b: git rm --cached lets it go$" ../err
'

test_expect_success 'import-url --no-download: what makes the same with dv' '
	new_dvc later && cd later && mkdir sub && printf "deps:\n- path: https://host.invalid/x y\n  size: 3\nouts:\n- path: x\n  hash: md5\n" >sub/x.dvc && cd sub && test_exit_code 1 dv migrate --from-dvc 2>../../err && cat ../../err &&
	grep "^left: x: no content of it is recorded: dv import-url --no-download .https://host.invalid/x y. x$" ../../err
'

test_expect_success 'a source at a relative path is seen from the top, wherever the pointer is moved' '
	new_dvc near && cd near && mkdir ../outside sub && echo 1 >../outside/b && cp ../outside/b sub/b && dvc_repo add sub/b &&
	printf "deps:\n- path: ../../outside/b\n" >>sub/b.dvc && git add -A && git commit -qm near && dv migrate --from-dvc -q && grep "^source.url: ../outside/b$" sub/b.dv &&
	test_must_fail dv update sub/b 2>../err && grep "$SCRATCH/outside/b on this machine" ../err && git config dv.source.local true &&
	echo 22 >../outside/b && cd sub && dv status --sources -s >../../out && grep "^C^ b$" ../../out && cd .. && dv status --sources -s >../out && grep "^C^ sub/b$" ../out &&
	dv update sub/b && test_cmp ../outside/b sub/b && grep "^source.url: ../outside/b$" sub/b.dv && dv status --sources sub/b >../out && grep "sources are as recorded" ../out &&
	git add -A && git commit -qm new && mkdir -p deep/er && dv mv sub/b deep/er/b && dv status --sources deep/er/b >../out && grep "sources are as recorded" ../out
'

test_expect_success 'outputs of a pipeline are data; what is not cached is not; the pipeline stays' '
	new_dvc pipe && cd pipe && mkdir sub && echo o >sub/out && echo m >m.json && dvc_repo add sub/out &&
	m=$(dvc_repo md5 sub/out) && rm sub/out.dvc && cat >dvc.yaml <<-\EOF &&
	stages:
	  make:
	    wdir: sub
	    cmd: ./make
	    outs:
	    - out
	    metrics:
	    - ../m.json: {cache: false}
	EOF
	cat >dvc.lock <<-EOF &&
	schema: "2.0"
	stages:
	  make:
	    cmd: ./make
	    outs:
	    - {path: ../m.json, hash: md5, md5: $(dvc_repo md5 m.json), size: 2}
	    - {path: out, hash: md5, md5: $m, size: 2}
	EOF
	git add -A && git commit -qm pipe && dv migrate --from-dvc --remove-dvc >../out 2>../err &&
	grep "^sub/out: 1 file" ../out && test -f sub/out.dv && test ! -e m.json.dv &&
	grep "note: dvc.lock: pipelines are not read yet" ../err && test -f dvc.lock
'

test_expect_success 'a dvc.lock of before schemas had a number' '
	new_dvc oldlock && cd oldlock && echo o >out && dvc_repo --old add out && m=$(dvc_repo --old md5 out) && rm out out.dvc &&
	printf "stages:\n  make:\n    cmd: ./make\n    outs: [out]\n" >dvc.yaml && printf "make:\n  cmd: ./make\n  outs:\n  - path: out\n    md5: $m\n" >dvc.lock &&
	dv migrate --from-dvc >../out && grep "^out: 1 file" ../out && dv checkout -q && test "$(cat out)" = o &&
	printf "schema: \"2.0\"\n" >dvc.lock && dv migrate --from-dvc >../out && grep "nothing to carry over" ../out
'

test_expect_success 'a project in a sub-folder has its own cache' '
	git init -q nest && cd nest && new_dvc in && rm -rf in/.git && cd in && echo s >s &&
	dvc_repo add s && rm s && cd .. && dv migrate --from-dvc -q && dv checkout -q && test "$(cat in/s)" = s
'

test_expect_success '--remove-dvc removes the .dvc files of what came over, and no others' '
	cp -r v3.orig gone && cd gone && rm -rf tool && m=$(dvc_repo md5 ../v3.orig/tool) &&
	rm -f .dvc/cache/files/md5/$(echo $m | cut -c1-2)/$(echo $m | cut -c3-) &&
	test_exit_code 1 dv migrate --from-dvc --remove-dvc -q &&
	test ! -e data.dvc && test ! -e big.bin.dvc && test -f tool.dvc && test -d .dvc/cache &&
	git add -A && git commit -qm moved && git ls-files >../files &&
	grep "^data.dv$" ../files && ! grep "^data.dvc$" ../files && cmp big.bin ../v3.orig/big.bin
'

test_expect_success 'what gc has removed since is converted again' '
	new_dvc collected && cd collected && small_files data 20 && random_bytes 300000 77 >one && dvc_repo add data one && git add -A && git commit -qm dvc &&
	dv migrate --from-dvc && dv migrate --from-dvc && git clean -qfd -e data -e one && git checkout -q . && rm -f data.dv one.dv && dv gc --grace now >../out && grep "^remove" ../out &&
	find .git -name migrated | grep . && dv migrate --from-dvc && git add -A && git commit -qm dv && dv fsck &&
	rm -rf data one && dv checkout -q && random_bytes 300000 77 | cmp - one && test "$(find data -type f | wc -l)" -eq 20
'

test_expect_success 'a source as seen from the top stays one: after an update, and in another folder' '
	make_repo seen && cd seen && git config dv.source.local true && mkdir -p ext sub/deep && echo a >ext/f && git add ext && dv import-url -q ext/f -o sub/f && sed -i "s,^source.url: .*,source.url: ext/f," sub/f.dv && git add -A && git commit -qm near && dv update sub/f && echo b >>ext/f && dv update sub/f && test "$(tail -n 1 sub/f)" = b &&
	grep "^source.url: ext/f$" sub/f.dv && dv mv sub/f sub/deep && grep "^source.url: ext/f$" sub/deep/f.dv && dv mv sub/deep/f top && grep "^source.url: ext/f$" top.dv && dv status --sources >out && grep "sources are as recorded" out && echo c >>ext/f && dv update -q && test "$(tail -n 1 top)" = c
'

test_done
