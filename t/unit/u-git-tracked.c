/* Which paths are tracked, and what selects them. */

#include "one_repo.h"

#include "base/error.h"
#include "git/private.h"
#include "git/repo.h"

static const char *chosen(const char *a, const char *b)
{
	const char *paths[] = { a, b };
	struct dv_selection what = {
		.paths = paths, .count = (a != NULL) + (b != NULL)
	};

	return selected(&what);
}

static void write_pointer(const char *path, enum dv_kind kind, char digit,
			  bool expect_changed)
{
	char hex[DV_ID_HEX + 1], rest[1] = "";
	struct dv_pointer p = { .kind = kind, .size = 7, .files = 1,
				.rest = rest };
	bool changed;

	memset(hex, digit, DV_ID_HEX);
	assert_int_equal(dv_id_from_hex(hex, &p.id), 0);
	if (tracked_write(repo, path, &p, &changed))
		fail_msg("%s", dv_error_text());
	assert_int_equal(changed, expect_changed);
}

static void some_pointers(void)
{
	put_pointer("r/data.dv", DV_KIND_TREE, '1');
	put_pointer("r/model.bin.dv", DV_KIND_FILE, '2');
	put_pointer("r/sub/set.dv", DV_KIND_TREE, '3');
	put_pointer("r/sub/deep/x.dv", DV_KIND_FILE, '4');
	put_pointer("r/sub-b.dv", DV_KIND_FILE, '5');
	sh("cd r && git add . && git commit -qm pointers");
}

static void what_is_written_is_found_before_git_knows_it(void **state)
{
	(void)state;
	assert_string_equal(chosen(NULL, NULL), "");
	sh("mkdir -p r/a/b");
	write_pointer("a/b/z", DV_KIND_TREE, '1', true);
	write_pointer("k", DV_KIND_FILE, '2', true);
	write_pointer("k", DV_KIND_FILE, '2', false);
	write_pointer("k", DV_KIND_FILE, '3', true);
	assert_string_equal(chosen(NULL, NULL), "a/b/z[]1 k[]3 ");
	reopen("r");
	assert_string_equal(chosen(NULL, NULL), "a/b/z[]1 k[]3 ");
	sh("printf 'a/b/z\\0k\\0' | cmp - r/.git/dv/tracked");
	/* gone, and back again by git */
	sh("cd r && git add a/b/z.dv && git commit -qm z && rm a/b/z.dv");
	reopen("r");
	assert_string_equal(chosen(NULL, NULL), "k[]3 ");
	sh("cd r && rm -r a && git checkout -q a/b/z.dv");
	assert_string_equal(chosen(NULL, NULL), "a/b/z[]1 k[]3 ");
	sh("rm r/.git/dv/tracked");
	reopen("r");
	assert_string_equal(chosen(NULL, NULL), "a/b/z[]1 ");
	/* one that nobody listed is known by name */
	assert_string_equal(chosen("k", NULL), "k[]3 ");
	assert_string_equal(chosen("k.dv", NULL), "k[]3 ");
}

static void gone_entries_leave_the_registry(void **state)
{
	(void)state;
	write_pointer("one", DV_KIND_FILE, '1', true);
	write_pointer("two", DV_KIND_FILE, '1', true);
	sh("rm r/one.dv");
	reopen("r");
	write_pointer("new\nline", DV_KIND_FILE, '1', true);
	sh("printf 'new\\nline\\0two\\0' | cmp - r/.git/dv/tracked");
	assert_string_equal(chosen(NULL, NULL), "new\nline[]1 two[]1 ");
}

