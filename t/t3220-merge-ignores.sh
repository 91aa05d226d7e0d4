#!/bin/sh

test_description='git merges the .gitignore files that dv writes to'

. "${0%/*}/test-lib.sh"

# branches <base> <ours> <theirs>: commands, on main and on the branch theirs;
# main is checked out
branches () {
	git checkout -q --orphan new && git rm -qrf . && rm -rf a b c d e && cp ../attributes .gitattributes && : >.dvconfig &&
	eval "$1" && git add -A && git commit -qm base && git checkout -qB main && git branch -qD new &&
	git checkout -qB theirs && eval "$3" && git add -A && git commit -qm theirs &&
	git checkout -q main && dv checkout -q && eval "$2" && git add -A && git commit -qm ours
}

# tracks <path>...: makes and adds each
tracks () {
	for path
	do
		mkdir -p "./$(dirname -- "$path")" && echo "$path" >"./$path" || return
	done
	dv add -q -- "$@"
}

# comes_to <text>: .gitignore
comes_to () {
	printf "$1" | test_cmp - .gitignore
}

# merges <base> <ours> <theirs> <result>: texts
merges () {
	printf "$1" >B && printf "$2" >O && printf "$3" >T && dv merge-driver B O T d/.gitignore && printf "$4" | test_cmp - O
}

# conflicts <base> <ours> <theirs> <result>
conflicts () {
	printf "$1" >B && printf "$2" >O && printf "$3" >T && test_exit_code 1 dv merge-driver B O T .gitignore && printf "$4" | test_cmp - O
}

# --- texts -------------------------------------------------------------------

test_expect_success 'lines of dv are a set' '
	merges "" "/a\n" "/b\n" "/a\n/b\n" && merges "*.x\n" "*.x\n/a\n/s\n" "*.x\n/s\n/b\n" "*.x\n/a\n/s\n/b\n" &&
	merges "/a\n/b\n/c\n" "/a\n/b\n" "/a\n/b\n/c\n/d\n" "/a\n/b\n/d\n" && merges "/a\n/b\n/c\n" "/a\n/b\n/c\n/d\n" "/a\n/b\n" "/a\n/b\n/d\n" &&
	merges "/a\n/b\n/c\n" "/b\n/c\n" "/a\n/c\n" "/c\n" && merges "/a\n/b\n" "/a\n/x\n" "/a\n/y\n" "/a\n/x\n/y\n" && merges "/a\n" "" "/b\n" "/b\n"
'

test_expect_success 'names with all kinds of bytes' '
	merges "/x\n" "/x\n/a \\[1]\\*.csv\n/#a\n/end\\ \n" "/x\n/b\\\\\\\\c\\?\n/!b\n/two[[:cntrl:]]lines\n/\303\244\n" \
		"/x\n/a \\[1]\\*.csv\n/#a\n/end\\ \n/b\\\\\\\\c\\?\n/!b\n/two[[:cntrl:]]lines\n/\303\244\n"
'

test_expect_success 'a line that one has moved and the other has taken out is out' '
	merges "/a\n*.x\n*.y\n" "*.x\n*.y\n" "*.x\n*.y\n/a\n" "*.x\n*.y\n" && merges "/a\n*.x\n*.y\n" "*.x\n*.y\n/b\n" "*.x\n*.y\n/a\n" "*.x\n*.y\n/b\n" &&
	merges "/a\n*.x\n*.y\n" "*.x\n*.y\n/a\n" "/a\n*.x\n*.y\n/b\n" "*.x\n*.y\n/a\n/b\n" && merges "*.x\n*.y\n/a\n" "/a\n*.x\n*.y\n" "*.x\n*.y\n/b\n" "*.x\n*.y\n/b\n"
'

