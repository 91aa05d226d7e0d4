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

test_expect_success 'versions, and clock and rights of a folder' '
	cd repo && dv doctor >out && grep "^ok  .*libraries: zstd [1-9].*xxHash [0-9].*OpenSSL" out && grep "libraries: libgit2 [1-9]" out && grep "libraries: libcurl/[1-9]" out &&
	grep "its clock and ours agree" out && grep "work tree: $PWD, on " out && dv doctor --offline >out && ! grep libcurl out
'

test_expect_success 'all is well: exit code 0, nothing is left behind' '
	cd repo && : >before && : >after && : >out && : >json && : >err && git status --short >before && dv doctor >out && cat out && grep "^ok  .*git: git version" out && grep "links: from the store" out && grep "merges: git merges" out && ! grep "^failed" out &&
	git status --short >after && test_cmp before after && test -z "$(find ../there -path "*probe*")" && test -z "$(find .git/dv/tmp -type f)" && test -z "$(dv doctor -q)"
'

test_expect_success 'the remote: new, then used' '
	cd repo && dv doctor --json >json && test "$(state_of "remote origin" "nothing was pushed")" = note && test "$(state_of "remote origin" "may read and write")" = ok && dv push -q &&
	dv doctor --json >json && test "$(state_of "remote origin" "answers in")" = ok && test "$(state_of "remote origin" "may list")" = ok && test "$(state_of "remote origin" "may remove")" = ok
'

test_expect_success 'a misspelt setting, and one of the wrong kind' '
	cd repo && git config dv.core.jobbs 3 && dv doctor --json --offline >json && test "$(state_of settings core.jobbs)" = warning && grep "did you mean core.jobs" json &&
	git config --unset dv.core.jobbs && git config -f .dvconfig core.jobs many && test_exit_code 1 dv doctor --json --offline >json && test "$(state_of settings core.jobs)" = failed && git config -f .dvconfig --unset core.jobs
'

test_expect_success 'an age that is none, and what is never taken from .dvconfig' '
	cd repo && git config dv.gc.grace foo && test_exit_code 1 dv doctor --json --offline >json && test "$(state_of settings gc.grace)" = failed && git config --unset dv.gc.grace &&
	git config -f .dvconfig store.fallback "/a b" && git config -f .dvconfig source.local true && dv doctor --offline >out && cat out && test "$(grep -c "^warning .*is not taken from there" out)" -eq 2 &&
	hint=$(sed -n "s/.*hint: dv config --project --unset store.fallback, then \(.*\)/\1/p" out) && dv config --project --unset store.fallback && dv config --project --unset source.local && eval "$hint" &&
	test "$(git config dv.store.fallback)" = "/a b" && git config --unset dv.store.fallback && dv doctor --offline >out && ! grep "^warning .*settings" out
'

test_expect_success 'a store that store.path leaves aside: said when it is set, and by doctor' '
	make_repo aside && cd aside && echo 1 >d && dv add -q d && dv config --local store.path ../elsewhere 2>err && cat err && rm d && test_must_fail dv checkout d && dv doctor --offline >out && cat out && grep "^warning .*is not read since store.path is set" out &&
	dv config --local store.path ../elsewhere 2>again && test ! -s again && eval "$(sed -n "s/^hint: .*after: //p" err)" && dv checkout d && dv doctor --offline >out && ! grep "is not read since" out && dv config --local --unset store.path 2>err && dv doctor --offline >out && ! grep "is not read since" out &&
	make_repo ../unset && cd ../unset && dv config --global store.path "$SCRATCH/g" 2>err && test ! -s err && git config --global --unset dv.store.path
'

test_expect_success 'a remote that is not there, one that may only be read, one that is none of ours' '
	cd repo && dv remote add gone http://127.0.0.1:9/x 2>/dev/null && dv config --local remote.gone.connecttimeout 1 && test_exit_code 1 dv doctor --json -r gone >json && test "$(state_of "remote gone" "cannot be read")" = failed &&
	mkdir ../odd && echo "dv-remote 99" >../odd/dv-remote && dv remote add odd "$SCRATCH/odd" 2>/dev/null && test_exit_code 1 dv doctor -r odd && test_exit_code 1 dv doctor -r nosuch && dv remote remove odd && dv remote remove gone
'

