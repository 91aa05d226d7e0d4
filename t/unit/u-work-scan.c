#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/tree.h"
#include "work/below.h"
#include "work/scan.h"
#include "work_world.h"

#define T(name) cmocka_unit_test_setup_teardown(name, world_make, world_drop)

static struct scan run(const char *path, const char *inside,
		       const struct stat_index *index, struct ignore *ignore)
{
	struct scan s;

	ok(scan_run(world.repo, path, inside, index, ignore, 3, &s));
	return s;
}

static const struct scan_entry *entry(const struct scan *s, const char *dir,
				      const char *name)
{
	for (uint32_t i = 0; i < s->count; i++)
		for (uint32_t k = 0; k < s->dirs[i].count; k++)
			if (!strcmp(s->dirs[i].path, dir) &&
			    !strcmp(s->dirs[i].entries[k].name, name))
				return &s->dirs[i].entries[k];
	return NULL;
}

/* The rules the header gives: order, numbers, parents. */
static void check_order(const struct scan *s)
{
	uint32_t next = 1;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct scan_dir *d = &s->dirs[i];

		for (uint32_t k = 0; k < d->count; k++) {
			const struct scan_entry *e = &d->entries[k];

			if (k)
				assert_true(strcmp(d->entries[k - 1].name,
						   e->name) < 0);
			if (e->type != ENTRY_DIR)
				continue;
			assert_int_equal(e->dir, next);
			assert_int_equal(s->dirs[next].parent, i);
			next++;
		}
	}
	assert_int_equal(next, s->count);
}

static void make_zoo(void)
{
	put_text("data/plain", "12345");
	put_text("data/new\nline", "");
	put_text("data/\xff\xfe", "x");
	put_text("data/run", "#!/bin/sh\n");
	chmod("data/run", 0755);
	put_text("data/b/deep/er/file", "1");
	put_text("data/b/z", "22");
	mkdir("data/empty", 0777);
	assert_int_equal(symlink("nowhere", "data/dangling"), 0);
	assert_int_equal(symlink("b", "data/tree"), 0);
	assert_int_equal(symlink("plain", "data/to-file"), 0);
}

static void all_kinds_of_names_come(void **state)
{
	struct scan s;
	const struct scan_entry *e;

	(void)state;
	make_zoo();
	s = run("data", "", NULL, NULL);
	check_order(&s);
	assert_int_equal(s.count, 5);
	assert_false(s.single);
	assert_int_equal(s.files, 9);
	assert_int_equal(s.size, 5 + 1 + 10 + 1 + 2);
	assert_string_equal(s.dirs[0].path, "");
	assert_non_null(entry(&s, "", "new\nline"));
	assert_non_null(entry(&s, "", "\xff\xfe"));
	assert_non_null(entry(&s, "b/deep/er", "file"));
	e = entry(&s, "", "run");
	assert_true(e->executable && e->type == ENTRY_FILE);
	assert_false(entry(&s, "", "plain")->executable);
	assert_int_equal(entry(&s, "", "dangling")->type, ENTRY_SYMLINK);
	assert_int_equal(entry(&s, "", "tree")->type, ENTRY_SYMLINK);
	assert_int_equal(entry(&s, "", "plain")->row, -1);
	assert_int_equal(s.dirs[entry(&s, "", "empty")->dir].count, 0);
	scan_release(&s);
}

static void threads_do_not_change_the_result(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		char path[64];

		snprintf(path, sizeof(path), "data/d%d/e%d/f%d", i % 7, i % 5,
			 i);
		put_text(path, "x");
	}
	for (int round = 0; round < 5; round++) {
		struct scan a, b;

		ok(scan_run(world.repo, "data", "", NULL, NULL, 1, &a));
		ok(scan_run(world.repo, "data", "", NULL, NULL, 4, &b));
		check_order(&b);
		assert_int_equal(a.count, b.count);
		for (uint32_t i = 0; i < a.count; i++) {
			assert_string_equal(a.dirs[i].path, b.dirs[i].path);
			assert_int_equal(a.dirs[i].count, b.dirs[i].count);
			assert_int_equal(a.dirs[i].parent, b.dirs[i].parent);
		}
		scan_release(&a);
		scan_release(&b);
	}
}

