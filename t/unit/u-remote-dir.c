#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "dv/error.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "remote/remote.h"

static char folder[] = "/tmp/dv-u-dir.XXXXXX";

static struct remote *open_at(const char *base, const char *url)
{
	const struct remote_options o = {
		.name = "disk", .url = url, .base_dir = base,
	};
	struct remote *r;

	assert_int_equal(remote_open(&o, &r), 0);
	return r;
}

static struct remote *open_remote(void)
{
	return open_at(folder, "remote");
}

static int put(struct remote *r, const char *name, const char *text)
{
	const struct remote_source s = {
		.bytes = (const uint8_t *)text, .fd = -1, .len = strlen(text),
	};

	return remote_put(r, name, &s, NULL, NULL);
}

/* Takes bytes four at a time, at the place it has given out. */
struct rooms {
	uint8_t bytes[32];
	size_t len;
	bool none;		/* it gives out no place */
};

static uint8_t *give_room(void *data, size_t *len)
{
	struct rooms *r = data;

	*len = 4;
	return r->none ? NULL : r->bytes + r->len;
}

static int take_in_room(void *data, const uint8_t *bytes, size_t len)
{
	struct rooms *r = data;

	assert_true(len <= sizeof(r->bytes) - r->len);
	if (r->none)
		memcpy(r->bytes + r->len, bytes, len);
	else
		assert_true(len <= 4 && bytes == r->bytes + r->len);
	r->len += len;
	return 0;
}

static void bytes_come_to_where_they_are_wanted(void **state)
{
	struct remote *r = open_remote();

	(void)state;
	assert_int_equal(put(r, "packs/aa/two", "hello, world"), 0);
	for (int none = 0; none < 2; none++) {
		struct rooms rooms = { .none = none };
		const struct remote_sink sink = {
			.write = take_in_room, .room = give_room,
			.data = &rooms,
		};

		assert_int_equal(remote_get(r, "packs/aa/two", 1, 10, &sink),
				 0);
		assert_true(rooms.len == 10);
		assert_memory_equal(rooms.bytes, "ello, worl", 10);
	}
	remote_close(r);
}

static void what_was_put_comes_back(void **state)
{
	struct remote *r = open_remote();
	DV_AUTO_BUF struct buf got = BUF_INIT;
	uint64_t size;

	(void)state;
	assert_int_equal(put(r, "packs/aa/one", "hello world"), 0);
	assert_int_equal(remote_stat(r, "packs/aa/one", &size), 0);
	assert_true(size == 11);
	assert_int_equal(remote_get_buf(r, "packs/aa/one", 0, UINT64_MAX, 100,
					&got), 0);
	assert_string_equal(got.data, "hello world");
	assert_int_equal(remote_get_buf(r, "packs/aa/one", 6, 5, 0, &got), 0);
	assert_string_equal(got.data, "hello worldworld");
	assert_int_equal(remote_requests(r), 4);
	remote_close(r);
}

static void limits_and_ranges(void **state)
{
	struct remote *r = open_remote();
	DV_AUTO_BUF struct buf got = BUF_INIT;

	(void)state;
	buf_addstr(&got, "kept");
	assert_int_equal(put(r, "a", "hello world"), 0);
	assert_int_equal(remote_get_buf(r, "a", 0, UINT64_MAX, 10, &got),
			 DV_E_CORRUPT);
	assert_string_equal(got.data, "kept");
	assert_int_equal(remote_get_buf(r, "a", 0, UINT64_MAX, 11, &got), 0);
	buf_setlen(&got, 4);
	assert_int_equal(remote_get_buf(r, "a", 5, 7, 0, &got), DV_E_CORRUPT);
	assert_int_equal(remote_get_buf(r, "a", 12, UINT64_MAX, 99, &got),
			 DV_E_CORRUPT);
	assert_int_equal(remote_get_buf(r, "a", UINT64_MAX, UINT64_MAX, 99,
					&got), DV_E_INVALID);
	assert_int_equal(remote_get_buf(r, "a", INT64_MAX, INT64_MAX, 99,
					&got), DV_E_INVALID);
	assert_int_equal(remote_get_buf(r, "a", 11, UINT64_MAX, 99, &got), 0);
	assert_int_equal(remote_get_buf(r, "a", 0, 0, 99, &got), 0);
	assert_string_equal(got.data, "kept");
	remote_close(r);
}

