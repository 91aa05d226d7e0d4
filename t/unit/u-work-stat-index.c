#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "chunk/check.h"
#include "store/tree.h"
#include "work/stat_index.h"
#include "work_world.h"

#define T(name) cmocka_unit_test_setup_teardown(name, world_make, world_drop)

static const struct dv_id pointer = { { 1, 2, 3 } };
static const struct dv_id stored = { { 9, 9 } };

static struct stat plain(uint64_t size, int64_t seconds)
{
	struct stat st = { 0 };

	st.st_mode = S_IFREG | 0644;
	st.st_size = (off_t)size;
	st.st_ino = 77;
	st.st_mtim.tv_sec = st.st_ctim.tv_sec = seconds;
	st.st_mtim.tv_nsec = st.st_ctim.tv_nsec = 5;
	return st;
}

static struct content content_of(uint8_t byte, uint64_t size)
{
	struct content c = { .size = size };

	c.id.bytes[0] = byte;
	return c;
}

/* A small tree: "", "a", "a/b", "z\xff". */
static struct stat_writer *small_tree(void)
{
	struct stat_writer *w = stat_writer_new(world.repo);
	struct stat dir = plain(0, 100), file = plain(5, 100);
	struct content c = content_of(7, 5);
	int64_t late = INT64_C(1000000000000);
	uint32_t root, a, b, z;

	dir.st_mode = S_IFDIR | 0755;
	root = stat_writer_dir(w, "", &dir, late);
	stat_writer_row(w, root, "a", ENTRY_DIR, NULL, NULL, 0);
	file.st_mode |= 0111;
	stat_writer_row(w, root, "new\nline", ENTRY_FILE, &file, &c, late);
	stat_writer_row(w, root, "z\xff", ENTRY_DIR, NULL, NULL, 0);
	a = stat_writer_dir(w, "a", &dir, late);
	z = stat_writer_dir(w, "z\xff", &dir, timespec_ns(&dir.st_mtim));
	b = stat_writer_dir(w, "a/b", NULL, 0);
	/* rows of directories may come in any order */
	file.st_mode = S_IFLNK | 0777;
	stat_writer_row(w, z, "link", ENTRY_SYMLINK, &file, &c, late);
	stat_writer_row(w, a, "b", ENTRY_DIR, NULL, NULL, 0);
	file.st_mode = S_IFREG | 0644;
	stat_writer_row(w, a, "c", ENTRY_FILE, &file, &c,
			timespec_ns(&file.st_mtim));
	(void)b;
	return w;
}

static void what_is_written_is_read(void **state)
{
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	struct stat st = plain(5, 100);
	struct stat_row row;
	struct stat_dir dir;
	int64_t n;

	(void)state;
	ok(stat_writer_finish(small_tree(), world.repo, "data", &pointer,
			      true, &stored));
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 4);
	assert_int_equal(x.rows, 6);
	assert_int_equal(x.files, 3);
	assert_int_equal(x.size, 10);
	assert_true(x.complete);
	assert_true(dv_id_equal(&x.pointer, &pointer));
	assert_true(dv_id_equal(&x.stored, &stored));

	n = stat_index_find(&x, 0, "new\nline");
	assert_true(n >= 0);
	stat_index_row(&x, (uint32_t)n, &row);
	assert_true(row.executable);
	assert_false(row.racy);
	assert_int_equal(row.content.id.bytes[0], 7);
	assert_false(stat_row_matches(&row, &st));
	st.st_mode |= 0100;
	assert_true(stat_row_matches(&row, &st));
	st.st_ino++;
	assert_false(stat_row_matches(&row, &st));

	n = stat_index_find_dir(&x, "a/b");
	assert_true(n > 0);
	stat_index_dir(&x, (uint32_t)n, &dir);
	assert_string_equal(dir.path, "a/b");
	assert_int_equal(dir.count, 0);
	assert_int_equal(dir.mtime_ns, 0);
	n = stat_index_find_dir(&x, "z\xff");
	stat_index_dir(&x, (uint32_t)n, &dir);
	assert_int_equal(dir.mtime_ns, 0);	/* racy */
	stat_index_dir(&x, 0, &dir);
	assert_true(dir.mtime_ns != 0);
	n = stat_index_find(&x, (uint32_t)stat_index_find_dir(&x, "a"), "c");
	stat_index_row(&x, (uint32_t)n, &row);
	assert_true(row.racy);
	assert_int_equal(stat_index_find_dir(&x, "a/c"), -1);
	assert_int_equal(stat_index_find_dir(&x, "nothing"), -1);
	assert_int_equal(stat_index_find(&x, 9, "a"), -1);
}

