#!/bin/sh

test_description='moving in from a DVC repository that somebody has prepared'

. "${0%/*}/test-lib.sh"

new_dvc () {
	git init -q "$1" && mkdir "$1/.dvc" && : >"$1/.dvc/config"
}

# listing <json>: puts it into the cache and prints its id
listing () {
	printf '%s' "$1" >"$SCRATCH/json" && id=$(md5sum <"$SCRATCH/json" | cut -c1-32) &&
	d=.dvc/cache/files/md5/$(echo $id | cut -c1-2) && mkdir -p $d &&
	cp "$SCRATCH/json" $d/$(echo $id | cut -c3-).dir && echo $id.dir
}

one () {
	printf '{"md5": "60b725f10c9c85c70d97880dfe8191b3", "relpath": "%s"}' "$1"
}

test_expect_success 'paths in a listing that lead out of the directory' '
	new_dvc lists && cd lists && mkdir -p .dvc/cache/files/md5/60 &&
	echo a >.dvc/cache/files/md5/60/b725f10c9c85c70d97880dfe8191b3 &&
	for bad in ../x a/../../x /etc/x a//b a/ "" . ./a .git/hooks/x sub/.GIT/x "a\\u0000b"
	do
		id=$(listing "[$(one "$bad")]") && printf "outs:\n- md5: $id\n  hash: md5\n  path: d\n" >d.dvc &&
		test_exit_code 1 dv migrate --from-dvc 2>../err && grep "^left: d: " ../err && test ! -e d.dv || { echo "$bad"; return 1; }
	done
'

test_expect_success 'the same path twice; a file where a folder is; what is no listing' '
	cd lists &&
	for json in "[$(one a), $(one a)]" "[$(one a), $(one a/b)]" "[$(one a)" "{}" "[1]" "[{}]" "[{\"relpath\": \"a\"}]" "[$(one a)] x"
	do
		id=$(listing "$json") && printf "outs:\n- md5: $id\n  hash: md5\n  path: d\n" >d.dvc &&
		test_exit_code 1 dv migrate --from-dvc 2>../err && grep "^left: d: " ../err && test ! -e d.dv || { echo "$json"; return 1; }
	done &&
	id=$(listing "[$(one a-b), $(one a/b), $(one a.b)]") && printf "outs:\n- md5: $id\n  hash: md5\n  path: d\n" >d.dvc &&
	dv migrate --from-dvc -q && dv checkout -q && test "$(cat d/a/b)" = a && test "$(ls d)" = "$(printf "a\na-b\na.b")"
'

test_expect_success '.dvc files that name what is not theirs, or are none' '
	new_dvc files && cd files && echo a >victim && git add victim && git commit -qm v && mkdir -p .dvc/cache/files/md5/60 && mkdir sub &&
	cp victim .dvc/cache/files/md5/60/b725f10c9c85c70d97880dfe8191b3 && ln -s /tmp link &&
	for path in ../outside ../../x .git/config sub/../.git/config victim .gitignore link/x s3://b/x . /etc/passwd
	do
		printf "outs:\n- md5: 60b725f10c9c85c70d97880dfe8191b3\n  hash: md5\n  path: %s\n" "$path" >x.dvc &&
		test_exit_code 1 dv migrate --from-dvc >../out 2>../err && grep "^left: " ../err && test -z "$(find . .. -maxdepth 1 -name "*.dv")" || { echo "$path"; return 1; }
	done && test ! -e /tmp/x.dv && grep "^left: /etc/passwd: " ../err &&
	for text in "" "[" "a: [b" "outs: 3" "outs: {}" "\n- x" "outs:\n- path: y\n" "outs:\n- md5: zz\n  path: y\n" "outs:\n- &a [*a]\n" "\377\376"
	do
		printf "$text" >x.dvc && dv migrate --from-dvc >../out 2>../err; test $? -le 1 && test ! -e y.dv || { echo "$text"; return 1; }
	done
'

test_expect_success 'settings that are damaged are named' '
	cd files && printf "[core\nno setting\n" >.dvc/config && rm x.dvc && printf "outs:\n- md5: 60b725f10c9c85c70d97880dfe8191b3\n  path: q\n" >q.dvc &&
	test_exit_code 1 dv migrate --from-dvc 2>../err && grep "error: .*\.dvc/config: not a setting of DVC" ../err && test ! -e q.dv
'

test_done
