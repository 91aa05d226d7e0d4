#!/bin/sh

test_description='partial clones: git lacks objects, which it fetches when they are read'

. "${0%/*}/test-lib.sh"

# A git that notes what it is called for.
mkdir bin && real=$(command -v git) && cat >bin/git <<EOF2
#!/bin/sh
echo "\$*" >>"$SCRATCH/calls"
exec "$real" "\$@"
EOF2
chmod +x bin/git

# counted <most> <command>: runs it; git was called and has fetched at most so often
counted () {
	most=$1 && shift && : >"$SCRATCH/calls" && : >"$SCRATCH/trace" && (PATH=$SCRATCH/bin:$PATH GIT_TRACE=$SCRATCH/trace && export PATH GIT_TRACE && "$@") &&
	fetches=$(grep -c "built-in: git fetch" "$SCRATCH/trace"); echo "$fetches fetches, $(wc -l <"$SCRATCH/calls") calls: $*" && test "$fetches" -le "$most" && test "$(wc -l <"$SCRATCH/calls")" -le $((most + 24))
}

# partial <filter> <folder>: a clone, with nothing in its store
partial () {
	rm -rf "$2" && git clone -q --filter="$1" "file://$SCRATCH/up.git" "$2"
}

# offline <command>: while the repository it was cloned from is not there
offline () {
	mv "$SCRATCH/up.git" "$SCRATCH/away" && { "$@"; offline_code=$?; mv "$SCRATCH/away" "$SCRATCH/up.git"; return $offline_code; }
}

# stored: all packs of the store of this repository
stored () {
	find .git/dv/data .git/dv/meta -type f -printf '%f %s\n' | sort
}

test_expect_success 'setup: 25 versions, a clone that has all, and one that has all of the data' '
	make_repo work && cd work && dv remote add -d origin "$SCRATCH/remote" 2>/dev/null && git add -A && git commit -qm remote &&
	for i in $(seq 25); do mkdir -p d/x$((i % 3)) && echo "$i" >d/x$((i % 3))/f$i && echo "m$i" >m$((i % 4)) && echo $i >code && dv add -q d m$((i % 4)) && git add -A && git commit -qm c$i || return 1; done &&
	git tag old HEAD~20 && git checkout -q -b side HEAD~9 && dv checkout -q && echo side >d/side && dv add -q d && git commit -qam side && git checkout -q main && dv checkout -q && dv push -q -A &&
	cd .. && git clone -q --bare work up.git && git -C up.git config uploadpack.allowFilter true && git -C up.git config uploadpack.allowAnySHA1InWant true &&
	git clone -q "file://$SCRATCH/up.git" full && cd full && dv fetch -q -A && cp -a .git/dv ../store
'

