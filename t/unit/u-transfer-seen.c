#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "transfer/seen.h"

static char top[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(top, "/tmp/dv-u-seen-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return dir_remove(top);
}

/* The locator of root `n`, which names this many packs. */
static void make(uint8_t n, uint32_t packs, struct dv_id *root,
		 struct buf *out)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;

	memset(root->bytes, n, sizeof(root->bytes));
	l.root = *root;
	for (uint32_t i = 0; i < packs; i++) {
		struct pack_ref ref = {
			.size = 100000, .index_len = 5000, .objects = 1,
		};

		memset(ref.id.bytes, n, sizeof(ref.id.bytes));
		memcpy(ref.id.bytes, &i, sizeof(i));
		locator_add(&l, &ref);
	}
	buf_clear(out);
	assert_int_equal(locator_encode(&l, out), 0);
}

/* What a run that adds one locator leaves for the next. */
static void add(uint8_t n, uint32_t packs, int64_t time, int64_t until)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct dv_id root;
	struct seen s;

	seen_open(&s, top);
	make(n, packs, &root, &bytes);
	seen_add(&s, time, until, &bytes);
	seen_close(&s);
}

/* Packs of the locator that a run finds, or -1. */
static int find(uint8_t n, uint32_t packs, int64_t time)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct dv_id root;
	struct seen s;
	bool found;

	seen_open(&s, top);
	make(n, packs, &root, &bytes);
	found = seen_find(&s, &root, bytes.len, time, &l);
	seen_close(&s);
	return found ? (int)l.count : -1;
}

static void one_that_was_read_has_its_time_and_length(void **state)
{
	(void)state;
	add(1, 3, 500, 0);
	add(2, 1, 700, 0);
	assert_int_equal(find(1, 3, 500), 3);
	assert_int_equal(find(2, 1, 700), 1);
	assert_int_equal(find(1, 3, 501), -1);
	assert_int_equal(find(1, 3, 499), -1);
	assert_int_equal(find(1, 2, 500), -1);
	assert_int_equal(find(1, 3, 0), -1);
	assert_int_equal(find(3, 3, 500), -1);
}

static void one_that_was_written_gets_the_time_it_is_listed_with(void **state)
{
	(void)state;
	add(1, 2, 0, 1000);
	assert_int_equal(find(1, 2, 1001), -1);
	assert_int_equal(find(1, 2, 990), 2);
	assert_int_equal(find(1, 2, 989), -1);
	assert_int_equal(find(1, 2, 991), -1);
	assert_int_equal(find(1, 2, 990), 2);
}

static void the_last_of_a_root_counts(void **state)
{
	DV_AUTO_BUF struct buf a = BUF_INIT, b = BUF_INIT;
	struct dv_id root;
	struct seen s;

	(void)state;
	add(1, 2, 500, 0);
	seen_open(&s, top);
	make(1, 3, &root, &a);
	make(1, 4, &root, &b);
	seen_add(&s, 600, 0, &a);
	seen_add(&s, 700, 0, &b);
	seen_close(&s);
	assert_int_equal(find(1, 2, 500), -1);
	assert_int_equal(find(1, 3, 600), -1);
	assert_int_equal(find(1, 4, 700), 4);
}

static void long_ones_are_not_kept(void **state)
{
	(void)state;
	add(1, SEEN_LOCATOR_MAX / LOCATOR_ENTRY_SIZE, 500, 0);
	assert_int_equal(find(1, SEEN_LOCATOR_MAX / LOCATOR_ENTRY_SIZE, 500),
			 -1);
}

/* Each byte damaged, each length: never another locator, and no crash. */
static void what_is_damaged_is_not_found(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT, good = BUF_INIT;
	int lost = 0;

	(void)state;
	add(1, 1, 500, 0);
	buf_addf(&path, "%s/roots", top);
	assert_int_equal(file_read(path.data, 4096, &good), 0);
	for (size_t i = 0; i < good.len; i++) {
		good.data[i] ^= 1;
		assert_int_equal(file_replace(path.data, good.data, good.len,
					      NEWFILE_NOSYNC), 0);
		good.data[i] ^= 1;
		lost += find(1, 1, 500) == -1;
		assert_int_equal(file_replace(path.data, good.data, i,
					      NEWFILE_NOSYNC), 0);
		assert_int_equal(find(1, 1, 500), -1);
	}
	assert_int_equal(lost, good.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(one_that_was_read_has_its_time_and_length),
		T(one_that_was_written_gets_the_time_it_is_listed_with),
		T(the_last_of_a_root_counts),
		T(long_ones_are_not_kept),
		T(what_is_damaged_is_not_found),
#undef T
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
