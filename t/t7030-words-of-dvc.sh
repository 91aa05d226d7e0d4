#!/bin/sh

test_description='what a user of DVC types either works or is answered by what to type'

. "${0%/*}/test-lib.sh"

# A command of DVC's, the command of dv's (or -), and the options DVC's has;
# those that dv must have too are marked by a +.
cat >table <<'EOF'
init        init          --subdir --no-scm -f --force +-q -v --verbose
add         add           --glob -o --out --to-remote -r --remote --remote-jobs --no-commit +-f +--force --no-relink --file --external --desc -R --recursive +-q +--quiet -v
commit      commit        +-f +--force -d --with-deps -R --recursive --data-only --relink --no-relink --glob
checkout    checkout      --summary -d --with-deps -R --recursive +-f +--force +--relink +--allow-missing --no-relink --glob
push        push          +-r +--remote +-j +--jobs +-a +--all-branches +-T +--all-tags +-A +--all-commits -d --with-deps -R --recursive --run-cache --no-run-cache --glob
fetch       fetch         +-r +--remote +-j +--jobs +-a +-T +-A -d --with-deps -R --recursive --run-cache --no-run-cache +--max-size --type
pull        pull          +-r +--remote +-j +--jobs +-a +-T +-A +-f +--force +--allow-missing -d --with-deps -R --recursive --run-cache --no-run-cache --glob
status      status        -c --cloud +-r -a --all-branches -T --all-tags -A --all-commits -d --with-deps -R --recursive +-j +--jobs +--json --no-updates +-q +--quiet
data        status        --granular +--json --unchanged --untracked-files --not-in-remote --no-remote-refresh
diff        diff          --targets +--json +--md --show-hash --hide-missing
gc          gc            -w --workspace -a --all-branches -T --all-tags -A --all-commits --all-experiments --rev +-n --num --date -c --cloud +-r +--remote --not-in-remote -p --projects -f +--force +-j +--jobs +--dry-run --skip-failed
remove      remove        --outs
move        move          -v
unprotect   unprotect     +-q
list        list          +-R +--recursive +--dvc-only +--rev +--size -T +--tree +--level +-L +--json --show-hash --config --remote --remote-config
du          du            +-s +--summarize +--rev --config --remote
get         get           +-o +--out +--rev +-f +--force --show-url +-j +--jobs +--remote --remote-config --config
import      import        +-o +--out +--rev +-f +--force +-j +--jobs +--no-download --no-exec --remote-config --config --file --desc
import-url  import-url    +--to-remote --no-exec +--no-download --version-aware --fs-config +-f +--force +-j +--jobs +-r +--remote --file --desc
update      update        +--rev -R --recursive +--no-download +--to-remote +-r +--remote +-j +--jobs
check-ignore check-ignore -d +--details +-n +--non-matching +--stdin -a --all
config      config        +--local +--global +--system +--project -u +--unset +-l +--list +--show-origin
remote      remote        +-d +--default -f --force +--local +--global --system --project -u --unset +-v
install     hooks         --use-pre-commit-tool
completion  completion    -s --shell
EOF

test_expect_success 'every option of every data command works or is answered' '
	make_repo repo && cd repo &&
	while read -r theirs ours options
	do
		dv "$ours" --list-options | cut -f1 | tr " " "\n" | sed "s/=\$//" >have || return 1
		for o in $options
		do
			case $o in
			+*)	grep -qx -e "${o#+}" have || { echo "$theirs: $o does not work"; return 1; } ;;
			*)	! grep -qx -e "$o" have || { echo "$theirs: $o works, mark it"; return 1; }
				test_exit_code 129 dv "$ours" "$o" x 2>err || return 1
				grep "unknown option .$o" err && test "$(grep -c "^hint: " err)" = 1 || { echo "$theirs: $o"; cat err; return 1; } ;;
			esac
		done
	done <../table
'

test_expect_success 'the commands and options of the hints are there' '
	grep "{ \"" "$TEST_DIR/../src/builtin/elsewhere.c" | grep -c . && python3 - "$TEST_DIR/../src/builtin/elsewhere.c" <<-\EOP
	import re, subprocess, sys
	text = re.sub(r"\"\s*\n\s*\"", "", open(sys.argv[1]).read())
	count = 0
	for hint in re.findall(r"\"((?:[^\"\\]|\\.)*)\"", text):
	    for m in re.finditer(r"\bdv ([a-z][a-z-]*)((?: +(?:--?[A-Za-z][a-z-]*|<[a-z]+>))*)", hint):
	        command, rest = m.groups()
	        if command in ("sends", "waits", "has"):
	            continue
	        out = subprocess.run(["dv", command, "--list-options"], capture_output=True, text=True)
	        assert out.returncode == 0, (hint, command)
	        have = {w.rstrip("=") for l in out.stdout.splitlines() for w in l.split("\t")[0].split()}
	        for o in re.findall(r"(?<= )--?[A-Za-z][a-z-]*", rest):
	            count += 1
	            assert o in have, (hint, o)
	assert count > 20, count
	EOP
