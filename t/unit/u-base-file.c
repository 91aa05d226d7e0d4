#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clone.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

static char scratch[] = "/tmp/dv-unit.XXXXXX";

static int enter_scratch(void **state)
{
	(void)state;
	return mkdtemp(scratch) && !chdir(scratch) ? 0 : -1;
}

static int leave_scratch(void **state)
{
	(void)state;
	return chdir("/") || dir_remove(scratch) ? -1 : 0;
}

static void put(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text),
				      NEWFILE_NOSYNC), 0);
}

static void assert_holds(const char *path, const char *text)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	assert_int_equal(file_read(path, 1000, &b), 0);
	assert_string_equal(b.data, text);
}

static unsigned count_entries(const char *path)
{
	DV_AUTO_DIR DIR *dir = opendir(path);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n - 2;
}

static void a_new_file_appears_whole(void **state)
{
	DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;
	struct stat st;
	mode_t mask = umask(027);

	(void)state;
	assert_int_equal(mkdir("whole", 0777), 0);
	assert_int_equal(newfile_open(&f, "whole/file", NULL), 0);
	assert_int_equal(newfile_write(&f, "one ", 4), 0);
	assert_int_equal(access("whole/file", F_OK), -1);
	assert_int_equal(newfile_write(&f, "two", 3), 0);
	assert_int_equal(newfile_commit(&f, 0), 0);
	umask(mask);
	assert_holds("whole/file", "one two");
	assert_int_equal(stat("whole/file", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(count_entries("whole"), 1);
	assert_int_equal(f.fd, -1);
	assert_null(f.temp);
}

static void without_a_commit_there_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir("none", 0777), 0);
	assert_int_equal(mkdir("none.tmp", 0777), 0);
	put("none/old", "old");
	for (int i = 0; i < 2; i++) {
		DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;

		assert_int_equal(newfile_open(&f, "none/old",
					      i ? "none.tmp" : NULL), 0);
		assert_int_equal(newfile_write(&f, "new", 3), 0);
		assert_int_equal(count_entries("none.tmp"), i);
	}
	assert_int_equal(count_entries("none"), 1);
	assert_int_equal(count_entries("none.tmp"), 0);
	assert_holds("none/old", "old");
}

static void put_in_batch(struct newfile_batch *b, const char *path,
			 const char *text)
{
	struct newfile f = NEWFILE_INIT;

	assert_int_equal(newfile_open(&f, path, NULL), 0);
	assert_int_equal(newfile_write(&f, text, strlen(text)), 0);
	assert_int_equal(newfile_batch_put(b, &f), 0);
	assert_int_equal(f.fd, -1);
	assert_null(f.temp);
}

/* Few are synced one by one, many by their file system. */
static void a_batch_appears_when_it_is_committed(void **state)
{
	static const int counts[] = { 0, 1, 5, 300 };
	char name[32];

	(void)state;
	assert_int_equal(mkdir("batch", 0777), 0);
	assert_int_equal(mkdir("batch/in", 0777), 0);
	for (size_t k = 0; k < 4; k++) {
		struct newfile_batch b = NEWFILE_BATCH_INIT;

		for (int i = 0; i < counts[k]; i++) {
			snprintf(name, sizeof(name), "batch/%s%d",
				 i % 2 ? "in/" : "", i);
			unlink(name);
			put_in_batch(&b, name, name);
			assert_int_equal(access(name, F_OK), -1);
		}
		assert_int_equal(newfile_batch_commit(&b), 0);
		assert_int_equal(b.fd, -1);
		for (int i = 0; i < counts[k]; i++) {
			snprintf(name, sizeof(name), "batch/%s%d",
				 i % 2 ? "in/" : "", i);
			assert_holds(name, name);
		}
	}
	assert_int_equal(count_entries("batch"), 150 + 1);
	assert_int_equal(count_entries("batch/in"), 150);
}

static void a_batch_that_fails_leaves_nothing_behind(void **state)
{
	(void)state;
	assert_int_equal(mkdir("half", 0777), 0);
	assert_int_equal(mkdir("half/way", 0777), 0);
	put("half/old", "old");
	for (int i = 0; i < 2; i++) {
		DV_AUTO_NEWFILE_BATCH struct newfile_batch b =
			NEWFILE_BATCH_INIT;

		put_in_batch(&b, "half/old", i ? "new" : "none");
		/* a folder cannot be replaced by a file */
		put_in_batch(&b, "half/way", "file");
		put_in_batch(&b, "half/last", "last");
		if (i)
			assert_int_equal(newfile_batch_commit(&b), DV_E_IO);
	}
	assert_holds("half/old", "new");
	assert_int_equal(count_entries("half"), 2);
}