static void a_missing_one_is_empty(void **state)
{
	struct stat_index x;

	(void)state;
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 0);
	stat_index_close(&x);
	ok(stat_index_remove(world.repo, "data"));
	ok(stat_writer_finish(small_tree(), world.repo, "data", &pointer,
			      false, NULL));
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 4);
	assert_false(x.complete);
	stat_index_close(&x);
	ok(stat_index_open(world.repo, "data2", &x));
	assert_int_equal(x.dirs, 0);
	stat_index_close(&x);
	ok(stat_index_remove(world.repo, "data"));
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 0);
}

/* Decodes all there is. */
static void use_all(struct stat_index *x)
{
	for (uint32_t i = 0; i < x->dirs; i++) {
		struct stat_dir d;

		stat_index_dir(x, i, &d);
		assert_int_equal(stat_index_find_dir(x, d.path), i);
		for (uint32_t k = 0; k < d.count; k++) {
			struct stat_row row;

			stat_index_row(x, d.first + k, &row);
			assert_int_equal(stat_index_find(x, i, row.name),
					 d.first + k);
		}
	}
}

/* Puts the checks right again, so that what they guard is looked at. */
static void seal(uint8_t *data, size_t len)
{
	uint64_t sum = check64(data + 128, len - 136);
	uint8_t block[8];

	store_u64(block, sum);
	store_u64(data + 120, check64(data, 120));
	store_u64(data + len - 8, check64(block, 8));
}

static void damage_is_found_everywhere(void **state)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct stat_index x = STAT_INDEX_INIT;
	uint8_t *copy;
	size_t good = 0;

	(void)state;
	ok(stat_writer_finish(small_tree(), world.repo, "data", &pointer,
			      true, NULL));
	ok(stat_index_name(world.repo, "data", &name));
	ok(file_read(name.data, 1 << 20, &bytes));
	copy = malloc(bytes.len);
	assert_non_null(copy);
	for (size_t at = 0; at < bytes.len; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(copy, bytes.data, bytes.len);
			copy[at] ^= (uint8_t)(1u << bit);
			x.map.data = copy;
			x.map.len = bytes.len;
			assert_false(stat_index_check(&x, "data"));
			seal(copy, bytes.len);
			if (stat_index_check(&x, "data")) {
				use_all(&x);
				good++;
			}
		}
	/* Times, ids and the like may be anything; structure may not. */
	assert_in_range(good, 1, bytes.len * 8 - 1000);
	for (size_t len = 0; len < bytes.len; len++) {
		uint8_t *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, bytes.data, len);
		x.map.data = cut;
		x.map.len = len;
		assert_false(stat_index_check(&x, "data"));
		free(cut);
	}
	free(copy);
}

static void a_damaged_file_is_empty(void **state)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct stat_index x;

	(void)state;
	ok(stat_writer_finish(small_tree(), world.repo, "data", &pointer,
			      true, NULL));
	ok(stat_index_name(world.repo, "data", &name));
	put_text(name.data, "");
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 0);
	stat_index_close(&x);
	put_noise(name.data, 4096, 1);
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 0);
	stat_index_close(&x);
}

static void rewriting_changes_only_times(void **state)
{
	struct stat_index x, y;
	struct stat_change row, dir;
	struct stat st = plain(5, 200), before = plain(5, 100);
	struct stat_row old, new;
	struct stat_dir d;

	(void)state;
	ok(stat_writer_finish(small_tree(), world.repo, "data", &pointer,
			      true, NULL));
	ok(stat_index_open(world.repo, "data", &x));
	stat_change_set(&row, 1, &st, INT64_C(300000000000));
	stat_change_set(&dir, 2, &st, timespec_ns(&st.st_mtim));
	assert_false(row.racy);
	assert_true(dir.racy);
	ok(stat_index_rewrite(&x, world.repo, "data", &row, 1, &dir, 1,
			      &stored));
	ok(stat_index_open(world.repo, "data", &y));
	assert_int_equal(y.dirs, x.dirs);
	assert_true(dv_id_equal(&y.stored, &stored));
	assert_true(dv_id_equal(&y.pointer, &pointer));
	for (uint32_t i = 0; i < x.rows; i++) {
		stat_index_row(&x, i, &old);
		stat_index_row(&y, i, &new);
		assert_string_equal(old.name, new.name);
		assert_memory_equal(&old.content, &new.content,
				    sizeof(old.content));
		assert_int_equal(i == 1, old.mtime_ns != new.mtime_ns);
	}
	stat_index_row(&y, 1, &new);
	st.st_mode |= 0111;
	before.st_mode |= 0111;
	assert_true(stat_row_matches(&new, &st));
	assert_false(stat_row_matches(&new, &before));
	stat_index_dir(&y, 2, &d);
	assert_int_equal(d.mtime_ns, 0);
	stat_index_close(&x);
	stat_index_close(&y);
}