'

test_expect_success 'commands that dv has under another name, or not at all' '
	for word in artifacts cache daemon dag data dataset destroy exp experiments freeze get-url git-hook import-db install list-url \
		metrics params plots queue repro root run stage studio unfreeze
	do
		test_exit_code 129 dv $word 2>err && grep "^hint: " err && ! grep "did you mean" err || return 1
	done && for word in list move remove
	do
		dv $word -h || return 1
	done
'

test_expect_success 'commands of git-lfs' '
	for word in clean clone dedup env filter-process lock locks logs ls-files pointer prune smudge track unlock untrack
	do
		test_exit_code 129 dv $word 2>err && grep "^hint: " err && ! grep "did you mean\|lists the commands" err || return 1
	done
'

test_expect_success 'options of git-lfs' '
	cd repo && for o in "fetch -I x" "fetch --include=x" "fetch -X x" "fetch --all" "fetch --recent" "fetch --prune" "fetch --refetch" "pull -I x" "pull -X x" "push --all origin" "push --object-id x" \
		"fsck --objects" "gc --recent" "gc --verify-remote"
	do
		test_exit_code 129 dv $o 2>err && grep "^hint: .*dv " err && ! grep "did you mean" err || { echo "$o"; return 1; }
	done
'

test_expect_success 'words of git: commands, options and actions' '
	cd repo && for o in branch merge rebase reset restore show stash switch tag cherry-pick "commit -m x" "commit -a" "add -A" "add -p" "rm -r x" "checkout -b x" "push --tags" "push -u origin" \
		"pull --rebase" "log -p" "diff --staged" "status -b" "mv -f a b" "remote rm x" "remote ls" "remote show" "remote get-url x" "remote prune x" "config list" "config get core.jobs" "config set core.jobs 4" -v -c
	do
		test_exit_code 129 dv $o 2>err && test "$(grep -c "^hint: " err)" = 1 && ! grep "did you mean\|lists the commands" err || { echo "$o"; cat err; return 1; }
	done &&
	test_exit_code 1 dv config jobs 2>err && grep "hint: did you mean core.jobs" err && test_exit_code 1 dv config nothing.like 2>err && grep "hint: dvconfig(5)" err && test_exit_code 1 dv config gc.grace 2>err && test ! -s err
'

test_expect_success 'what is meant is near, and what is far is not offered' '
	test_exit_code 129 dv stat 2>err && grep "did you mean .status" err && test_exit_code 129 dv check 2>err && grep "did you mean .checkout" err && test_exit_code 129 dv psuh 2>err && grep "did you mean .push" err &&
	test_exit_code 129 dv --verion 2>err && grep "did you mean --version" err && test_exit_code 129 dv frob 2>err && grep "lists the commands" err
'

test_expect_success 'the name of a remote where paths are taken' '
	make_repo named && cd named && echo 1 >d && dv add -q d && dv remote add store "$SCRATCH/named-remote" 2>/dev/null && git remote add origin ../x.git &&
	for c in push fetch pull; do test_exit_code 1 dv $c store main 2>err && grep "^hint: .* -r store$" err && test_exit_code 1 dv $c origin main 2>err && grep "^hint: .*dv remote list .*-r" err || return 1; done &&
	test_exit_code 1 dv push upstream 2>err && ! grep "^hint" err
'

test_expect_success 'help on a word that is no command says as much; names of DVC are meant too' '
	test_exit_code 129 dv help chekout 2>err && grep "did you mean .checkout" err && test_exit_code 129 dv help repro 2>err && grep "hint: pipelines" err &&
	test_exit_code 129 dv remvoe x 2>err && grep "did you mean .remove" err
'

test_expect_success 'dvc remote modify, gc -n <number>' '
	cd repo && test_exit_code 129 dv remote modify origin url x 2>err && grep "hint: dv config .*remote.<name>.<key>" err && test_exit_code 129 dv gc -n 3
'

test_expect_success 'advice is silent where it is not wanted, and -- ends options' '
	cd repo && test_must_fail dv add -- --glob 2>err && ! grep "unknown option" err
'

test_done