static void a_new_file_replaces_unless_told_not_to(void **state)
{
	(void)state;
	assert_int_equal(mkdir("again", 0777), 0);
	put("again/file", "1");
	put("again/file", "2");
	assert_holds("again/file", "2");
	assert_int_equal(file_replace("again/file", "3", 1,
				      NEWFILE_NOREPLACE), 0);
	assert_holds("again/file", "2");
	assert_int_equal(file_replace("again/other", "3", 1,
				      NEWFILE_NOREPLACE), 0);
	assert_holds("again/other", "3");
	assert_int_equal(count_entries("again"), 2);
}

static void a_symlink_is_replaced_not_followed(void **state)
{
	struct stat st;

	(void)state;
	put("victim", "safe");
	assert_int_equal(symlink("victim", "link"), 0);
	put("link", "new");
	assert_holds("victim", "safe");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void a_folder_that_goes_away_is_an_error(void **state)
{
	DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;

	(void)state;
	assert_int_equal(newfile_open(&f, "gone/file", NULL), DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_text(), "gone/file"));
	assert_int_equal(mkdir("gone", 0777), 0);
	assert_int_equal(newfile_open(&f, "gone/file", NULL), 0);
	assert_int_equal(dir_remove("gone"), 0);
	assert_int_equal(newfile_write(&f, "x", 1), 0);
	assert_int_equal(newfile_commit(&f, 0), DV_E_NOTFOUND);
	assert_string_equal(dv_error_text(),
			    "cannot make gone/file: No such file or directory");
}

static void a_full_disk_is_told(void **state)
{
	DV_AUTO_CLOSE int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, "x", 1, "some pack"),
			 DV_E_NOSPACE);
	assert_string_equal(dv_error_text(), "cannot write some pack: "
			    "No space left on device");
}

static void reading_is_bounded(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	(void)state;
	put("ten", "0123456789");
	buf_addstr(&b, "> ");
	assert_int_equal(file_read("ten", 9, &b), DV_E_INVALID);
	assert_string_equal(b.data, "> ");
	assert_int_equal(file_read("ten", 10, &b), 0);
	assert_string_equal(b.data, "> 0123456789");
	assert_int_equal(file_read("no such", 10, &b), DV_E_NOTFOUND);
	assert_int_equal(file_read(".", 10, &b), DV_E_IO);
	assert_int_equal(file_read("/dev/zero", 100000, &b), DV_E_INVALID);
	/* a size of 0 says nothing there */
	buf_clear(&b);
	assert_int_equal(file_read("/proc/self/status", 65536, &b), 0);
	assert_true(b.len > 100);
}

static void a_short_file_is_noticed(void **state)
{
	DV_AUTO_CLOSE int fd = -1;
	char bytes[11];

	(void)state;
	put("ten", "0123456789");
	fd = open("ten", O_RDWR);
	assert_int_equal(file_pread_all(fd, bytes, 4, 6, "ten"), 0);
	assert_memory_equal(bytes, "6789", 4);
	assert_int_equal(file_pread_all(fd, bytes, 5, 6, "ten"),
			 DV_E_CORRUPT);
	assert_string_equal(dv_error_text(), "ten: ends too early");
	assert_int_equal(file_pwrite_all(fd, "ab", 2, 1, "ten"), 0);
	assert_holds("ten", "0ab3456789");
}

static void maps(void **state)
{
	DV_AUTO_FILEMAP struct filemap map = FILEMAP_INIT;

	(void)state;
	put("empty", "");
	put("ten", "0123456789");
	assert_int_equal(filemap_open(&map, "empty"), 0);
	assert_int_equal(map.len, 0);
	assert_non_null(map.data);
	assert_int_equal(filemap_open(&map, "ten"), 0);
	assert_int_equal(map.len, 10);
	assert_memory_equal(map.data, "0123456789", 10);
	filemap_release(&map);
	assert_int_equal(filemap_open(&map, "no such"), DV_E_NOTFOUND);
	assert_int_equal(filemap_open(&map, "."), DV_E_IO);
	assert_int_equal(mkfifo("pipe", 0666), 0);
	assert_int_equal(filemap_open(&map, "pipe"), DV_E_IO);
	assert_int_equal(map.len, 0);
}

/* Long ones are mapped, small ones read: nobody can tell. */
static void maps_are_loaded(void **state)
{
	DV_AUTO_FREE char *text = xcalloc(20001, 1);
	struct filemap map;
	struct stat st;

	(void)state;
	memset(text, 'x', 20000);
	put("long", text);
	put("empty", "");
	put("ten", "0123456789");
	assert_int_equal(filemap_load(&map, "long", &st), 0);
	assert_int_equal(map.len, 20000);
	assert_int_equal(st.st_size, 20000);
	filemap_rest(&map);
	assert_memory_equal(map.data, text, 20000);
	filemap_release(&map);
	assert_int_equal(filemap_load(&map, "ten", &st), 0);
	assert_int_equal(map.len, 10);
	assert_int_equal(st.st_size, 10);
	filemap_rest(&map);
	assert_memory_equal(map.data, "0123456789", 10);
	filemap_release(&map);
	assert_int_equal(filemap_load(&map, "empty", &st), 0);
	assert_int_equal(map.len, 0);
	assert_non_null(map.data);
	assert_int_equal(filemap_load(&map, "no such", &st), DV_E_NOTFOUND);
	assert_int_equal(filemap_load(&map, ".", &st), DV_E_IO);
	assert_int_equal(map.len, 0);
}

