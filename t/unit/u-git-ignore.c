/* .gitignore lines we write, and .dvignore rules we keep. */

#include <pthread.h>
#include <sys/stat.h>

#include "one_repo.h"

#include "git/repo.h"

static const char *add(const char *path)
{
	static char text[256];
	DV_AUTO_BUF struct buf changed = BUF_INIT;

	if (repo_gitignore_add(repo, path, &changed))
		fail_msg("%s: %s", path, dv_error_text());
	snprintf(text, sizeof(text), "%s", changed.data);
	return text;
}

static const char *take_out(const char *path)
{
	static char text[256];
	DV_AUTO_BUF struct buf changed = BUF_INIT;

	if (repo_gitignore_remove(repo, path, &changed))
		fail_msg("%s: %s", path, dv_error_text());
	snprintf(text, sizeof(text), "%s", changed.data);
	return text;
}

static bool git_ignores(const char *path)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	DV_AUTO_BUF struct buf list = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addf(&full, "%s/paths", world);
	assert_int_equal(file_replace(full.data, path, strlen(path) + 1,
				      NEWFILE_NOSYNC), 0);
	output_of(&out, "git -C r check-ignore --no-index -z --stdin "
		  "<paths");
	return out.len > 0;
}

static void odd_names_are_ignored_and_no_others(void **state)
{
	static const char *const names[] = {
		"plain", "#hash", "!bang", "sp ace", "trail ", "two  ", " ",
		"a*b", "q?q", "br[ack]et", "back\\slash", "end\\", "tab\t",
		"new\nline", "cr\rin", "cr\r", "\r", "\n", "-dash", "ü",
		"\xff\xfe", "a]b", "**", "x\\*", "..x", ".hidden",
		"quote\"'", "sl\\ ", "{a,b}", "~", "$HOME",
	};
	static const char *const others[] = {
		"aXb", "qqq", "bra", "brc", "backslash", "trail", "two ",
		"hash", "bang", "axb", "x", "xy", "sub",
	};

	(void)state;
	for (int deep = 0; deep < 2; deep++) {
		const char *dir = deep ? "sub/dir/" : "";

		sh("mkdir -p r/%s", dir);
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			DV_AUTO_BUF struct buf path = BUF_INIT;
			DV_AUTO_BUF struct buf below = BUF_INIT;

			buf_addf(&path, "%s%s", dir, names[i]);
			assert_false(git_ignores(path.data));
			assert_string_equal(add(path.data), deep ?
					    "sub/dir/.gitignore" :
					    ".gitignore");
			if (!git_ignores(path.data))
				fail_msg("'%s' is not ignored", path.data);
			assert_string_equal(add(path.data), "");
			buf_addf(&below, "%selse/%s", dir, names[i]);
			if (git_ignores(below.data))
				fail_msg("'%s' is ignored", below.data);
			for (size_t k = 0; k < sizeof(others) /
			     sizeof(*others); k++) {
				buf_clear(&below);
				buf_addf(&below, "%s%s", dir, others[k]);
				if (git_ignores(below.data))
					fail_msg("'%s' is ignored for '%s'",
						 below.data, names[i]);
			}
			assert_string_equal(take_out(path.data), deep ?
					    "sub/dir/.gitignore" :
					    ".gitignore");
			sh("test ! -e r/%s.gitignore", dir);
		}
	}
}

static void line_ends_are_kept(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{ "", "/d\n" },
		{ "x\n", "x\n/d\n" },
		{ "x", "x\n/d" },
		{ "x\r\ny\r\n", "x\r\ny\r\n/d\r\n" },
		{ "x\r\ny", "x\r\ny\r\n/d" },
		{ "# d\n!e\n\n", "# d\n!e\n\n/d\n" },
		{ "\xef\xbb\xbfx\n", "\xef\xbb\xbfx\n/d\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put("r/.gitignore", cases[i].before);
		assert_string_equal(add("d"), ".gitignore");
		assert_holds("r/.gitignore", cases[i].after);
		assert_true(git_ignores("d"));
		assert_string_equal(take_out("d"), ".gitignore");
		if (*cases[i].before)
			assert_holds("r/.gitignore", cases[i].before);
		assert_string_equal(take_out("d"), "");
	}
	put("r/.gitignore", "a\n/d\nb\r\n/d\r\nc");
	take_out("d");
	assert_holds("r/.gitignore", "a\nb\r\nc");
}

