#!/bin/sh

test_description='doctor: what works here, by trying it'

. "${0%/*}/test-lib.sh"
. "$TEST_DIR/lib-remote.sh"

# state_of <subject> <words of the text>: its state in the file json
state_of () {
	python3 - "$1" "$2" <<-'EOP'
	import json, sys
	for line in open("json"):
	    c = json.loads(line)
	    if c["subject"] == sys.argv[1] and sys.argv[2] in c["text"]:
	        print(c["state"])
	        break
	else:
	    sys.exit(f"no {sys.argv[1]}: {sys.argv[2]}")
	EOP
}

test_expect_success 'setup: a folder as remote' '
	make_repo repo && cd repo && echo 1 >d && dv add -q d && dv remote add origin "$SCRATCH/there" 2>/dev/null && git add -A && git commit -q -m d
'

test_expect_success 'all is well: exit code 0, nothing is left behind' '
	cd repo && : >before && : >after && : >out && : >json && : >err && git status --short >before && dv doctor >out && cat out && grep "^ok  .*git: git version" out && grep "links: from the store" out && grep "merges: git merges" out && ! grep "^failed" out &&
	git status --short >after && test_cmp before after && test -z "$(find ../there -path "*probe/*" -type f)" && test -z "$(find .git/dv/tmp -type f)" && test -z "$(dv doctor -q)"
'

test_expect_success 'the remote: new, then used' '
	cd repo && dv doctor --json >json && test "$(state_of "remote origin" "nothing was pushed")" = note && test "$(state_of "remote origin" "may read and write")" = ok && dv push -q &&
	dv doctor --json >json && test "$(state_of "remote origin" "answers in")" = ok && test "$(state_of "remote origin" "may list")" = ok && test "$(state_of "remote origin" "may remove")" = ok
'

test_expect_success 'a misspelt setting, and one of the wrong kind' '
	cd repo && git config dv.core.jobbs 3 && dv doctor --json --offline >json && test "$(state_of settings core.jobbs)" = warning && grep "did you mean core.jobs" json &&
	git config --unset dv.core.jobbs && git config -f .dvconfig core.jobs many && test_exit_code 1 dv doctor --json --offline >json && test "$(state_of settings core.jobs)" = failed && git config -f .dvconfig --unset core.jobs
'

test_expect_success 'a remote that is not there, one that may only be read, one that is none of ours' '
	cd repo && dv remote add gone http://127.0.0.1:9/x 2>/dev/null && dv config --local remote.gone.connecttimeout 1 && test_exit_code 1 dv doctor --json -r gone >json && test "$(state_of "remote gone" "cannot be read")" = failed &&
	mkdir ../odd && echo "dv-remote 99" >../odd/dv-remote && dv remote add odd "$SCRATCH/odd" 2>/dev/null && test_exit_code 1 dv doctor -r odd && test_exit_code 1 dv doctor -r nosuch && dv remote remove odd && dv remote remove gone
'

test_expect_success 'what is missing beside git is said with the command that puts it there' '
	cd repo && dv doctor --offline >out && grep "dv hooks install" out && dv hooks install && dv doctor --offline >out && grep "^ok  .*hooks: installed" out &&
	git config --unset merge.dv.driver && dv doctor --offline >out && cat out && grep "^warning .*merges" out && grep "hint: dv init" out
'

test_expect_success 'outside of a repository the versions are told all the same' '
	mkdir nowhere && cd nowhere && test_exit_code 1 dv doctor >out 2>err && grep "dv version" out && grep "^error" err
'

test_done