static void folders_are_made_with_their_parents(void **state)
{
	(void)state;
	assert_int_equal(dir_make("p/q//r/"), 0);
	assert_int_equal(dir_make("p/q/r"), 0);
	assert_int_equal(access("p/q/r", F_OK), 0);
	assert_int_equal(dir_make_parents("p/s/t/file"), 0);
	assert_int_equal(access("p/s/t", F_OK), 0);
	assert_int_equal(access("p/s/t/file", F_OK), -1);
	assert_int_equal(dir_make_parents("file"), 0);
	assert_int_equal(dir_make("/"), 0);
	put("p/file", "");
	assert_int_equal(dir_make("p/file"), DV_E_EXISTS);
	assert_int_equal(dir_make("p/file/x"), DV_E_EXISTS);
	assert_int_equal(dir_sync("p"), 0);
	assert_int_equal(dir_sync("no such"), DV_E_NOTFOUND);
}

static void removing_does_not_follow_symlinks(void **state)
{
	(void)state;
	assert_int_equal(dir_make("keep/inner"), 0);
	put("keep/inner/file", "safe");
	assert_int_equal(dir_make("rm/a/b"), 0);
	put("rm/a/b/file", "x");
	put("rm/file", "x");
	assert_int_equal(symlink("../../keep", "rm/a/link"), 0);
	assert_int_equal(symlink("keep", "link-to-keep"), 0);
	assert_int_equal(dir_remove("rm"), 0);
	assert_int_equal(access("rm", F_OK), -1);
	assert_int_equal(dir_remove("link-to-keep"), 0);
	assert_int_equal(access("link-to-keep", F_OK), -1);
	assert_holds("keep/inner/file", "safe");
	assert_int_equal(dir_remove("no such"), 0);
	assert_int_equal(dir_remove("keep/inner/file"), 0);
	assert_int_equal(access("keep/inner/file", F_OK), -1);
}

/* Deeper than there are fds, and longer than PATH_MAX. */
static void very_deep_folders_can_be_removed(void **state)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "deep", 0777), 0);
		next = openat(fd, "deep", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
		if (i % 500 == 0)
			close(openat(fd, "file", O_CREAT | O_WRONLY, 0666));
	}
	close(fd);
	assert_int_equal(dir_remove("deep"), 0);
	assert_int_equal(access("deep", F_OK), -1);
}

static void copies_are_equal(void **state)
{
	const size_t len = (3 << 20) + 17;
	DV_AUTO_FREE uint8_t *bytes = malloc(len);
	DV_AUTO_CLOSE int from = open("from", O_RDWR | O_CREAT, 0666);
	DV_AUTO_CLOSE int to = open("to", O_RDWR | O_CREAT, 0666);
	DV_AUTO_CLOSE int other = open("other", O_RDWR | O_CREAT, 0666);
	struct filemap map;
	int err;

	(void)state;
	random_bytes(bytes, len);
	assert_int_equal(file_write_all(from, bytes, len, "from"), 0);
	assert_int_equal(clone_copy(from, to, len, "from"), 0);
	assert_int_equal(file_copy_range(from, other, 0, len, "from"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(filemap_open(&map, i ? "other" : "to"), 0);
		assert_int_equal(map.len, len);
		assert_memory_equal(map.data, bytes, len);
		filemap_release(&map);
	}
	assert_int_equal(clone_copy(from, to, len + 1, "from"),
			 DV_E_CORRUPT);
	/* whether it can depends on the file system; halfway it must not be */
	assert_int_equal(ftruncate(other, 0), 0);
	err = clone_fd(from, other);
	assert_true(err == 0 || err == DV_E_UNSUPPORTED);
	assert_int_equal(lseek(other, 0, SEEK_END), err ? 0 : (off_t)len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_appears_whole),
		cmocka_unit_test(without_a_commit_there_is_nothing),
		cmocka_unit_test(a_batch_appears_when_it_is_committed),
		cmocka_unit_test(a_batch_that_fails_leaves_nothing_behind),
		cmocka_unit_test(a_new_file_replaces_unless_told_not_to),
		cmocka_unit_test(a_symlink_is_replaced_not_followed),
		cmocka_unit_test(a_folder_that_goes_away_is_an_error),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(reading_is_bounded),
		cmocka_unit_test(a_short_file_is_noticed),
		cmocka_unit_test(maps),
		cmocka_unit_test(maps_are_loaded),
		cmocka_unit_test(folders_are_made_with_their_parents),
		cmocka_unit_test(removing_does_not_follow_symlinks),
		cmocka_unit_test(very_deep_folders_can_be_removed),
		cmocka_unit_test(copies_are_equal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