for filter in blob:none tree:0
do
	here () {
		counted 0 dv status --porcelain && echo new >d/new && counted 0 dv status --short && counted 0 dv add -q d && git commit -qam new && counted 0 dv status -q &&
			rm d/new && counted 0 dv checkout -q && test -f d/new && counted 0 dv push -q && counted 0 dv fetch -q
	}

	test_expect_success "$filter: status, add, checkout, push and fetch of what is here ask nobody" '
		partial $filter part && cd part && dv pull -q && offline here
	'

	test_expect_success "$filter: what looks into history says what a full clone says, and fetches together what it lacks" '
		for command in "log d" "log -n 3 d/x1" "diff old HEAD~2" "ls -R --rev HEAD~12" "du --rev old" "fetch -n -A" "push -n -A" "fsck" "gc -n --grace now"; do
			partial $filter part && mkdir -p part/.git/dv && cp -a store/. part/.git/dv && (cd full && dv $command >../expect) && (cd part && counted 4 dv $command >../out) && cat out && grep -v " fetches, " out >said && test_cmp expect said || return 1
		done
	'

	test_expect_success "$filter: gc keeps what only pointers name that are not here, and does nothing when they cannot be had" '
		partial $filter part && cd part && mkdir -p .git/dv && cp -a ../store/. .git/dv && git config dv.remote.origin.url "$SCRATCH/none" && random_bytes 100000 9 >junk && dv add -q junk && rm junk junk.dv && stored >../before &&
		test_must_fail offline dv gc --grace now 2>err && cat err && grep "partial clone" err && test_must_fail offline dv gc --grace now -n && stored >../after && test_cmp ../before ../after && test_must_fail offline dv fsck &&
		dv gc --grace now && stored >../after && ! cmp ../before ../after && dv fsck && counted 0 dv gc --grace now && for rev in main side old; do git checkout -q $rev && dv checkout && dv status -q || return 1; done
	'

	test_expect_success "$filter: hooks, a merge, and work trees" '
		partial $filter part && cd part && dv hooks install && dv pull -q && git checkout -q side && dv pull -q && test -f d/side && git checkout -q main && test ! -e d/side && git merge -q -m merge origin/side && test -f d/side && test -f d/x0/f24 && dv status -q &&
		rm -rf ../sink.git && git init -q --bare ../sink.git && git push -q ../sink.git HEAD:refs/heads/merged && git worktree add -q ../tree-$(echo $filter | tr -d :) old && cd ../tree-$(echo $filter | tr -d :) && dv pull -q && dv status -q && counted 2 dv gc --grace now
	'

	test_expect_success "$filter: history is moved in from git-lfs" '
		{ test -d lfs || { git init -q lfs && cd lfs && echo "*.bin filter=lfs -text" >.gitattributes && for i in $(seq 12); do
			random_bytes 3000 $i >../o && h=$(sha256sum <../o | cut -d" " -f1) && o=.git/lfs/objects/$(echo $h | cut -c1-2)/$(echo $h | cut -c3-4) && mkdir -p $o && cp ../o $o/$h &&
			printf "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 3000\n" $h >a$((i % 3)).bin && git -c filter.lfs.clean=cat add -A && git commit -qm $i || return 1; done &&
			git config uploadpack.allowFilter true && git config uploadpack.allowAnySHA1InWant true && cd ..; }; } &&
		rm -rf moved && git clone -q --filter=$filter "file://$SCRATCH/lfs" moved && cd moved && dv init -q && git commit -qm init && counted 2 dv migrate --from-lfs --all-history >out && cat out && grep "12 versions" out
	'

	test_expect_success "$filter: and from DVC" '
		{ test -d dvc || { git init -q dvc && cd dvc && mkdir -p .dvc sub && printf "[core]\nremote = r\n[remote \"r\"]\nurl = %s/cache\n" "$SCRATCH" >.dvc/config && for i in $(seq 12); do
			h=$(echo "data$i" | md5sum | cut -d" " -f1) && o=../cache/files/md5/$(echo $h | cut -c1-2) && mkdir -p $o && echo "data$i" >$o/$(echo $h | cut -c3-) && echo $i >code && echo "/f$i" >>sub/.gitignore &&
			printf "outs:\n- md5: %s\n  size: %s\n  hash: md5\n  path: f%s\n" $h $(echo "data$i" | wc -c) $((i % 3)) >sub/f$((i % 3)).dvc && git add -A && git commit -qm $i || return 1; done &&
			git config uploadpack.allowFilter true && git config uploadpack.allowAnySHA1InWant true && cd ..; }; } &&
		rm -rf moved && git clone -q --filter=$filter "file://$SCRATCH/dvc" moved && cd moved && dv init -q && git commit -qm init && counted 2 dv migrate --from-dvc --all-history >out && cat out && grep "12 versions" out
	'
done

test_expect_success 'a shared store: what a partial clone needs stays, whoever collects' '
	partial tree:0 part && git -C part config dv.store.path "$SCRATCH/shared" && git -C part config dv.remote.origin.url "$SCRATCH/none" && (cd part && test_must_fail dv fetch -q; cp -a ../store/data/. ../shared/data && cp -a ../store/meta/. ../shared/meta && dv checkout -q) &&
	make_repo other && cd other && git config dv.store.path "$SCRATCH/shared" && echo x >x && dv add -q x && git add -A && git commit -qm x && find ../shared -name "*.pack" | sort >../before &&
	test_must_fail offline dv gc --grace now 2>err && cat err && grep "partial clone" err && ! grep "hint: .*rm " err && dv gc --grace now && find ../shared -name "*.pack" | sort >../after && test_cmp ../before ../after && cd ../part && dv fsck && git checkout -q old && dv checkout && dv status -q
'

test_done
