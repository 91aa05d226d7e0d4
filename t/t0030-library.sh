#!/bin/sh

test_description='libdv as another program sees it'

. "${0%/*}/test-lib.sh"

top=$TEST_DIR/..
sanitize=
if nm -D "$DV_BUILD/libdv.so" | grep -q __asan
then
	sanitize=-fsanitize=address,undefined
fi

test_expect_success 'the shared library shows dv_* and nothing else' '
	nm -D --defined-only "$DV_BUILD/libdv.so" | awk "{ print \$3 }" | sed "s/@.*//" |
		grep -v "^LIBDV_\|^__asan\|^__ubsan\|^__odr_asan" >names &&
	test -s names && ! grep -v "^dv_" names
'

test_expect_success 'every function of the public headers is there' '
	cat "$top"/include/dv/*.h | tr "\n" " " | grep -o "dv_[a-z0-9_]*(" | tr -d "(" | sort -u >declared &&
	grep -v "_cb\$\|^dv_id_equal\$\|^dv_id_compare\$" declared >functions &&
	while read -r name
	do
		grep -qx "$name" names || { echo "$name"; return 1; }
	done <functions
'

test_expect_success 'a program builds against it' '
	cat >user.c <<-\EOF &&
	#include <stdio.h>
	#include <dv/error.h>
	#include <dv/repo.h>
	#include <dv/work.h>

	static int show(const struct dv_add_result *r, void *data)
	{
		(void)data;
		printf("%s %llu\n", r->path, (unsigned long long)r->size);
		return 0;
	}

	int main(void)
	{
		struct dv_add_options options = { 0 };
		const char *paths[] = { "d" };
		struct dv_repo *repo;

		if (dv_repo_open(".", &repo) ||
		    dv_add(repo, paths, 1, &options, show, NULL)) {
			fprintf(stderr, "%s\n", dv_error_text());
			return 1;
		}
		dv_repo_close(repo);
		return 0;
	}
	EOF
	cc -std=c11 $sanitize -I"$top/include" -o user user.c -L"$DV_BUILD" -ldv -Wl,-rpath,"$DV_BUILD"
'

test_expect_success 'and works' '
	make_repo repo && cd repo && echo 12345 >d && ../user >out && test "$(cat out)" = "d 6" && dv status --porcelain
'

test_expect_success 'dv.pc says how to link' '
	grep -q "^Name: " "$DV_BUILD/dv.pc" && grep -q "^Libs: .*-ldv" "$DV_BUILD/dv.pc"
'

test_done
