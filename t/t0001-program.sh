#!/bin/sh

test_description='the program itself: commands, help, options, exit codes'

. "${0%/*}/test-lib.sh"

commands=$(dv completion --commands | cut -f1)

test_expect_success 'dv version says a version, needs no repository' '
	dv version >out &&
	grep "^dv version [0-9a-f]" out &&
	dv --version >out2 &&
	test_cmp out out2 &&
	dv version --json | python3 -c "import json,sys; json.load(sys.stdin)[\"version\"]"
'

test_expect_success 'dv alone and an unknown command are wrong usage' '
	test_exit_code 129 dv >out &&
	grep "^usage: dv" out &&
	test_exit_code 129 dv psuh 2>err &&
	grep "psuh.*not a dv command" err &&
	grep "did you mean .push." err &&
	test_exit_code 129 dv zzzzzzzz 2>err &&
	grep "dv help" err
'

test_expect_success 'a mistyped option is answered with the one that is meant' '
	for words in "status --shrot" "status --shrot=1" "push --dry_run"
	do
		test_exit_code 129 dv $words 2>err && grep "did you mean --[sd]" err || return 1
	done &&
	for words in "status --zzzzzz" "push --=" "push --$(printf "%0999d" 0)"
	do
		test_exit_code 129 dv $words 2>err && grep "unknown option" err && ! grep "did you mean" err || return 1
	done
'

test_expect_success 'dv help lists every command' '
	dv help >out &&
	for c in $commands
	do
		grep "^    $c " out || return 1
	done
'

test_expect_success 'every command answers -h with exit code 0 and its usage' '
	for c in $commands
	do
		dv $c -h >out 2>err &&
		test ! -s err &&
		head -n 1 out | grep "^usage: dv $c" || return 1
	done
'

test_expect_success 'every command refuses an unknown option' '
	for c in $commands
	do
		test_exit_code 129 dv $c --no-such-option 2>err &&
		grep "unknown option .--no-such-option" err || return 1
	done
'

test_expect_success 'every option has a letter or a long name and a help text' '
	for c in $commands
	do
		dv $c --list-options >out &&
		awk -F"\t" "NF != 2 || \$2 == \"\" { exit 1 }" out || return 1
	done
'

test_expect_success 'letters can be joined, long names cut short' '
	make_repo r &&
	cd r &&
	dv status -sz &&
	dv status --porc &&
	test_exit_code 129 dv status --re 2>err &&
	test_exit_code 129 dv status -j x 2>err &&
	grep "needs a number" err &&
	test_exit_code 129 dv status --jobs 2>err &&
	grep "needs a value" err &&
	test_exit_code 129 dv status --short=yes 2>err &&
	grep "takes no value" err
'

test_expect_success '-C changes the folder first' '
	dv -C r status >out &&
	grep "nothing changed" out &&
	test_must_fail dv -C nowhere status 2>err &&
	grep nowhere err && test_exit_code 129 dv -C 2>err && grep "needs a value" err
'

test_expect_success 'outside of git the error says so' '
	mkdir plain && cd plain &&
	test_must_fail env GIT_CEILING_DIRECTORIES="$SCRATCH" dv status 2>err &&
	grep -i "git" err &&
	test_must_fail env GIT_CEILING_DIRECTORIES="$SCRATCH" dv init 2>err &&
	grep "git init" err
'

test_expect_success 'in git but without dv init, the hint is dv init' '
	git init -q bare-of-dv && cd bare-of-dv &&
	test_must_fail dv add x 2>err &&
	grep "dv init" err
'

test_expect_success 'completion for bash, zsh and fish, no other shell' '
	dv completion bash >c.bash && bash -n c.bash && dv completion zsh >c.zsh && zsh -n c.zsh &&
	dv completion fish >c.fish && fish --no-execute c.fish && test_exit_code 129 dv completion tcsh
'

test_expect_success 'the actions that are offered are those that there are' '
	make_repo acting && cd acting && for command in completion hooks remote
	do
		dv completion --actions $command >../actions && cat ../actions && test -s ../actions && for action in $(cat ../actions)
		do
			{ dv $command $action || test $? -eq 129; } >../out 2>../err && ! grep -e "unknown action" -e "is needed" -e "no completion" ../err || return 1
		done || return 1
	done && test -z "$(dv completion --actions ls)"