static void copied_rows_keep_all(void **state)
{
	struct stat_writer *w = stat_writer_new(world.repo);
	struct stat_index x, y;
	struct stat_dir d;

	(void)state;
	ok(stat_writer_finish(small_tree(), world.repo, "data", &pointer,
			      true, NULL));
	ok(stat_index_open(world.repo, "data", &x));
	for (uint32_t i = 0; i < x.dirs; i++) {
		stat_index_dir(&x, i, &d);
		stat_writer_dir(w, d.path, NULL, 0);
		for (uint32_t k = 0; k < d.count; k++) {
			struct stat_row row;

			stat_index_row(&x, d.first + k, &row);
			stat_writer_copy(w, i, &row);
		}
	}
	ok(stat_writer_finish(w, world.repo, "copy", &pointer, true, NULL));
	ok(stat_index_open(world.repo, "copy", &y));
	assert_int_equal(y.rows, x.rows);
	for (uint32_t i = 0; i < x.rows; i++) {
		struct stat_row a, b;

		stat_index_row(&x, i, &a);
		stat_index_row(&y, i, &b);
		assert_string_equal(a.name, b.name);
		a.name = b.name = NULL;
		assert_memory_equal(&a, &b, sizeof(a));
	}
	stat_index_close(&x);
	stat_index_close(&y);
}

static void a_directory_without_row_is_refused(void **state)
{
	struct stat_writer *w = stat_writer_new(world.repo);
	struct stat_index x;

	(void)state;
	stat_writer_dir(w, "", NULL, 0);
	stat_writer_dir(w, "lost", NULL, 0);
	assert_int_equal(stat_writer_finish(w, world.repo, "data", &pointer,
					    true, NULL), DV_E_INVALID);
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.dirs, 0);
}

static void young_times_are_racy(void **state)
{
	struct stat st = plain(1, 1000);
	int64_t t = INT64_C(1000000000005);

	(void)state;
	assert_true(stat_is_racy(&st, t));
	assert_true(stat_is_racy(&st, t + 19999999));
	assert_true(stat_is_racy(&st, t - 5000000000));
	assert_false(stat_is_racy(&st, t + 20000001));
	st.st_mtim.tv_nsec = st.st_ctim.tv_nsec = 0;
	assert_true(stat_is_racy(&st, t + 1999999990));
	assert_false(stat_is_racy(&st, t + 2000000000));
	/* written a moment ago, with an old time given to it */
	st.st_mtim.tv_sec = 5;
	assert_true(stat_is_racy(&st, t));
	/* dated ahead by hand long ago */
	st = plain(1, 1000);
	st.st_mtim.tv_sec = 4000000000;
	assert_false(stat_is_racy(&st, t + 3000000000));
}

static void many_blocks_are_read_back(void **state)
{
	struct stat_writer *w = stat_writer_new(world.repo);
	struct stat st = plain(5, 100);
	struct content c = content_of(3, 5);
	struct stat_index x;
	struct stat file;
	DV_AUTO_BUF struct buf name = BUF_INIT;

	(void)state;
	stat_writer_dir(w, "", &st, INT64_C(1) << 60);
	for (unsigned i = 0; i < 60000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "file-%08u", i);
		stat_writer_row(w, 0, text, ENTRY_FILE, &st, &c,
				INT64_C(1) << 60);
	}
	ok(stat_writer_finish(w, world.repo, "data", &pointer, true, NULL));
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.rows, 60000);
	assert_int_equal(stat_index_find(&x, 0, "file-00012345"), 12345);
	stat_index_close(&x);
	ok(stat_index_name(world.repo, "data", &name));
	assert_int_equal(stat(name.data, &file), 0);
	assert_in_range(file.st_size, 1 << 20, 60000 * 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_read),
		T(a_missing_one_is_empty),
		T(damage_is_found_everywhere),
		T(a_damaged_file_is_empty),
		T(rewriting_changes_only_times),
		T(copied_rows_keep_all),
		T(a_directory_without_row_is_refused),
		T(young_times_are_racy),
		T(many_blocks_are_read_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
