/* Patterns and rules, held against what the real git says. */

#include "git_world.h"

#include "git/pattern.h"
#include "git/rules.h"

static const struct {
	const char *pattern, *text;
	bool match;
} cases[] = {
	{ "foo", "foo", true }, { "foo", "bar", false },
	{ "", "", true }, { "???", "foo", true }, { "??", "foo", false },
	{ "*", "foo", true }, { "f*", "foo", true }, { "*f", "foo", false },
	{ "*ob*a*r*", "foobar", true }, { "*ab", "aaaaaaabababab", true },
	{ "foo\\*", "foo*", true }, { "foo\\*bar", "foobar", false },
	{ "*[al]?", "ball", true }, { "[ten]", "ten", false },
	{ "**[!te]", "ten", true }, { "t[a-g]n", "ten", true },
	{ "t[!a-g]n", "ton", true }, { "t[^a-g]n", "ten", false },
	{ "a[]]b", "a]b", true }, { "a[]-]b", "a-b", true },
	{ "a[\\]]b", "a]b", true }, { "[[:alpha:]][[:digit:]]", "a1", true },
	{ "[[:foo:]]", "f", false }, { "[", "[", false }, { "\\", "\\", false },
	{ "foo*bar", "foo/baz/bar", false },
	{ "foo**bar", "foo/baz/bar", false },
	{ "foo/**/bar", "foo/baz/x/bar", true },
	{ "foo/**/bar", "foo/bar", true }, { "foo/*/bar", "foo/bar", false },
	{ "**/foo", "foo", true }, { "**/foo", "a/b/foo", true },
	{ "**/foo", "afoo", false }, { "foo/**", "foo/a/b", true },
	{ "foo/**", "foo", false }, { "**/bar/*", "deep/foo/bar/baz", true },
	{ "**/bar/*", "deep/foo/bar", false },
	{ "**/bar/**", "deep/foo/bar/baz/", true },
	{ "*/bar/**", "deep/foo/bar/baz/x", false },
	{ "**/a*/**/b*c", "x/a1/y/z/bxc", true },
	{ "**/a*/**/b*c", "x/a1/y/z/bxd", false },
	{ "foo?bar", "foo/bar", false }, { "foo[/]bar", "foo/bar", false },
	{ "f[^eiu][^eiu][^eiu][^eiu][^eiu]r", "foo/bba", false },
	{ "-*-*-*-*-*-*-12-*-*-*-m-*-*-*",
	  "-adobe-courier-bold-o-normal--12-120-75-75-m-70-iso8859-1", true },
	{ "*X*i", "ab/cXd/efXg/hi", false },
	{ "*/*X*/*/*i", "ab/cXd/efXg/hi", true },
	{ "**/*X*/**/*i", "ab/cXd/efXg/hi", true },
};

static void patterns_match_as_gits_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (pattern_match(cases[i].pattern, cases[i].text, false) !=
		    cases[i].match)
			fail_msg("'%s' and '%s'", cases[i].pattern,
				 cases[i].text);
	assert_true(pattern_match("FOO[A-C]", "foob", true));
	assert_true(pattern_match("[[:upper:]]", "a", true));
	assert_false(pattern_match("FOO", "foo", false));
}

static void a_hostile_pattern_ends_soon(void **state)
{
	char text[2001], pattern[1001];

	(void)state;
	memset(text, 'a', 2000);
	text[2000] = 0;
	for (int i = 0; i < 1000; i += 2)
		memcpy(pattern + i, "a*", 2);
	pattern[999] = 'b';
	pattern[1000] = 0;
	assert_false(pattern_match(pattern, text, false));
	for (int i = 0; i < 1998; i += 2)
		memcpy(text + i, "a/", 2);
	for (int i = 0; i < 999; i += 3)
		memcpy(pattern + i, "**/", 3);
	pattern[999] = 'b';
	assert_false(pattern_match(pattern, text, false));
}