static void what_git_ignores_already_needs_no_line(void **state)
{
	(void)state;
	sh("mkdir -p r/in/dir r/.git/info");
	put("r/.gitignore", "*.bin\nin/d?r/\n");
	assert_string_equal(add("x.bin"), "");
	assert_string_equal(add("in/dir"), "");
	assert_string_equal(add("in/dir/deep"), "");
	put("r/in/.gitignore", "!x.bin\n");
	assert_string_equal(add("in/x.bin"), "in/.gitignore");
	assert_true(git_ignores("in/x.bin"));
	put("r/.git/info/exclude", "excluded\n");
	assert_string_equal(add("excluded"), "");
	put("home/.config/git/ignore", "mine\n");
	assert_string_equal(add("mine"), "");
	put("home/other", "theirs\n");
	sh("git config --global core.excludesFile '~/other'");
	dv_repo_close(repo);
	repo = must_open("r");
	assert_string_equal(add("theirs"), "");
	assert_string_equal(add("mine"), ".gitignore");
	sh("git config --global --unset core.excludesFile");
	/* ours, and taken back by somebody after it */
	put("r/.gitignore", "/data\n!/data\n");
	assert_string_equal(add("data"), "");
	assert_holds("r/.gitignore", "/data\n!/data\n");
}

static void many_are_added_at_once(void **state)
{
	DV_AUTO_BUF struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;
	struct gitignore_item items[] = {
		{ "in/a", &a }, { "in/x.bin", &b }, { "in/c", &c },
	};

	(void)state;
	sh("mkdir -p r/in");
	put("r/.gitignore", "*.bin\n");
	put("r/in/.gitignore", "/c\n!/c\nopen");
	assert_int_equal(repo_gitignore_add_all(repo, items, 3, NULL), 0);
	assert_string_equal(a.data, "in/.gitignore");
	assert_string_equal(b.data, "");
	assert_string_equal(c.data, "");
	assert_holds("r/in/.gitignore", "/c\n!/c\nopen\n/a");
	assert_int_equal(repo_gitignore_add_all(repo, items, 3, NULL), 0);
	assert_string_equal(a.data, "");
	/* what nobody needs to write is no error */
	sh("rm r/in/.gitignore && ln -s ../x r/in/.gitignore");
	assert_int_equal(repo_gitignore_add_all(repo, items + 1, 1, NULL), 0);
	assert_error(DV_E_INVALID, repo_gitignore_add_all(repo, items, 3, NULL),
		     "in/.gitignore is a symbolic link");
	assert_string_equal(a.data, "");
}