static void add_sent(void *data, int64_t bytes)
{
	*(int64_t *)data += bytes;
}

static void a_part_of_a_file(void **state)
{
	struct remote *r = open_remote();
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf got = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct remote_source s = { .offset = 12345, .len = 3000000 };
	int64_t sent = 0;

	(void)state;
	for (int i = 0; i < 500000; i++)
		buf_addf(&text, "%07d\n", i);
	buf_addf(&path, "%s/source", folder);
	assert_int_equal(file_replace(path.data, text.data, text.len,
				      NEWFILE_NOSYNC), 0);
	s.fd = open(path.data, O_RDONLY);
	assert_int_equal(remote_put(r, "part", &s, add_sent, &sent), 0);
	assert_true(sent == 3000000);
	assert_int_equal(remote_get_buf(r, "part", 0, UINT64_MAX, 1 << 24,
					&got), 0);
	assert_int_equal(got.len, s.len);
	assert_memory_equal(got.data, text.data + s.offset, s.len);
	/* a file that ends too early is not sent */
	s.len = text.len;
	assert_int_not_equal(remote_put(r, "short", &s, NULL, NULL), 0);
	assert_int_equal(remote_stat(r, "short", &s.len), DV_E_NOTFOUND);
	close(s.fd);
	remote_close(r);
}

static void nothing_is_made_without_the_folder_above(void **state)
{
	struct remote *r = open_at(folder, "not/mounted");
	DV_AUTO_BUF struct buf path = BUF_INIT;
	uint64_t size;

	(void)state;
	assert_int_equal(put(r, "a", "x"), DV_E_IO);
	assert_non_null(strstr(dv_error_text(), "remote disk: "));
	assert_non_null(strstr(dv_error_text(), "there is no folder"));
	assert_non_null(strstr(dv_error_hint(), "mount"));
	assert_int_equal(remote_stat(r, "a", &size), DV_E_IO);
	buf_addf(&path, "%s/not", folder);
	assert_int_not_equal(access(path.data, F_OK), 0);
	remote_close(r);
}

static void odd_things_in_the_folder(void **state)
{
	struct remote *r = open_remote();
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf got = BUF_INIT;
	uint64_t size;

	(void)state;
	assert_int_equal(put(r, "odd/x", "x"), 0);
	buf_addf(&path, "%s/remote/odd/fifo", folder);
	assert_int_equal(mkfifo(path.data, 0666), 0);
	assert_int_equal(remote_get_buf(r, "odd/fifo", 0, UINT64_MAX, 9, &got),
			 DV_E_IO);
	assert_int_equal(remote_stat(r, "odd/fifo", &size), DV_E_IO);
	assert_int_equal(remote_stat(r, "odd", &size), DV_E_IO);
	assert_int_equal(remote_stat(r, "odd/x/y", &size), DV_E_NOTFOUND);
	assert_int_equal(put(r, "odd/x/y", "z"), DV_E_IO);
	assert_int_equal(put(r, "odd", "z"), DV_E_IO);
	remote_close(r);
}

static int collect(void *data, const char *name, uint64_t size,
		   int64_t modified)
{
	assert_true(modified > 0);
	buf_addf(data, "%s:%d ", name, (int)size);
	return 0;
}

static int refuse(void *data, const char *name, uint64_t size,
		  int64_t modified)
{
	(void)modified;
	(void)name;
	(void)size;
	++*(int *)data;
	return DV_E_CHANGED;
}