/* Names and rules drawn from few parts, so that they meet. */
static unsigned seed = 4711;

static unsigned draw(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void random_rules(struct buf *out)
{
	static const char *const parts[] = {
		"a", "b", "*", "?", "**", "/", "/", "a*", "*b", "[ab]", "!",
		"\\", "ab", ".x", " ", "#",
	};

	buf_clear(out);
	for (unsigned line = draw(5) + 1; line; line--) {
		if (!draw(4))
			buf_addch(out, '!');
		for (unsigned n = draw(5) + 1; n; n--) {
			const char *part = parts[draw(16)];
			char last = out->len ? out->data[out->len - 1] : '\n';

			/* before 2.41 git could not tell "a**" from two
			   asterisks of their own */
			if (*part == '*' && (last == '*' ||
					     (part[1] == '*' &&
					      !strchr("/\n!", last))))
				continue;
			buf_addstr(out, part);
		}
		if (!draw(4))
			buf_addch(out, '/');
		buf_addstr(out, draw(8) ? "\n" : "\r\n");
	}
}

struct entry {
	const char *path;
	bool directory;
};

static const struct entry entries[] = {
	{ "a", true }, { "a/a", true }, { "a/a/b", false },
	{ "a/b", false }, { "a/ab", true }, { "a/ab/a", false },
	{ "a/ab/b.x", false }, { "b", true }, { "b/a", false },
	{ "b/b", true }, { "b/b/a", true }, { "b/b/a/b", false },
	{ "ab", false }, { "b.x", false }, { "a.x", false }, { "#a", false },
	{ "a b", false }, { "ba", true }, { "ba/a", false },
};

#define ENTRIES	(sizeof(entries) / sizeof(*entries))

static void ask_git(struct buf *out)
{
	DV_AUTO_BUF struct buf list = BUF_INIT;

	for (size_t i = 0; i < ENTRIES; i++) {
		buf_addf(&list, "%s\n", entries[i].path);
	}
	put("paths", list.data);
	output_of(out, "git -C rules check-ignore --no-index --stdin <paths");
}

static bool listed(const struct buf *list, const char *path)
{
	for (const char *at = list->data; *at; ) {
		size_t n = strcspn(at, "\n");
		const char *name = at;
		size_t len = n;

		if (len && *name == '"') {	/* as git quotes it */
			name++;
			len -= 2;
		}
		if (strlen(path) == len && !memcmp(path, name, len))
			return true;
		at += n + (at[n] == '\n');
	}
	return false;
}

static void rules_say_what_git_says(void **state)
{
	DV_AUTO_BUF struct buf top = BUF_INIT;
	DV_AUTO_BUF struct buf below = BUF_INIT;
	DV_AUTO_BUF struct buf answer = BUF_INIT;

	(void)state;
	sh("git init -q rules");
	for (size_t i = 0; i < ENTRIES; i++)
		sh("%s 'rules/%s'", entries[i].directory ? "mkdir" : "touch",
		   entries[i].path);
	for (int round = 0; round < 300; round++) {
		struct rules r = { 0 };

		random_rules(&top);
		random_rules(&below);
		put("rules/.gitignore", top.data);
		put("rules/a/.gitignore", below.data);
		rules_add(&r, "", top.data, top.len);
		rules_add(&r, "a", below.data, below.len);
		ask_git(&answer);
		for (size_t i = 0; i < ENTRIES; i++)
			if (rules_match(&r, entries[i].path,
					entries[i].directory) !=
			    listed(&answer, entries[i].path))
				fail_msg("%s, git says %d, rules:\n%s--\n%s",
					 entries[i].path,
					 listed(&answer, entries[i].path),
					 top.data, below.data);
		rules_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_as_gits_do),
		cmocka_unit_test(a_hostile_pattern_ends_soon),
		cmocka_unit_test(rules_say_what_git_says),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