test_expect_success 'settings that contradict each other' '
	cd repo && dv remote add odd http://127.0.0.1:9/x 2>/dev/null && dv config --local remote.odd.connecttimeout 1 &&
	dv config --local remote.odd.region eu && dv config --local remote.odd.password secret1 && dv config --local remote.odd.token secret2 && dv config core.remote nowhere &&
	DV_CORE_JOBBS=1 dv doctor --offline >out && cat out && grep "^warning .*remote.odd.region means nothing for http" out && grep "remote.odd.token beside password" out &&
	grep "remote.odd.password without user" out && grep "core.remote names nowhere" out && grep "reads no DV_CORE_JOBBS" out && ! grep "secret[12]" out &&
	dv config core.remote origin && dv config --local --unset remote.odd.password && dv config --local --unset remote.odd.token && dv config --local --unset remote.odd.region &&
	dv doctor --offline >out && ! grep "^warning .*settings" out && dv remote remove odd
'

start_python odd-server "$SCRATCH"

test_expect_success 'a clock that is off is told' '
	cd repo && AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=not-told AWS_ENDPOINT_URL="http://127.0.0.1:$PYTHON_PORT" && export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL &&
	dv remote add skew s3://skew/x 2>/dev/null && test_exit_code 1 dv doctor --json -r skew >json && cat json && test "$(state_of "remote skew" "its clock is 10")" = warning && grep "s ahead of ours" json && grep timedatectl json &&
	test "$(state_of "remote skew" "credentials: from AWS_ACCESS_KEY_ID")" = ok && ! grep not-told json && dv remote remove skew
'

start_nginx

test_expect_success 'where credentials come from, never what they are; nothing stays at the server' '
	cd repo && dv remote add web "$HTTP_URL/doctor" 2>/dev/null && printf "#!/bin/sh\ntest \"\$1\" = get && printf \"username=%%s\\npassword=%%s\\n\" \"$HTTP_USER\" \"$HTTP_PASS\"\n" >"$HOME/helper" && chmod +x "$HOME/helper" &&
	test_exit_code 1 dv doctor -r web >out && cat out && grep "credentials: none in the settings" out && git config --global credential.helper "$HOME/helper" &&
	dv doctor -r web >out && cat out && grep "credentials: from git credential" out && grep "may read and write" out && grep "may list" out && grep "may remove" out && ! grep "$HTTP_PASS" out &&
	test -z "$(find ../nginx/www/doctor -mindepth 1)" &&
	dv config --local remote.web.user "$HTTP_USER" && dv config --local remote.web.password "$HTTP_PASS" && dv doctor -r web >out && grep "credentials: from the remote.s password" out && ! grep "$HTTP_PASS" out
'

test_expect_success 'where nothing can be removed nothing is put' '
	cd repo && mkdir -p ../nginx/www/open/d && dv remote add ro "$HTTP_URL/open/d" 2>/dev/null && dv doctor -r ro >out && cat out && grep "^[nw].*may not remove" out && grep "was not tried" out && test -z "$(ls ../nginx/www/open/d)" &&
	cp ../there/dv-remote ../nginx/www/open/d && dv doctor -r ro >out && cat out && grep "^warning .*may not be written to" out &&
	dv remote add small "$HTTP_URL/small/d" 2>/dev/null && dv config --local remote.small.user "$HTTP_USER" && dv config --local remote.small.password "$HTTP_PASS" && mkdir -p ../nginx/www/small/d && cp ../there/dv-remote ../nginx/www/small/d &&
	dv doctor -r small >out && cat out && grep "^[nw].*may not remove" out && grep "^ok .*may read and write" out && test_cmp ../there/dv-remote ../nginx/www/small/d/dv-remote && test "$(ls ../nginx/www/small/d)" = dv-remote
'

test_expect_success 'what is missing beside git is said with the command that puts it there' '
	cd repo && dv doctor --offline >out && grep "dv hooks install" out && dv hooks install && dv doctor --offline >out && grep "^ok  .*hooks: installed" out &&
	git config --unset merge.dv.driver && dv doctor --offline >out && cat out && grep "^warning .*merges" out && grep "hint: dv init" out
'

test_expect_success 'outside of a repository the versions are told all the same' '
	mkdir nowhere && cd nowhere && test_exit_code 1 dv doctor >out 2>err && grep "dv version" out && grep "^error" err
'

test_done
