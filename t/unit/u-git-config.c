/* Reading git's configuration, held against what git itself reads. */

#include "git_world.h"

#include "git/config.h"

static const char sample[] =
	"\xef\xbb\xbf# a comment ; with # all\n"
	"[core]\n"
	"\tbare = false ; no\n"
	"\tEditor=vi\\\n"
	" -x  # to be continued\n"
	"[Remote \"Some \\\"One\\\\ x\"] url = \"a # b\"  c   \n"
	"  Push\n"
	"[old.Style.Section]\n"
	"a-b2 = \"x\\ty\\nz\"\" \"w\r\n"
	"empty =\n"
	"\t quoted = \"  keep  \"  \n"
	"[core] again = yes ; same section\n"
	"[branch \"f/\xc3\xa9.lock\"]\n"
	"merge = refs/heads/x\n"
	"tail = no line end";

static void list(const struct config *c, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < c->count; i++) {
		buf_addstr(out, c->entries[i].name);
		if (c->entries[i].value)
			buf_addf(out, "\n%s", c->entries[i].value);
		buf_addch(out, 0);
	}
}

static void assert_as_git(const char *file, bool includes)
{
	DV_AUTO_BUF struct buf ours = BUF_INIT;
	DV_AUTO_BUF struct buf gits = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct config_context at = { NULL, "main" };
	DV_AUTO_BUF struct buf git_dir = BUF_INIT;
	struct config c = { 0 };

	buf_addf(&path, "%s/%s", world, file);
	buf_addf(&git_dir, "%s/repo/.git", world);
	at.git_dir = git_dir.data;
	if (config_read(&c, DV_CONFIG_LOCAL, path.data,
			includes ? CONFIG_INCLUDES : 0, &at))
		fail_msg("%s", dv_error_text());
	list(&c, &ours);
	output_of(&gits, "git -C repo config -z --file %s %s --list",
		  path.data, includes ? "--includes" : "--no-includes");
	if (ours.len != gits.len || memcmp(ours.data, gits.data, ours.len)) {
		for (size_t i = 0; i < ours.len; i++)
			if (!ours.data[i])
				ours.data[i] = '|';
		for (size_t i = 0; i < gits.len; i++)
			if (!gits.data[i])
				gits.data[i] = '|';
		fail_msg("ours:\n%s\ngit's:\n%s", ours.data, gits.data);
	}
	config_release(&c);
}

static void every_form_is_read_as_git_reads_it(void **state)
{
	(void)state;
	sh("git init -q repo");
	put("sample", sample);
	assert_as_git("sample", false);
	sh("git config -f written a.b.c '  x \" \\ ; # y ' && "
	   "git config -f written --add a.b.c \"$(printf 'l1\\nl2\\tz')\"");
	assert_as_git("written", false);
}

static void broken_files_are_refused_where_git_refuses(void **state)
{
	static const struct {
		const char *text, *where;
	} bad[] = {
		{ "[core\n", "line 1 " }, { "[a]\nb = \"x\n", "line 2 " },
		{ "[a]\n\nb = \\q\n", "line 3 " }, { "=\n", "line 1 " },
		{ "[a \"b\nc\"]\n", "line 1 " }, { "[a]\n1b = c\n", "line 2 " },
		{ "[]\n", "line 1 " }, { "[a]\nb c\n", "line 2 " },
		{ "[a]\nb = c\n<<<<<<< HEAD\n", "line 3 " },
		{ "[a \"x\" ]\n", "line 1 " }, { "[", "line 1 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;
		struct config c = { 0 };

		put("bad", bad[i].text);
		buf_addf(&path, "%s/bad", world);
		assert_error(DV_E_INVALID,
			     config_read(&c, DV_CONFIG_LOCAL, path.data, 0,
					 NULL), bad[i].where);
		config_release(&c);
		sh("! git config -f bad --list");
	}
}

static void includes_and_their_conditions_hold_as_in_git(void **state)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	(void)state;
	sh("mkdir -p sub && git -C repo symbolic-ref HEAD refs/heads/main");
	put("sub/one", "[x]\n one = 1\n[include]\n path = two\n");
	put("sub/two", "[x]\n two = 2\n");
	put("home/three", "[x]\n three = 3\n");
	buf_addf(&text,
		 "[include]\n path = sub/one\n path = not-there\n"
		 "[include]\n path = ~/three\n"
		 "[includeIf \"gitdir:%s/repo/\"]\n path = sub/two\n"
		 "[includeIf \"gitdir:repo/.git\"]\n path = sub/two\n"
		 "[includeIf \"gitdir:REPO/\"]\n path = sub/one\n"
		 "[includeIf \"gitdir/i:REPO/\"]\n path = sub/two\n"
		 "[includeIf \"gitdir:./re*/\"]\n path = home/three\n"
		 "[includeIf \"gitdir:~/\"]\n path = sub/one\n"
		 "[includeIf \"gitdir:~/../repo/.git\"]\n path = sub/one\n"
		 "[includeIf \"onbranch:ma*\"]\n path = sub/two\n"
		 "[includeIf \"onbranch:other\"]\n path = sub/one\n"
		 "[includeIf \"unknown:x\"]\n path = sub/one\n", world);
	put("with", text.data);
	assert_as_git("with", true);
	assert_as_git("with", false);
	put("loop", "[include]\n path = loop\n");
	buf_clear(&text);
	buf_addf(&text, "%s/loop", world);
	{
		struct config c = { 0 };

		assert_error(DV_E_INVALID,
			     config_read(&c, DV_CONFIG_LOCAL, text.data,
					 CONFIG_INCLUDES, NULL),
			     "too many includes");
		config_release(&c);
	}
}

static void words_for_yes_and_no_are_gits(void **state)
{
	(void)state;
	assert_int_equal(config_truth(NULL), 1);
	assert_int_equal(config_truth("YES"), 1);
	assert_int_equal(config_truth("on"), 1);
	assert_int_equal(config_truth("2"), 1);
	assert_int_equal(config_truth(""), 0);
	assert_int_equal(config_truth("Off"), 0);
	assert_int_equal(config_truth("0"), 0);
	assert_int_equal(config_truth("maybe"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read_as_git_reads_it),
		cmocka_unit_test(broken_files_are_refused_where_git_refuses),
		cmocka_unit_test(includes_and_their_conditions_hold_as_in_git),
		cmocka_unit_test(words_for_yes_and_no_are_gits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