/* Writes an index of what is there, each file's id its first byte. */
static void index_of(const struct scan *s, const char *path)
{
	const struct dv_id pointer = { { 1 } };
	struct stat_writer *w = stat_writer_new(world.repo);
	int64_t late = clock_real_ns() + 5000000000;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct scan_dir *d = &s->dirs[i];
		struct stat st;

		scan_dir_stat(d, &st);
		stat_writer_dir(w, d->path, &st, late);
		for (uint32_t k = 0; k < d->count; k++) {
			const struct scan_entry *e = &d->entries[k];
			struct content c = { .size = e->size };

			c.id.bytes[0] = (uint8_t)*e->name;
			scan_entry_stat(e, &st);
			stat_writer_row(w, i, e->name, e->type, &st, &c,
					late);
		}
	}
	ok(stat_writer_finish(w, world.repo, path, &pointer, true, NULL));
}

static void what_the_index_has_is_known(void **state)
{
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	const struct scan_entry *e;
	struct scan s;

	(void)state;
	make_zoo();
	s = run("data", "", NULL, NULL);
	index_of(&s, "data");
	scan_release(&s);
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 5);

	put_text("data/plain", "1234");
	put_text("data/added", "1");
	chmod("data/b/z", 0755);
	unlink("data/run");
	s = run("data", "", &x, NULL);
	check_order(&s);
	e = entry(&s, "b/deep/er", "file");
	assert_true(e->known);
	assert_int_equal(e->content.id.bytes[0], 'f');
	assert_int_equal(e->content.size, 1);
	assert_true(entry(&s, "", "dangling")->known);
	assert_false(entry(&s, "", "plain")->known);
	assert_true(entry(&s, "", "plain")->row >= 0);
	assert_false(entry(&s, "b", "z")->known);
	assert_int_equal(entry(&s, "", "added")->row, -1);
	assert_null(entry(&s, "", "run"));
	scan_release(&s);

	/* a part of it */
	s = run("data", "b/deep", &x, NULL);
	assert_string_equal(s.dirs[0].path, "b/deep");
	assert_int_equal(s.count, 2);
	assert_true(s.dirs[0].index_dir > 0);
	assert_true(entry(&s, "b/deep/er", "file")->known);
	scan_release(&s);
	s = run("data", "b/deep/er/file", &x, NULL);
	assert_true(s.single);
	assert_string_equal(s.dirs[0].path, "b/deep/er");
	assert_true(s.dirs[0].entries[0].known);
	scan_release(&s);
}

static void a_single_file_is_one_entry(void **state)
{
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	struct scan s;

	(void)state;
	put_text("sub/model.bin", "12345");
	s = run("sub/model.bin", "", NULL, NULL);
	assert_true(s.single);
	assert_int_equal(s.files, 1);
	assert_int_equal(s.size, 5);
	assert_string_equal(s.dirs[0].entries[0].name, "model.bin");
	index_of(&s, "sub/model.bin");
	scan_release(&s);
	ok(stat_index_open(world.repo, "sub/model.bin", &x));
	s = run("sub/model.bin", "", &x, NULL);
	assert_true(s.dirs[0].entries[0].known);
	scan_release(&s);
	assert_int_equal(symlink("model.bin", "sub/link"), 0);
	s = run("sub/link", "", NULL, NULL);
	assert_int_equal(s.dirs[0].entries[0].type, ENTRY_SYMLINK);
	scan_release(&s);
}

static void racy_rows_are_not_known(void **state)
{
	const struct dv_id pointer = { { 1 } };
	struct stat_writer *w = stat_writer_new(world.repo);
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	struct content c = { .size = 1 };
	struct stat st;
	struct scan s;

	(void)state;
	put_text("data/f", "x");
	assert_int_equal(stat("data/f", &st), 0);
	stat_writer_dir(w, "", NULL, 0);
	stat_writer_row(w, 0, "f", ENTRY_FILE, &st, &c,
			timespec_ns(&st.st_mtim) + 1000000);
	ok(stat_writer_finish(w, world.repo, "data", &pointer, true, NULL));
	ok(stat_index_open(world.repo, "data", &x));
	s = run("data", "", &x, NULL);
	assert_int_equal(s.dirs[0].entries[0].row, 0);
	assert_false(s.dirs[0].entries[0].known);
	scan_release(&s);
}

static void nothing_is_reached_through_symlinks(void **state)
{
	struct scan s;

	(void)state;
	put_text("outside/secret", "x");
	put_text("real/data/f", "x");
	assert_int_equal(symlink("real", "way"), 0);
	assert_int_equal(scan_run(world.repo, "way/data", "", NULL, NULL, 1,
				  &s), DV_E_INVALID);
	assert_int_equal(symlink("../outside", "real/out"), 0);
	s = run("real", "", NULL, NULL);
	assert_int_equal(entry(&s, "", "out")->type, ENTRY_SYMLINK);
	assert_null(entry(&s, "out", "secret"));
	scan_release(&s);
	assert_int_equal(scan_run(world.repo, "real", "out/secret", NULL,
				  NULL, 1, &s), DV_E_INVALID);
	assert_int_equal(scan_run(world.repo, "nothing", "", NULL, NULL, 1,
				  &s), DV_E_NOTFOUND);
	assert_int_equal(scan_run(world.repo, "real/data/f", "g", NULL, NULL,
				  1, &s), DV_E_NOTFOUND);
}