'

test_expect_success 'bash, asked, offers commands and options' '
	cat >try.bash <<-\EOF &&
	eval "$(dv completion bash)"
	complete -p dv
	COMP_WORDS=(dv pu) COMP_CWORD=1
	_dv; echo "${COMPREPLY[@]}"
	COMP_WORDS=(dv push --all-b) COMP_CWORD=2
	_dv; echo "${COMPREPLY[@]}"
	EOF
	bash try.bash >out && cat out && grep "^complete .*_dv dv$" out && grep "pull push" out && grep -e "--all-branches" out
'

test_expect_success 'what is tracked, remotes and actions are offered as well, whatever their names' '
	make_repo offers && cd offers && mkdir -p dir/sub && echo 1 >"dir/a b" && echo 2 >dir/sub/f && echo 3 >"st*r x" && dv add -q dir "st*r x" &&
	dv remote add far ../far && dv remote add faster ../faster && rm -rf dir/sub "st*r x" && cat >../offers.bash <<-\EOF &&
	eval "$(dv completion bash)"
	compopt () { :; }
	offer () {
		COMP_WORDS=(dv "$@") COMP_CWORD=$# && _dv && printf "<%s>" "$*:" "${COMPREPLY[@]}" && echo
	}
	offer pull -r f; offer pull --remote = fas; offer pull dir/; offer rm "dir/a\\ "; offer pull "st"; offer remote re; offer remote remove f
	offer help unprot; cd ..; offer -C offers pull --remote fas; offer -C offers unprot
	EOF
	bash ../offers.bash >../out && cat >../expect <<-\EOF && test_cmp ../expect ../out
	<pull -r f:><far><faster>
	<pull --remote = fas:><faster>
	<pull dir/:><dir/a b><dir/sub/>
	<rm dir/a\ :><dir/a b>
	<pull st:><st*r x.dv><st*r x>
	<remote re:><remove><rename>
	<remote remove f:><far><faster>
	<help unprot:><unprotect>
	<-C offers pull --remote fas:><faster>
	<-C offers unprot:><unprotect>
	EOF
'

test_expect_success 'remote default is JSON where that is asked' '
	cd offers && dv remote default faster && test "$(dv remote default)" = faster && dv remote default --json >../out && test "$(wc -l <../out)" -eq 1 &&
	python3 -c "import json; r = json.load(open(\"../out\")); assert r[\"name\"] == \"faster\" and r[\"default\"]"
'

# A shell at a terminal, in which keys are pressed: Tab, then one that shows the line.
test_expect_success 'zsh, asked, offers commands, options and files' '
	mkdir asked && cd asked && : >onlyfile && cat >ask.zsh <<-\EOF &&
	zmodload zsh/zpty
	zpty shell "TERM=dumb zsh -f -i"
	zpty -w shell "PS1=\"(ready)\"; autoload -U compinit && compinit -u -D && source <(dv completion zsh) && loaded=yes"
	zpty -w shell "show () { print -r -- \"<\$BUFFER>\" }; zle -N show; bindkey \"^T\" show; print loaded:\$loaded"
	zpty -r shell seen "*loaded:yes*ready*"
	for typed in "dv unprot" "dv push --all-b" "dv checkout only" "dv -C ../offers push -r fas" "dv remote ren"
	do
		zpty -w -n shell "$typed$(printf "\t\024\025")"
		zpty -r shell seen "*<dv *>*" && print -r -- "$seen"
	done
	zpty -d shell
	EOF
	timeout 20 zsh -f ask.zsh >out && cat out && grep "<dv unprotect >" out && grep "<dv push --all-branches >" out && grep "<dv checkout onlyfile >" out &&
	grep "<dv -C ../offers push -r faster >" out && grep "<dv remote rename >" out
'