static void listing(void **state)
{
	struct remote *r = open_at(folder, "listed");
	DV_AUTO_BUF struct buf got = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int calls = 0;

	(void)state;
	assert_int_equal(remote_list(r, "p/", collect, &got), 0);
	assert_int_equal(put(r, "p/a/b", "12345"), 0);
	assert_int_equal(put(r, "q/c", ""), 0);
	buf_addf(&path, "%s/listed/p/.hidden", folder);
	assert_int_equal(file_replace(path.data, "", 0, NEWFILE_NOSYNC), 0);
	buf_clear(&path);
	buf_addf(&path, "%s/listed/p/Some Body's", folder);
	assert_int_equal(file_replace(path.data, "", 0, NEWFILE_NOSYNC), 0);
	buf_clear(&path);
	buf_addf(&path, "%s/listed/p/loop", folder);
	assert_int_equal(symlink(".", path.data), 0);
	assert_int_equal(remote_list(r, "q/", collect, &got), 0);
	assert_string_equal(got.data, "q/c:0 ");
	unlink(path.data);
	buf_clear(&got);
	assert_int_equal(remote_list(r, "p/", collect, &got), 0);
	assert_string_equal(got.data, "p/a/b:5 ");
	assert_int_equal(remote_list(r, "", refuse, &calls), DV_E_CHANGED);
	assert_int_equal(calls, 1);
	assert_int_equal(remote_list(r, "../", collect, &got), DV_E_INVALID);
	assert_int_equal(remote_list(r, "p", collect, &got), DV_E_INVALID);
	remote_close(r);
}

static void old_temporary_files_go(void **state)
{
	const struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf young = BUF_INIT;
	DV_AUTO_BUF struct buf foreign = BUF_INIT;
	struct remote *r;

	(void)state;
	r = open_at(folder, "swept");
	assert_int_equal(put(r, "a", "x"), 0);
	remote_close(r);
	buf_addf(&path, "%s/swept/tmp/.dv-tmp-1", folder);
	buf_addf(&young, "%s/swept/tmp/.dv-tmp-2", folder);
	buf_addf(&foreign, "%s/swept/tmp/thesis", folder);
	assert_int_equal(file_replace(path.data, "x", 1, NEWFILE_NOSYNC), 0);
	assert_int_equal(file_replace(young.data, "x", 1, NEWFILE_NOSYNC), 0);
	assert_int_equal(file_replace(foreign.data, "x", 1, NEWFILE_NOSYNC),
			 0);
	assert_int_equal(utimensat(AT_FDCWD, path.data, old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, foreign.data, old, 0), 0);
	r = open_at(folder, "swept");
	assert_int_equal(put(r, "b", "x"), 0);
	remote_close(r);
	assert_int_not_equal(access(path.data, F_OK), 0);
	assert_int_equal(access(young.data, F_OK), 0);
	assert_int_equal(access(foreign.data, F_OK), 0);
}

static void names_are_checked(void **state)
{
	struct remote *r = open_remote();
	uint64_t size;

	(void)state;
	assert_int_equal(put(r, "../out", "x"), DV_E_INVALID);
	assert_int_equal(remote_stat(r, "/etc/passwd", &size), DV_E_INVALID);
	assert_int_equal(remote_remove(r, "a/../../b"), DV_E_INVALID);
	remote_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_to_where_they_are_wanted),
		cmocka_unit_test(what_was_put_comes_back),
		cmocka_unit_test(limits_and_ranges),
		cmocka_unit_test(a_part_of_a_file),
		cmocka_unit_test(nothing_is_made_without_the_folder_above),
		cmocka_unit_test(odd_things_in_the_folder),
		cmocka_unit_test(listing),
		cmocka_unit_test(old_temporary_files_go),
		cmocka_unit_test(names_are_checked),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	dir_remove(folder);
	return failed;
}