static void a_path_selects_what_it_names(void **state)
{
	(void)state;
	some_pointers();
	assert_string_equal(chosen(NULL, NULL),
			    "data[]1 model.bin[]2 sub-b[]5 sub/deep/x[]4 "
			    "sub/set[]3 ");
	assert_string_equal(chosen(".", NULL), chosen(NULL, NULL));
	assert_string_equal(chosen("data", NULL), "data[]1 ");
	assert_string_equal(chosen("data/", NULL), "data[]1 ");
	assert_string_equal(chosen("data.dv", NULL), "data[]1 ");
	assert_string_equal(chosen("data/a/b", NULL), "data[a/b]1 ");
	assert_string_equal(chosen("sub", NULL), "sub/deep/x[]4 sub/set[]3 ");
	assert_string_equal(chosen("sub/../data/./q/", "data/q/r"),
			    "data[q]1 ");
	assert_string_equal(chosen("data/q/r", "data/q"), "data[q]1 ");
	assert_string_equal(chosen("data/q", "data/q-r"),
			    "data[q]1 data[q-r]1 ");
	assert_string_equal(chosen("data/q", "data"), "data[]1 ");
	assert_string_equal(chosen("nothing", NULL),
			    "-2 nothing is tracked at nothing");
	assert_string_equal(chosen("data", "nothing"),
			    "-2 nothing is tracked at nothing");
	/* a file has nothing inside */
	assert_string_equal(chosen("model.bin/x", NULL),
			    "-2 nothing is tracked at model.bin/x");
	assert_true(!strncmp(chosen("../x", NULL), "-4 ", 3));
	reopen("r/sub");
	assert_string_equal(chosen("set/y", NULL), "sub/set[y]3 ");
	assert_string_equal(chosen("..", NULL), chosen(NULL, NULL));
	assert_string_equal(chosen(".", NULL), "sub/deep/x[]4 sub/set[]3 ");
	assert_string_equal(chosen("../sub-b", NULL), "sub-b[]5 ");
}

static void an_empty_selection_of_everything_is_no_failure(void **state)
{
	(void)state;
	assert_string_equal(chosen(".", NULL), "");
}

static void the_tracked_path_around_a_path_is_found(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;

	(void)state;
	some_pointers();
	sh("rm -f r/.git/dv/tracked");
	put_pointer("r/fresh.dv", DV_KIND_TREE, '6');
	sh("mkdir -p r/data && touch r/data/x r/data/x.dv");
	assert_int_equal(tracked_find(repo, "fresh", &path, &inside), 0);
	assert_string_equal(path.data, "fresh");
	assert_string_equal(inside.data, "");
	assert_int_equal(tracked_find(repo, "sub/set/p/q", &path, &inside),
			 0);
	assert_string_equal(path.data, "sub/set");
	assert_string_equal(inside.data, "p/q");
	/* a file of the data that is called like a pointer */
	assert_int_equal(tracked_find(repo, "data/x", &path, &inside), 0);
	assert_string_equal(path.data, "data");
	assert_string_equal(inside.data, "x");
	assert_int_equal(tracked_find(repo, "model.bin/p", &path, &inside),
			 DV_E_NOTFOUND);
	assert_int_equal(tracked_find(repo, "sub", &path, &inside),
			 DV_E_NOTFOUND);
	assert_int_equal(tracked_find(repo, "", &path, &inside),
			 DV_E_NOTFOUND);
}

static void nested_pointers_are_named(void **state)
{
	(void)state;
	some_pointers();
	put_pointer("r/data/in.dv", DV_KIND_FILE, '7');
	assert_true(strstr(chosen(NULL, NULL), "data") != NULL);
	sh("cd r && git add -f data/in.dv");
	reopen("r");
	assert_string_equal(chosen(NULL, NULL), "-4 data/in.dv is inside of "
			    "data, which is tracked too");
	assert_hint("keep one of them: rm data/in.dv, or rm data.dv");
}