test_expect_success 'fish, asked, offers commands, options and files' '
	cd asked && cat >ask.fish <<-\EOF &&
	dv completion fish | source
	complete -C "dv unprot"; complete -C "dv push --all-b"; complete -C "dv checkout only"; complete -C "dv remote ren"; cd ../offers; complete -C "dv push -r fas"; complete -C "dv pull dir/s"; complete -C "dv -C .. unprot"
	EOF
	timeout 20 fish --no-config ask.fish >out && cat out && grep "^unprotect	" out && grep -x -e --all-branches out && grep -x onlyfile out &&
	grep -x faster out && grep -x dir/sub/ out && grep -x rename out && test $(grep -c "^unprotect	" out) = 2
'

# Each costs more than all of a small status.
test_expect_success 'what a small command does not need is not loaded' '
	LD_DEBUG=files dv version 2>files &&
	grep "libzstd" files &&
	! grep -E "libcrypto|libgit2|libcurl|libssl" files
'

test_expect_success 'a full disk behind standard output is an error' '
	test_must_fail dv help >/dev/full
'

test_expect_success 'DV_TRACE=sum adds up where the time went, and changes nothing else' '
	make_repo traced && cd traced && random_bytes 9000000 7 >big &&
	DV_TRACE=sum dv add -q big 2>err && dv status --porcelain && cat err &&
	head -n 1 err | grep "own ms *cpu ms *all ms *calls  region" &&
	grep " 1  add$" err && grep " chunk: hash$" err && grep " pack: write$" err &&
	DV_TRACE=sum dv status 2>err && grep " 1  status$" err &&
	DV_TRACE=1 dv status 2>err && grep " status$" err && ! grep "own ms" err &&
	for where in 2 true trace.txt
	do
		DV_TRACE=$where dv status 2>err &&
		grep "^warning: DV_TRACE is .$where.: not 1" err || return 1
	done &&
	DV_TRACE=/nonexistent/x dv status 2>err &&
	grep "^warning: cannot trace to /nonexistent/x: No such file" err
'

cat >names.py <<'EOF'
import json
import sys

NAMES = [b"b\xffd", "\u00ff".encode(), b"t\tab", b"q\""]
if sys.argv[1] == "make":
    for n in NAMES:
        open(n, "w").write("1")
elif sys.argv[1] == "z":
    found = sys.stdin.buffer.read().split(b"\0")
    assert all(b"d/" + n in found for n in NAMES), found
else:
    found = [json.loads(l)["path"] for l in sys.stdin]
    assert all("d/" + n in found for n in ("b\u00ffd", "\u00ff", "t\tab", "q\"")), found
EOF

test_expect_success 'names that are no UTF-8 or have control bytes: for people, -z and JSON' '
	make_repo names && cd names && mkdir d && (cd d && python3 ../../names.py make) && dv add -q d &&
	dv ls -R d >out && cat out && grep -F "\"d/b\\377d\"" out && grep -F "\"d/t\\tab\"" out && dv ls -Rz d | python3 ../names.py z &&
	dv ls -R --json d >out && cat out && grep -F "d/b\\u00ffd" out && grep -F "d/t\\u0009ab" out && python3 -X utf8 ../names.py json <out &&
	echo 2 >>"d/$(printf "b\\377d")" && dv status --json >out && grep -F "d/b\\u00ffd" out && git add -A . && git commit -qm d && dv diff --json >out && grep -F "d/b\\u00ffd" out
'

test_expect_success 'words of DVC and git are answered with what dv has' '
	for word in install repro root untrack
	do
		test_exit_code 129 dv $word 2>err && grep "^hint: " err && ! grep "did you mean" err || return 1
	done && test_exit_code 129 dv install 2>err && grep "hint: dv hooks install" err
'

test_expect_success 'a value that an option does not take is wrong usage, whatever the command' '
	make_repo values && cd values &&
	for words in "gc --grace soon" "gc --grace 5y" "gc --max-repack much" "gc -j many" "fsck -j -1" "pull --max-size lots" "fetch --max-size 0" \
		"checkout --max-size 1kk" "ls --max-size -1" "import-url --checksum md5:1 a b" "log -n x" "push -j x"
	do
		test_exit_code 129 dv $words 2>err && grep "^error: option .* needs a" err || { grep "needs sha256" err || return 1; }
	done && dv gc -q --grace 0 && dv gc -q --grace 2w --max-repack 0 && dv ls --max-size 1T
'

test_done
