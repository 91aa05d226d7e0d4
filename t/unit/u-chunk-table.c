#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chunk/cut_kernel.h"
#include "chunk/cut_table.h"

#include "data.h"

/*
 * The gear table is made again as dvformat-chunk(5) says, and the seed is
 * shown to be the first that fits.
 */

struct table {
	uint32_t a[16], b[16], gear[256];
};

static void make_table(uint64_t seed, struct table *t)
{
	for (int i = 0; i < 16; i++) {
		t->a[i] = random_next(&seed) >> 32;
		t->b[i] = random_next(&seed) >> 32;
	}
	for (int i = 0; i < 256; i++)
		t->gear[i] = t->a[i & 15] ^ t->b[i >> 4];
}

/*
 * Does a pattern without end have candidates?  The hash is the sum of
 * gear[byte j back] << j, so a byte that comes back every `len` bytes counts
 * with the sum of these powers.
 */
static bool is_trap(const struct table *t, const uint8_t *pattern, int len)
{
	uint32_t weight[8] = { 0 };

	for (int j = 0; j < 32; j++)
		weight[j % len] |= UINT32_C(1) << j;
	for (int last = 0; last < len; last++) {
		uint32_t h = 0;

		for (int k = 0; k < len; k++)
			h += t->gear[pattern[(last + len - k) % len]] *
			     weight[k];
		if (h < CUT_WEAK_BELOW)
			return true;
	}
	return false;
}

static bool pair_is_trap(const struct table *t)
{
	for (int i = 0; i < 256; i++)
		for (int j = 0; j < 256; j++) {
			uint8_t pair[2] = { i, j };

			if (is_trap(t, pair, i == j ? 1 : 2))
				return true;
		}
	return false;
}

/* All patterns of len bytes, each of them one of set[0..count). */
static bool set_has_trap(const struct table *t, const uint8_t *set,
			 size_t count, int len)
{
	size_t all = 1;

	for (int i = 0; i < len; i++)
		all *= count;
	for (size_t n = 0; n < all; n++) {
		uint8_t pattern[8];
		size_t rest = n;

		for (int i = 0; i < len; i++, rest /= count)
			pattern[i] = set[rest % count];
		if (is_trap(t, pattern, len))
			return true;
	}
	return false;
}

/* One byte after len - 1 equal ones. */
static bool run_has_trap(const struct table *t, int len)
{
	for (int v = 0; v < 256; v++) {
		uint8_t pattern[8];

		memset(pattern, 0, sizeof(pattern));
		pattern[0] = v;
		if (is_trap(t, pattern, len))
			return true;
		memset(pattern, 0xff, sizeof(pattern));
		pattern[0] = v;
		if (is_trap(t, pattern, len))
			return true;
		memset(pattern, v, sizeof(pattern));
		pattern[0] = 0xff;
		if (is_trap(t, pattern, len))
			return true;
	}
	return false;
}

static bool fits(const struct table *t)
{
	static const uint8_t of3[] = {
		0x00, 0x01, 0x02, 0x03, 0x0a, 0x20, 0x2c, 0x2e, 0x30, 0x31,
		0x3f, 0x7f, 0x80, 0xbf, 0xfe, 0xff,
	};
	static const uint8_t of4[] = {
		0x00, 0x01, 0x20, 0x30, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0,
		0xff,
	};

	if (pair_is_trap(t) || set_has_trap(t, of3, sizeof(of3), 3) ||
	    set_has_trap(t, of4, sizeof(of4), 4))
		return false;
	for (int len = 3; len <= 8; len++)
		if (run_has_trap(t, len))
			return false;
	return true;
}

static void the_table_is_what_the_seed_gives(void **state)
{
	struct table t;

	(void)state;
	make_table(CUT_TABLE_SEED, &t);
	assert_memory_equal(t.a, cut_table_a, sizeof(t.a));
	assert_memory_equal(t.b, cut_table_b, sizeof(t.b));
	assert_memory_equal(t.gear, cut_gear(), sizeof(t.gear));
}

static void the_seed_is_the_first_that_fits(void **state)
{
	struct table t;

	(void)state;
	for (uint64_t seed = 0; seed < CUT_TABLE_SEED; seed++) {
		make_table(seed, &t);
		assert_false(fits(&t));
	}
	make_table(CUT_TABLE_SEED, &t);
	assert_true(fits(&t));
}

/* The arithmetic above against the scanner itself. */
static void no_repeated_pair_gives_candidates(void **state)
{
	struct cut_list list = CUT_LIST_INIT;
	uint8_t data[256];

	(void)state;
	for (int i = 0; i < 65536; i += 7) {
		for (size_t k = 0; k < sizeof(data); k++)
			data[k] = k % 2 ? i >> 8 : i;
		cut_scan_reference(data + 32, sizeof(data) - 32, 32, 32,
				   &list);
	}
	assert_int_equal(list.count, 0);
	cut_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_what_the_seed_gives),
		cmocka_unit_test(the_seed_is_the_first_that_fits),
		cmocka_unit_test(no_repeated_pair_gives_candidates),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
