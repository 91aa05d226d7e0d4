#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/path.h"

static void arguments_are_resolved_inside_the_tree(void **state)
{
	static const struct {
		const char *prefix, *arg, *expect;
	} cases[] = {
		{ "", "data", "data" },
		{ "", "./data/", "data" },
		{ "", ".", "" },
		{ "a/b", ".", "a/b" },
		{ "a/b", "..", "a" },
		{ "a/b", "../..", "" },
		{ "a/b", "../c//d/./e", "a/c/d/e" },
		{ "a", "x/../../y", "y" },
		{ "", "../tree/data", "data" },
		{ "a", "/top/tree/data", "data" },
		{ "a", "/top/tree", "" },
		{ "a", "//top/./tree/b/../data/", "data" },
		{ "", "...", "..." },
		{ "", "..a", "..a" },
		{ "", "-x", "-x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		DV_AUTO_BUF struct buf out = BUF_INIT;

		buf_addstr(&out, "old");
		assert_int_equal(path_inside("/top/tree", cases[i].prefix,
					     cases[i].arg, &out), 0);
		assert_string_equal(out.data, cases[i].expect);
	}
}

static void nothing_escapes_the_tree(void **state)
{
	static const char *const args[] = {
		"..", "../../..", "a/../..", "../tree2/x", "../tre", "/",
		"/top", "/top/treefrog", "/etc/passwd", "/top/tree/../x",
		"../../../../../../../../etc/passwd", "",
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++) {
		assert_int_equal(path_inside("/top/tree", "", args[i], &out),
				 DV_E_INVALID);
		assert_non_null(strstr(dv_error_text(), *args[i] ? args[i] :
				       "an empty path"));
	}
}

static void the_root_can_be_a_tree(void **state)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(path_inside("/", "a", "../../../b", &out), 0);
	assert_string_equal(out.data, "b");
}

static void bad_names_are_refused(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "a/b", "/", "/a", "a/", ".git", ".GIT", ".gIt",
	};
	static const char *const good[] = {
		"a", "...", ".a", "..a", ".gitignore", ".git2", "git", "a b",
		"\xff\xfe", "-", "~", "a\\b", "nul\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(path_name_ok(bad[i], strlen(bad[i])));
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(path_name_ok(good[i], strlen(good[i])));
	assert_false(path_name_ok("a\0b", 3));
	assert_false(path_name_ok("\0", 1));
}

