#!/bin/sh

test_description='bad input: a clear error, nothing lost or half-written'

. "${0%/*}/test-lib.sh"

test_expect_success 'setup' '
	make_repo repo && cd repo && random_bytes 300000 1 >d && cp d ../d.good && dv add -q d && git add -A && git commit -qm d
'

test_expect_success 'a path outside the repository' '
	cd repo && echo x >../outside && for p in ../outside /etc/passwd "$SCRATCH/outside" .git .git/config
	do
		test_must_fail dv add "$p" 2>err && grep -F "$(basename "$p")" err || { cat err; return 1; }
	done
'

test_expect_success 'a path that is not there, a pointer file, the top itself' '
	cd repo && test_must_fail dv add nothing 2>err && grep nothing err &&
	test_must_fail dv add d.dv 2>err && grep d.dv err && test_must_fail dv add . 2>err && cat err
'

test_expect_success 'a path in another repository or in a submodule is refused, its folder is named' '
	cd repo && git init -q other && mkdir other/sub && echo x >other/sub/f && test_must_fail dv add other/sub/f 2>err &&
	grep "another repository, other" err && test ! -e other/sub/f.dv && rm -rf other
'

test_expect_success 'hints can be typed as they are shown: odd names, in a subfolder too' '
	cd repo && mkdir -p "odd dir" && cd "odd dir" &&
	for name in "a b" "it'"'"'s" "do\$x" -n :x "~" "#h" "q\"u" "back\\s" "*" "$(printf "n\nl")" "$(printf "\377\t")"
	do
		echo x >"./$name" && dv add -- "./$name" >out 2>err && sed -n "s/^hint: //p" err >hint &&
		bash -e ./hint && git ls-files --error-unmatch -- ":(literal)$name.dv" || { echo "<$name>"; cat err; return 1; }
	done && git add -f hint && test_must_fail dv add hint 2>err && sed -n "s/^hint: //p" err >../hint && bash -e ../hint &&
	git rm -q -r -f --cached . && cd .. && rm -rf "odd dir" hint
'

test_expect_success 'a path that leads through a symlink is refused' '
	cd repo && mkdir ../away && echo x >../away/f && ln -s ../away way && test_must_fail dv add way/f 2>err && cat err &&
	test ! -e ../away/f.dv && rm way
'

for bad in "" "hello" "dv: 2" "dv: 1
kind: file
id: sha256:zz" "dv: 1
kind: tree
id: sha256:0000000000000000000000000000000000000000000000000000000000000000
size: -1
files: 1" "<<<<<<< HEAD
dv: 1"
do
	export bad
	test_expect_success "a pointer that is not one: $(printf %s "$bad" | tr '\n' ' ' | cut -c1-40)" '
		cd repo && cp d.dv ../d.dv && printf "%s\n" "$bad" >d.dv && cp d.dv ../bad.dv &&
		test_must_fail dv checkout 2>err && grep "d.dv" err && test_must_fail dv push 2>err && cmp d ../d.good &&
		dv status >out && grep "d.dv" out && cmp d.dv ../bad.dv && cp ../d.dv d.dv
	'
done

test_expect_success 'no remote configured: the hint is dv remote add' '
	cd repo && test_must_fail dv push 2>err && grep "dv remote add" err && test_must_fail dv push -r nowhere 2>err && grep nowhere err
'

test_expect_success 'an unreachable host is named' '
	cd repo && dv remote add far http://127.0.0.1:9/x && dv config --local remote.far.connecttimeout 1 &&
	test_must_fail dv push -r far 2>err && cat err && grep "127.0.0.1:9" err
'

test_expect_success 'a secret in the committed file is refused with the command that is right' '
	cd repo && test_must_fail dv config remote.far.password hunter2 2>err && cat err && grep -e "--local" err && ! grep hunter2 .dvconfig &&
	test_must_fail dv remote add sec https://user:hunter2@example.com/x 2>err && ! grep hunter2 .dvconfig &&
	test_must_fail dv config remote.far.secretaccesskey k 2>err && grep -e "--local" err
'

test_expect_success 'a setting dv does not know, with the nearest name' '
	cd repo && test_must_fail dv config core.remot x 2>err && cat err && grep "core.remote" err &&
	test_must_fail dv config remote.far.jobs x 2>err && cat err && grep "remote.far.jobs" err
'

# keep_writing <file> <flag> <pipe>: appends for as long as the flag is there;
# says into the pipe that it has begun
keep_writing () {
	echo more >>"$1"
	echo begun >"$3"
	while test -e "$2"
	do
		echo more
	done >>"$1"
}

test_expect_success 'a file that keeps changing while it is added' '
	cd repo && random_bytes 30000000 3 >grow && : >../writing && mkfifo ../begun &&
	{ keep_writing grow ../writing ../begun & } && writer=$! && read -r word <../begun && test "$word" = begun &&
	{ test_must_fail dv add grow 2>../err; ok=$?; rm ../writing; wait $writer; rm grow; } &&
	test $ok -eq 0 && cat ../err && grep "grow" ../err && test ! -e grow.dv
'

test_expect_success 'a file without read permission is named, nothing is changed' '
	if test "$(id -u)" = 0; then echo "root reads everything"; else
	cd repo && mkdir dir && echo a >dir/a && echo b >dir/b && chmod 0 dir/b && test_must_fail dv add dir 2>err && grep "dir/b" err &&
	test ! -e dir.dv && ! grep dir .gitignore; fi
'

# The reader of a pipe waits for its line, or for its writer to end without one.
test_expect_success 'the lock: status works, add waits and says who holds it' '
	cd repo && dv add -q d && mkfifo ../held ../go ../said && echo e >e &&
	{ timeout 60 flock .git/dv/lock sh -c "echo held >../held; read -r word <../go" & } &&
	read -r word <../held && test "$word" = held && dv status &&
	{ timeout 60 dv add e >../out 2>../said & } && adder=$! && { read -r line; test ! -e e.dv && echo go >../go; cat; } <../said &&
	echo "$line" && echo "$line" | grep "waiting for process .* add" && wait $adder && test -e e.dv && grep "^e: 1 file" ../out
'

test_expect_success 'modified and new files of the user are kept by checkout' '
	cd repo && mkdir t && echo 1 >t/a && echo 1 >t/b && dv add -q t && git add -A && git commit -qm t && echo 2 >t/a && dv add -q t &&
	git commit -qam t2 && git checkout -q HEAD~1 -- t.dv && echo mine >t/a && echo new >t/c && test_must_fail dv checkout 2>err &&
	cat err && grep "t/a" err && grep mine t/a && grep new t/c && dv checkout -f && grep 1 t/a && git checkout -q HEAD -- t.dv
'

test_done