static void special_files_are_told_apart(void **state)
{
	struct scan s;

	(void)state;
	mkdir("data", 0777);
	assert_int_equal(mkfifo("data/pipe", 0666), 0);
	s = run("data", "", NULL, NULL);
	assert_true(entry(&s, "", "pipe")->special);
	assert_int_equal(s.files, 0);
	scan_release(&s);
}

static void ignored_names_are_left_out(void **state)
{
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	struct ignore *ignore;
	struct scan s;

	(void)state;
	put_text("data/keep", "x");
	put_text("data/a.tmp", "x");
	put_text("data/sub/b.tmp", "x");
	put_text("data/sub/c.log", "x");
	put_text("data/.git/x", "x");
	s = run("data", "sub", NULL, NULL);
	assert_non_null(entry(&s, "sub", "b.tmp"));
	scan_release(&s);
	put_text(".dvignore", "*.tmp\n");
	put_text("data/sub/.dvignore", "*.log\n");
	ok(ignore_new(world.repo, &ignore));
	s = run("data", "", NULL, ignore);
	assert_non_null(entry(&s, "", "keep"));
	assert_null(entry(&s, "", "a.tmp"));
	assert_null(entry(&s, "", ".git"));
	assert_null(entry(&s, "sub", "b.tmp"));
	assert_null(entry(&s, "sub", "c.log"));
	assert_non_null(entry(&s, "sub", ".dvignore"));
	assert_int_equal(s.dirs[0].mtime_ns, 0);
	scan_release(&s);
	ignore_free(ignore);

	/* what is recorded already is not ignored any more */
	dir_remove("data/.git");
	unlink(".dvignore");
	s = run("data", "", NULL, NULL);
	index_of(&s, "data");
	scan_release(&s);
	put_text(".dvignore", "*.tmp\n");
	ok(stat_index_open(world.repo, "data", &x));
	ok(ignore_new(world.repo, &ignore));
	s = run("data", "", &x, ignore);
	assert_non_null(entry(&s, "", "a.tmp"));
	assert_true(s.dirs[0].mtime_ns != 0);
	scan_release(&s);
	ignore_free(ignore);
}

/* What cannot be recorded is somebody else's: dv rm leaves it where it is. */
static void a_git_folder_is_not_entered(void **state)
{
	const struct scan_entry *e;
	struct scan s;

	(void)state;
	put_text("data/x/.GIT/config", "x");
	s = run("data", "", NULL, NULL);
	e = entry(&s, "x", ".GIT");
	assert_non_null(e);
	assert_true(e->special);
	assert_int_equal(s.count, 2);
	scan_release(&s);
}

static void depth_has_a_limit(void **state)
{
	struct scan s;
	int fd, next;

	(void)state;
	mkdir("data", 0777);
	fd = open("data", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 4090; i++) {
		assert_int_equal(mkdirat(fd, "d", 0777), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	s = run("data", "", NULL, NULL);	/* longer than PATH_MAX */
	assert_int_equal(s.count, 4091);
	scan_release(&s);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(mkdirat(fd, "d", 0777), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(scan_run(world.repo, "data", "", NULL, NULL, 2, &s),
			 DV_E_INVALID);
	assert_non_null(strstr(dv_error_text(), "deep"));
	git("rm -rf data");
}

static void an_unreadable_directory_is_named(void **state)
{
	struct scan s;

	(void)state;
	put_text("data/x/y/z", "x");
	chmod("data/x/y", 0);
	chmod(".", 0755);
	if (!geteuid())		/* nothing is unreadable for root */
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(scan_run(world.repo, "data", "", NULL, NULL, 2, &s),
			 DV_E_IO);
	assert_non_null(strstr(dv_error_text(), "data/x/y"));
	assert_int_equal(seteuid(getuid()), 0);
	chmod("data/x/y", 0755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_kinds_of_names_come),
		T(threads_do_not_change_the_result),
		T(what_the_index_has_is_known),
		T(a_single_file_is_one_entry),
		T(racy_rows_are_not_known),
		T(nothing_is_reached_through_symlinks),
		T(special_files_are_told_apart),
		T(ignored_names_are_left_out),
		T(a_git_folder_is_not_entered),
		T(depth_has_a_limit),
		T(an_unreadable_directory_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