static void what_is_no_pointer_is_told_by_name(void **state)
{
	(void)state;
	some_pointers();
	put("r/model.bin.dv", "<<<<<<< HEAD\n");
	assert_true(!strncmp(chosen(NULL, NULL), "-4 ", 3));
	assert_non_null(strstr(dv_error_text(), "model.bin.dv"));
	assert_string_equal(chosen("data", NULL), "data[]1 ");
	/* not even by its size, or its kind */
	sh("cd r && truncate -s 65537 model.bin.dv && "
	   "rm sub-b.dv && ln -s data.dv sub-b.dv && mkdir .dv && "
	   "touch sub/.dv && git add -A .");
	reopen("r");
	assert_string_equal(chosen(NULL, NULL),
			    "data[]1 sub/deep/x[]4 sub/set[]3 ");
	put("r/data.dv", "dv: 2\n");
	assert_true(!strncmp(chosen("data", NULL), "-12 ", 4));
}

static void pointers_are_not_written_through_links(void **state)
{
	struct dv_pointer p = { .kind = DV_KIND_FILE };
	bool changed;

	(void)state;
	sh("mkdir outside && ln -s ../outside r/link && mkdir r/dir && "
	   "touch r/file");
	assert_error(DV_E_INVALID, tracked_write(repo, "link/x", &p, &changed),
		     "symbolic link");
	assert_int_equal(tracked_write(repo, "file/x", &p, &changed),
			 DV_E_INVALID);
	assert_int_equal(tracked_write(repo, "none/x", &p, &changed),
			 DV_E_NOTFOUND);
	assert_int_equal(tracked_write(repo, ".git/x", &p, &changed),
			 DV_E_INVALID);
	assert_int_equal(tracked_write(repo, "../x", &p, &changed),
			 DV_E_INVALID);
	assert_int_equal(tracked_write(repo, "", &p, &changed),
			 DV_E_INVALID);
	sh("rmdir outside && test ! -e x.dv");
	/* a link in the pointer's own place is replaced, not followed */
	sh("echo keep >kept && ln -s ../kept r/l.dv");
	write_pointer("l", DV_KIND_FILE, '1', true);
	sh("test ! -L r/l.dv && test \"$(cat kept)\" = keep");
}

/* More than a batch, two folders; some that have no place. */
static void many_are_written_together(void **state)
{
	enum { COUNT = 2500 };
	static struct pointer_write w[COUNT];
	static char paths[COUNT][16];

	(void)state;
	sh("mkdir r/a r/b r/b/c outside && ln -s ../outside r/link && "
	   "mkdir r/b/c/.gitignore");
	for (int i = 0; i < COUNT; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%d",
			 i == 7 ? "link" : i == 8 ? "none" : i == 9 ? "b/c" :
			 i % 3 ? "a" : "b", i);
		w[i] = (struct pointer_write){
			.path = paths[i], .ignore = i != 10,
			.pointer = { .kind = DV_KIND_FILE, .size = i },
		};
	}
	assert_int_equal(tracked_write_all(repo, w, COUNT), 0);
	for (int i = 0; i < COUNT; i++) {
		bool fails = i >= 7 && i <= 9;

		assert_int_equal(w[i].done, !fails);
		assert_int_equal(w[i].failed != NULL, fails);
		assert_int_equal(w[i].ignored.len > 0, !fails && i != 10);
	}
	assert_int_equal(w[7].failed->code, DV_E_INVALID);
	assert_int_equal(w[8].failed->code, DV_E_NOTFOUND);
	pointer_writes_release(w, COUNT);
	sh("test $(ls r/a/*.dv r/b/*.dv | wc -l) = 2497 && test $(cat "
	   "r/[ab]/.gitignore | wc -l) = 2496 && grep -q ^/2499$ "
	   "r/[ab]/.gitignore && ! grep -q ^/10$ r/a/.gitignore && "
	   "grep -q 'size: 2499' r/b/2499.dv && rmdir outside && "
	   "test $(find r -name '.dv-tmp-*' | wc -l) = 0");
	assert_int_equal(tracked_write_all(repo, w + 11, COUNT - 11), 0);
	for (int i = 11; i < COUNT; i++)
		assert_true(w[i].done && !w[i].changed && !w[i].ignored.len);
	pointer_writes_release(w + 11, COUNT - 11);
}