test_expect_success 'lines of the user that one side changed keep their order; what is new of dv is after them' '
	merges "*.x\n" "*.x\n/a\n" "*.x\n# mine\n!*.csv\n" "*.x\n# mine\n!*.csv\n/a\n" && merges "*.x\n" "*.y\n/a\n" "*.x\n/b\n" "*.y\n/a\n/b\n" &&
	merges "*.x\n" "*.x\n/a\n" "*.y\n/b\n" "*.y\n/b\n/a\n" && merges "*.x\n" "*.y\n/a\n" "*.y\n/b\n" "*.y\n/a\n/b\n"
'

test_expect_success 'lines of the user that both sides changed are a conflict' '
	conflicts "*.x\n*.y\n*.z\n/a\n" "*.1\n*.y\n*.z\n/a\n/b\n" "*.2\n*.y\n*.z\n/a\n/c\n" "<<<<<<< ours\n*.1\n=======\n*.2\n>>>>>>> theirs\n*.y\n*.z\n/a\n/b\n/c\n" &&
	for line in build/ "!a" "a" "/a/b" "/a*" "/a " "#/a" "/" "/\\\\a" "/[a]" "/a\\\\"
	do
		merges "/x\n" "/x\n/y\n" "/x\n$line\n" "/x\n$line\n/y\n" && conflicts "/x\n" "/x\n*.y\n" "/x\n$line\n" "/x\n<<<<<<< ours\n*.y\n=======\n$line\n>>>>>>> theirs\n" || return
	done
'

test_expect_success 'line ends: returns, and none at the end' '
	merges "*.x\r\n" "*.x\r\n/a\r\n" "*.x\r\n/b\r\n" "*.x\r\n/a\r\n/b\r\n" && merges "*.x\r\n/a\r\n" "*.x\r\n/a\r\n/b\r\n" "*.x\r\n" "*.x\r\n/b\r\n" &&
	merges "*.x" "*.x\n/a" "*.x\n/b" "*.x\n/a\n/b\n" && merges "*.x\n" "*.x\n/a\n" "*.x\n/b" "*.x\n/a\n/b\n"
'

test_expect_success 'what is no text, or has our markers in it, is left to git' '
	marks=$(printf "%067d" 0 | tr 0 "=") && conflicts "*.x\n" "$marks\n/a\n" "$marks\n/b\n" "$marks\n<<<<<<< ours\n/a\n=======\n/b\n>>>>>>> theirs\n" &&
	conflicts "*.x\n" "*.x\n/a\n\000" "*.x\n/b\n" "*.x\n/a\n\000" && conflicts "" "$(printf "%04194304d" 1)\n/a\n" "/b\n" "<<<<<<< ours\n$(printf "%04194304d" 1)\n/a\n=======\n/b\n>>>>>>> theirs\n"
'

test_expect_success 'what a git that was ended has written is not taken for all of it' '
	mkdir bin && git=$(command -v git) && for end in "kill -9 \$\$" "exit 255" "exit 128"
	do
		printf "#!/bin/sh\ncase \"\$*\" in *--diff3*) \"$git\" \"\$@\" | head -c 9; $end;; esac\nexec \"$git\" \"\$@\"\n" >bin/git && chmod +x bin/git &&
		seq -f /l%.0f 20 >B && { cat B && echo /o; } >O && { cat B && echo /t; } >T && (PATH=$PWD/bin:$PATH && test_exit_code 1 dv merge-driver B O T .gitignore) && grep "^<<<<<<< ours" O && grep "^/l20$" O || return
	done && rm -r bin
'

test_expect_success 'many lines' '
	seq -f /base%.0f 20000 >B && { cat B && seq -f /o%.0f 20000; } >O && { tail -n 10000 B && seq -f /t%.0f 20000; } >T && dv merge-driver B O T .gitignore && test "$(wc -l <O)" -eq 50000
'

# --- with git ----------------------------------------------------------------