static void bad_components_are_refused_anywhere(void **state)
{
	static const char *const bad[] = {
		"/", "/a", "a/", "a//b", "./a", "a/.", "a/../b", "..",
		"a/..", ".git/config", "a/.GIT/hooks", "a/.Git",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(path_relative_ok(bad[i]));
	assert_true(path_relative_ok(""));
	assert_true(path_relative_ok("a"));
	assert_true(path_relative_ok("a/b/.../c.git"));
}

static void parts_of_paths(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(path_below("a/b/c", "a/b"), "c");
	assert_string_equal(path_below("a/b", "a/b"), "");
	assert_string_equal(path_below("a/b", ""), "a/b");
	assert_null(path_below("a/bc", "a/b"));
	assert_null(path_below("a", "a/b"));
	assert_string_equal(path_name("a/b"), "b");
	assert_string_equal(path_name("b"), "b");
	assert_int_equal(path_parent_len("a/b/c"), 3);
	assert_int_equal(path_parent_len("c"), 0);
	path_append(&b, "a");
	path_append(&b, "b");
	assert_string_equal(b.data, "a/b");
	path_join(&b, "x/y", "z");
	assert_string_equal(b.data, "x/y/z");
	path_join(&b, "x", "");
	assert_string_equal(b.data, "x");
	path_join(&b, "", "z");
	assert_string_equal(b.data, "z");
}

static void what_a_terminal_could_misread_is_escaped(void **state)
{
	static const struct {
		const char *path, *expect;
	} cases[] = {
		{ "plain name", "plain name" },
		{ "", "" },
		{ "gr\xc3\xb6\xc3\x9f" "e/\xe6\xbc\xa2\xf0\x9f\x98\x80",
		  "gr\xc3\xb6\xc3\x9f" "e/\xe6\xbc\xa2\xf0\x9f\x98\x80" },
		{ "a\tb\nc", "\"a\\tb\\nc\"" },
		{ "say \"hi\"", "\"say \\\"hi\\\"\"" },
		{ "back\\slash", "\"back\\\\slash\"" },
		{ "\x1b[31m\x7f", "\"\\033[31m\\177\"" },
		{ "\xff", "\"\\377\"" },
		{ "cut \xe6\xbc", "\"cut \\346\\274\"" },
		{ "overlong \xc0\xaf", "\"overlong \\300\\257\"" },
		{ "surrogate \xed\xa0\x80", "\"surrogate \\355\\240\\200\"" },
		{ "far \xf4\x90\x80\x80", "\"far \\364\\220\\200\\200\"" },
		{ "csi \xc2\x9b" "2J", "\"csi \\302\\2332J\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		DV_AUTO_BUF struct buf out = BUF_INIT;

		buf_addstr(&out, "> ");
		path_quote(cases[i].path, &out);
		assert_memory_equal(out.data, "> ", 2);
		assert_string_equal(out.data + 2, cases[i].expect);
	}
}

static void words_are_typed_as_the_shell_reads_them(void **state)
{
	static const struct { const char *path, *expect; } cases[] = {
		{ "data/a-1_b.c", "data/a-1_b.c" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "a b", "'a b'" },
		{ "it's", "'it'\\''s'" },
		{ "a\\b\"c", "'a\\b\"c'" },
		{ "-n", "./-n" },
		{ ":x", "./:x" },
		{ "a\nb'\\", "$'a\\nb\\'\\\\'" },
		{ "\xff" "1", "$'\\3771'" },
		{ "", "''" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		DV_AUTO_BUF struct buf out = BUF_INIT;

		path_word(cases[i].path, &out);
		assert_string_equal(out.data, cases[i].expect);
	}
}

static void paths_are_typed_from_a_folder(void **state)
{
	static const struct { const char *prefix, *path, *expect; } cases[] = {
		{ "", "a/b", "a/b" },
		{ "a", "a/b", "b" },
		{ "a", "ab/c", "../ab/c" },
		{ "a/b", "a/c", "../c" },
		{ "a/b", "a", ".." },
		{ "a", "a", "." },
		{ "", "/a/b", "/a/b" },
		{ "a", "/a/b", "/a/b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		DV_AUTO_BUF struct buf out = BUF_INIT;

		path_typed(cases[i].prefix, cases[i].path, &out);
		assert_string_equal(out.data, cases[i].expect);
	}
}

static void dots_are_resolved_as_text(void **state)
{
	static const struct { const char *path, *expect; } cases[] = {
		{ "", "" }, { "a", "a" }, { "./a//b/.", "a/b" },
		{ "a/../b", "b" }, { "a/..", "" }, { "../x", "../x" },
		{ "a/../../x/../..", "../.." }, { "../../a/../b", "../../b" },
		{ ".dvc/../../../r", "../../r" }, { "..a/b..", "..a/b.." },
		{ "/a/../../b/", "/b" }, { "/..", "/" }, { "/", "/" },
		{ "/a/b/..", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		DV_AUTO_BUF struct buf out = BUF_INIT;

		path_plain(cases[i].path, &out);
		assert_string_equal(out.data, cases[i].expect);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dots_are_resolved_as_text),
		cmocka_unit_test(arguments_are_resolved_inside_the_tree),
		cmocka_unit_test(nothing_escapes_the_tree),
		cmocka_unit_test(the_root_can_be_a_tree),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(bad_components_are_refused_anywhere),
		cmocka_unit_test(parts_of_paths),
		cmocka_unit_test(what_a_terminal_could_misread_is_escaped),
		cmocka_unit_test(words_are_typed_as_the_shell_reads_them),
		cmocka_unit_test(paths_are_typed_from_a_folder),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