static void nothing_is_written_through_a_link(void **state)
{
	DV_AUTO_BUF struct buf changed = BUF_INIT;
	struct stat st;

	(void)state;
	sh("echo mine >target && ln -s ../target r/.gitignore && "
	   "mkdir outside && ln -s ../outside r/link");
	assert_error(DV_E_INVALID, repo_gitignore_add(repo, "d", &changed),
		     ".gitignore is a symbolic link");
	assert_holds("target", "mine\n");
	assert_int_equal(repo_gitignore_add(repo, "link/d", &changed),
			 DV_E_INVALID);
	assert_int_equal(repo_gitignore_remove(repo, "link/d", &changed),
			 DV_E_INVALID);
	sh("rmdir outside && rm r/.gitignore && echo x >r/.gitignore && "
	   "chmod 640 r/.gitignore");
	add("d");
	assert_int_equal(stat("r/.gitignore", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(repo_gitignore_add(repo, "", &changed),
			 DV_E_INVALID);
	assert_int_equal(repo_gitignore_add(repo, "../x", &changed),
			 DV_E_INVALID);
}

/* --- .dvignore --------------------------------------------------------- */

static struct ignore *load(const char *dir)
{
	struct ignore *i;

	assert_int_equal(ignore_new(repo, &i), 0);
	if (dir)
		assert_int_equal(ignore_load(i, dir), 0);
	return i;
}

static void rules_of_folders_come_as_they_are_entered(void **state)
{
	struct ignore *i;

	(void)state;
	put("r/.dvignore", "*.tmp\n/data/cache/\n!keep.tmp\n");
	put("r/data/.dvignore", "!b.tmp\nonly/here\n");
	i = load(NULL);
	assert_true(ignore_match(i, "data/b.tmp", false));
	assert_int_equal(ignore_load(i, "data"), 0);
	assert_int_equal(ignore_load(i, "data"), 0);
	assert_false(ignore_match(i, "data/b.tmp", false));
	assert_true(ignore_match(i, "data/a.tmp", false));
	assert_false(ignore_match(i, "data/x/keep.tmp", false));
	assert_true(ignore_match(i, "data/cache", true));
	assert_false(ignore_match(i, "data/cache", false));
	assert_true(ignore_match(i, "data/cache/keep.tmp", false));
	assert_true(ignore_match(i, "data/only/here", false));
	assert_false(ignore_match(i, "data/x/only/here", false));
	assert_int_equal(ignore_load(i, "data/none"), 0);
	ignore_free(i);
}

static void gits_own_folder_is_always_left_out(void **state)
{
	struct ignore *i = load(NULL);

	(void)state;
	assert_true(ignore_match(i, "data/.git", true));
	assert_true(ignore_match(i, ".GIT/x", false));
	assert_false(ignore_match(i, "data/.gitignore", false));
	assert_false(ignore_match(i, "data/x.git", true));
	ignore_free(i);
}

static void files_that_are_no_rules_are_not_taken(void **state)
{
	struct ignore *i;

	(void)state;
	sh("echo '*' >all && rm r/.dvignore && ln -s ../all r/.dvignore && "
	   "mkdir -p r/d/.dvignore r/e && mkfifo r/e/.dvignore");
	i = load("d");
	assert_int_equal(ignore_load(i, "e"), 0);
	assert_false(ignore_match(i, "x", false));
	ignore_free(i);
	sh("rm r/.dvignore && truncate -s 2M r/.dvignore");
	assert_error(DV_E_INVALID, ignore_new(repo, &i), "longer than");
	assert_null(i);
}

struct job {
	struct ignore *ignore;
	int number;
	bool wrong;
};

static void *scan(void *data)
{
	struct job *job = data;

	for (int round = 0; round < 200; round++) {
		char dir[32], path[64];

		snprintf(dir, sizeof(dir), "d%d", (round + job->number) % 50);
		if (ignore_load(job->ignore, dir))
			job->wrong = true;
		snprintf(path, sizeof(path), "%s/yes", dir);
		job->wrong |= !ignore_match(job->ignore, path, false);
		snprintf(path, sizeof(path), "%s/no", dir);
		job->wrong |= ignore_match(job->ignore, path, false);
	}
	return NULL;
}

static void many_threads_may_ask(void **state)
{
	struct job jobs[4];
	pthread_t threads[4];
	struct ignore *i;

	(void)state;
	for (int d = 0; d < 50; d++) {
		char path[64];

		snprintf(path, sizeof(path), "r/d%d/.dvignore", d);
		put(path, "y?s\n");
	}
	i = load(NULL);
	for (int n = 0; n < 4; n++) {
		jobs[n] = (struct job){ i, n * 7, false };
		assert_int_equal(pthread_create(&threads[n], NULL, scan,
						&jobs[n]), 0);
	}
	for (int n = 0; n < 4; n++) {
		pthread_join(threads[n], NULL);
		assert_false(jobs[n].wrong);
	}
	ignore_free(i);
}

#define WITH_REPO(name) \
	cmocka_unit_test_setup_teardown(name, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REPO(odd_names_are_ignored_and_no_others),
		WITH_REPO(line_ends_are_kept),
		WITH_REPO(what_git_ignores_already_needs_no_line),
		WITH_REPO(many_are_added_at_once),
		WITH_REPO(nothing_is_written_through_a_link),
		WITH_REPO(rules_of_folders_come_as_they_are_entered),
		WITH_REPO(gits_own_folder_is_always_left_out),
		WITH_REPO(files_that_are_no_rules_are_not_taken),
		WITH_REPO(many_threads_may_ask),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