test_expect_success 'two add beside each other, at the top and further down, in a new .gitignore and an old one' '
	make_repo repo && cp repo/.gitattributes attributes && cd repo && branches "echo \"*.o\" >.gitignore; tracks d/old" "tracks a d/a e/a" "tracks b d/b e/b" && git merge -q theirs 2>../err && cat ../err &&
	comes_to "*.o\n/a\n/b\n" && test "$(cat d/.gitignore e/.gitignore | tr "\n" " ")" = "/old /a /b /a /b " &&
	dv checkout -q && git status --short >../out && test ! -s ../out && test "$(cat d/b)" = d/b && dv status --exit-code
'

test_expect_success 'one adds and the other removes; a conflict in the style that is set' '
	cd repo && branches "tracks a b c" "dv rm -q c" "tracks d" && git merge -q theirs && comes_to "/a\n/b\n/d\n" && git reset -q --hard HEAD~1 && dv checkout -q &&
	echo "*.1" >>.gitignore && git commit -qam 1 && git checkout -q theirs && echo "*.2" >>.gitignore && git commit -qam 2 && test_must_fail git -c merge.conflictstyle=diff3 merge -q main && grep "^||||||| base" .gitignore && git reset -q --hard
'

test_expect_success 'rebase, cherry-pick, revert and stash pop' '
	cd repo && branches "tracks a" "tracks b; git add -A; git commit -qm b; tracks c" "tracks d" && git rebase -q theirs && comes_to "/a\n/d\n/b\n/c\n" && git checkout -q -B back main~3 && dv checkout -q &&
	tracks x && git add -A && git commit -qm x && git cherry-pick theirs >/dev/null && comes_to "/a\n/x\n/d\n" && git revert --no-edit HEAD~1 >/dev/null && comes_to "/a\n/d\n" &&
	tracks y && git add -A && git stash -q && tracks z && git add -A && git commit -qm z && git stash pop -q && comes_to "/a\n/d\n/z\n/y\n" && git stash list >../out && test ! -s ../out
'

test_expect_success 'in a clone that has seen no dv it is a conflict as ever; what the manual says merges it' '
	cd repo && branches "tracks a" "tracks b" "tracks c" && git clone -q . ../fresh && cd ../fresh && test_must_fail git merge -q origin/theirs && grep "^<<<<<<<" .gitignore &&
	dv init -q && git checkout --merge -- .gitignore 2>/dev/null && comes_to "/a\n/b\n/c\n"
'

# --- .gitattributes ----------------------------------------------------------

test_expect_success 'how the user has .gitignore merged stays; other lines about it are no such thing' '
	cd repo && mine="*.dv merge=dv diff=dv\n" ours=".gitignore merge=dv\n" &&
	for line in ".gitignore merge=union" "/.gitignore -merge" "* text merge=union" "**/.gitignore !merge" ".git* merge"
	do
		printf "$line\n$mine" >.gitattributes && cp .gitattributes ../before && dv init -q && test_cmp ../before .gitattributes || return
	done &&
	for line in ".gitignore text" "#.gitignore merge=union" "*.gitignore2 merge=union" ".gitignore merger" "d/.gitignore merge=union"
	do
		printf "$line\n$mine" >.gitattributes && dv init -q && printf "$line\n$mine$ours" | test_cmp - .gitattributes || return
	done && printf "$ours" >.gitattributes && dv init -q && printf "$ours$mine" | test_cmp - .gitattributes
'

test_expect_success 'a repository from before: doctor says so, and dv init mends it' '
	cd repo && echo "*.dv merge=dv diff=dv" >.gitattributes && git commit -qam old && dv doctor --offline >../out && grep "^warning .*merges.*\.gitignore" ../out &&
	dv init >../out && grep "already.*\.gitattributes.*staged" ../out && git diff --cached --name-only >../out && echo .gitattributes | test_cmp - ../out && dv doctor --offline >../out && grep "^ok .*merges" ../out && dv init >../out && ! grep staged ../out
'

test_done