static void every_form_of_index_is_read(void **state)
{
	DV_AUTO_BUF struct buf found = BUF_INIT;
	static const char *const forms[] = {
		"git update-index --index-version 4",
		"git update-index --index-version 2",
		"git add -N sub/later.dv",	/* version 3 */
		"git update-index --split-index",
		"git update-index --no-split-index",
		"git update-index --force-untracked-cache",
		"git sparse-checkout set --cone --sparse-index sub",
		"git sparse-checkout reapply --no-sparse-index",
	};

	(void)state;
	some_pointers();
	put_pointer("r/sub/later.dv", DV_KIND_FILE, '8');
	put_pointer("r/only/o.dv", DV_KIND_FILE, '9');
	for (int i = 0; i < 200; i++) {
		char path[64];

		snprintf(path, sizeof(path), "r/only/file%d/%0*d", i, i + 1,
			 0);
		put(path, "x");
	}
	sh("cd r && git add only && git commit -qm more");
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		bool sparse = i > 5;

		sh("cd r && { %s; }", forms[i]);
		reopen("r");
		assert_string_equal(chosen("only", "data"), sparse ?
			"-2 nothing is tracked at only" :
			"data[]1 only/o[]9 ");
		assert_string_equal(chosen("sub/set", NULL), "sub/set[]3 ");
		assert_string_equal(chosen("sub/later", NULL),
				    "sub/later[]8 ");
		assert_int_equal(repo_git_tracks(repo, "only/file0", &found),
				 0);
		assert_string_equal(found.data, "only/file0/0");
		assert_int_equal(repo_git_tracks(repo, "only/file19", &found),
				 0);
		assert_string_equal(found.data,
				    "only/file19/00000000000000000000");
		assert_int_equal(repo_git_tracks(repo, "only/fil", &found),
				 DV_E_NOTFOUND);
		assert_int_equal(repo_git_tracks(repo, "data.dv", &found), 0);
		assert_int_equal(repo_git_tracks(repo, "zzz", &found),
				 DV_E_NOTFOUND);
		assert_int_equal(repo_git_tracks(repo, "", &found), 0);
		assert_string_equal(found.data, ".dvconfig");
	}
}

static void a_damaged_index_is_gits_to_judge(void **state)
{
	DV_AUTO_BUF struct buf found = BUF_INIT;

	(void)state;
	some_pointers();
	sh("truncate -s 300 r/.git/index");
	reopen("r");
	assert_int_not_equal(repo_git_tracks(repo, "data.dv", &found), 0);
	sh("echo DIRC >r/.git/index");
	reopen("r");
	assert_int_not_equal(repo_git_tracks(repo, "data.dv", &found), 0);
	sh("rm r/.git/index");
	reopen("r");
	assert_int_equal(repo_git_tracks(repo, "data.dv", &found),
			 DV_E_NOTFOUND);
}

static void another_index_may_be_set(void **state)
{
	(void)state;
	some_pointers();
	sh("cd r && GIT_INDEX_FILE=other git add data.dv");
	setenv("GIT_INDEX_FILE", "other", 1);
	reopen("r/sub");
	assert_string_equal(chosen(NULL, NULL), "data[]1 ");
	unsetenv("GIT_INDEX_FILE");
}

#define WITH_REPO(name) \
	cmocka_unit_test_setup_teardown(name, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REPO(what_is_written_is_found_before_git_knows_it),
		WITH_REPO(gone_entries_leave_the_registry),
		WITH_REPO(a_path_selects_what_it_names),
		WITH_REPO(an_empty_selection_of_everything_is_no_failure),
		WITH_REPO(the_tracked_path_around_a_path_is_found),
		WITH_REPO(nested_pointers_are_named),
		WITH_REPO(what_is_no_pointer_is_told_by_name),
		WITH_REPO(pointers_are_not_written_through_links),
		WITH_REPO(many_are_written_together),
		WITH_REPO(every_form_of_index_is_read),
		WITH_REPO(a_damaged_index_is_gits_to_judge),
		WITH_REPO(another_index_may_be_set),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
