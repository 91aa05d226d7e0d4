#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dv/error.h"

#include "base/bytes.h"
#include "chunk/check.h"
#include "transfer/locator.h"

static struct dv_id id_of(uint8_t first, uint8_t last)
{
	struct dv_id id;

	memset(id.bytes, 0x5a, sizeof(id.bytes));
	id.bytes[0] = first;
	id.bytes[31] = last;
	return id;
}

static struct pack_ref ref_of(uint8_t first, enum object_class class)
{
	return (struct pack_ref){
		.id = id_of(first, 1),
		.size = 70000000,
		.index_len = 80000,
		.objects = 1000,
		.class = class,
	};
}

static void make(struct locator *l, struct buf *bytes)
{
	struct pack_ref a = ref_of(9, OBJECT_DATA), b = ref_of(1, OBJECT_DATA);
	struct pack_ref c = ref_of(200, OBJECT_META);

	l->root = id_of(7, 7);
	locator_add(l, &a);
	locator_add(l, &b);
	locator_add(l, &a);
	locator_add(l, &c);
	assert_int_equal(locator_encode(l, bytes), 0);
}

/* Gives bytes that were changed a check that is right. */
static void seal(struct buf *b)
{
	store_u64(b->data + b->len - 8, check64(b->data, b->len - 8));
}

static int decode(const struct buf *b)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	struct dv_id root = id_of(7, 7);

	return locator_decode((const uint8_t *)b->data, b->len, &root, &l);
}

static void meta_packs_come_first_then_by_id_without_equals(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT, back = LOCATOR_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct dv_id root = id_of(7, 7);

	(void)state;
	make(&l, &bytes);
	assert_int_equal(bytes.len, 48 + 3 * 56 + 8);
	assert_memory_equal(bytes.data, "DVRL\1\0\0\0", 8);
	assert_int_equal(locator_decode((const uint8_t *)bytes.data,
					bytes.len, &root, &back), 0);
	assert_int_equal(back.count, 3);
	assert_int_equal(back.packs[0].class, OBJECT_META);
	assert_int_equal(back.packs[0].id.bytes[0], 200);
	assert_int_equal(back.packs[1].id.bytes[0], 1);
	assert_int_equal(back.packs[2].id.bytes[0], 9);
	assert_true(pack_ref_equal(&back.packs[2], &l.packs[2]));
	assert_int_equal(back.packs[2].size, 70000000);
	assert_int_equal(back.packs[2].index_len, 80000);
	assert_int_equal(back.packs[2].objects, 1000);
}

static void a_root_without_packs_is_fine(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	(void)state;
	l.root = id_of(7, 7);
	assert_int_equal(locator_encode(&l, &bytes), 0);
	assert_int_equal(bytes.len, 56);
	assert_int_equal(decode(&bytes), 0);
}

static void every_flipped_bit_is_noticed(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	(void)state;
	make(&l, &bytes);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(decode(&bytes), 0);
		bytes.data[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(decode(&bytes), 0);
}

static void every_cut_is_noticed(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	size_t len;

	(void)state;
	make(&l, &bytes);
	len = bytes.len;
	for (size_t n = 0; n < len; n++) {
		bytes.len = n;
		assert_int_equal(decode(&bytes), DV_E_CORRUPT);
	}
	bytes.len = len;
	buf_addch(&bytes, 0);
	assert_int_equal(decode(&bytes), DV_E_CORRUPT);
}

static void that_of_another_root_is_refused(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT, back = LOCATOR_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct dv_id other = id_of(7, 8);

	(void)state;
	make(&l, &bytes);
	assert_int_equal(locator_decode((const uint8_t *)bytes.data,
					bytes.len, &other, &back),
			 DV_E_CORRUPT);
	assert_int_equal(back.count, 0);
}

static void a_newer_version_says_so(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	(void)state;
	make(&l, &bytes);
	bytes.data[4] = 2;
	seal(&bytes);
	assert_int_equal(decode(&bytes), DV_E_UNSUPPORTED);
}

static void bad_numbers_are_refused_though_the_check_is_right(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_BUF struct buf good = BUF_INIT;
	const struct { size_t at; uint64_t value; size_t bytes; } bad[] = {
		{ 40, 0xffffffff, 4 },		/* count */
		{ 40, 2, 4 },
		{ 44, 1, 4 },
		{ 48 + 32, 0, 8 },		/* size */
		{ 48 + 32, UINT64_MAX, 8 },
		{ 48 + 32, 80000, 8 },
		{ 48 + 40, UINT64_MAX, 8 },	/* index length */
		{ 48 + 40, 100, 8 },
		{ 48 + 48, 0, 4 },		/* objects */
		{ 48 + 48, UINT32_MAX, 4 },
		{ 48 + 52, 2, 1 },		/* class */
		{ 48 + 53, 1, 1 },
		{ 48 + 56, 0xffffffffffffffff, 8 },	/* order */
		{ 48 + 52, OBJECT_DATA, 1 },	/* order by class */
	};

	(void)state;
	make(&l, &good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		DV_AUTO_BUF struct buf b = BUF_INIT;
		uint8_t value[8];

		buf_add(&b, good.data, good.len);
		store_u64(value, bad[i].value);
		memcpy(b.data + bad[i].at, value, bad[i].bytes);
		seal(&b);
		assert_int_equal(decode(&b), DV_E_CORRUPT);
	}
}

static void names_are_made_and_read_back(void **state)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct dv_id id = id_of(0xab, 0xcd), back;

	(void)state;
	remote_pack_name(&id, &name);
	assert_int_equal(name.len, 6 + 3 + 64);
	assert_memory_equal(name.data, "packs/ab/ab5a5a", 15);
	assert_true(remote_pack_id(name.data, &back));
	assert_true(dv_id_equal(&id, &back));
	name.data[6] = 'b';
	assert_false(remote_pack_id(name.data, &back));
	assert_false(remote_pack_id("packs/ab/ab", &back));
	assert_false(remote_pack_id("packs/", &back));
	buf_clear(&name);
	remote_root_name(&id, &name);
	assert_memory_equal(name.data, "roots/ab/ab5a5a", 15);
	assert_false(remote_pack_id(name.data, &back));
}

static void the_marker_is_read_strictly(void **state)
{
	(void)state;
	assert_int_equal(remote_marker_check("dv-remote 1\n", 12, "u"), 0);
	assert_int_equal(remote_marker_check("dv-remote 2\n", 12, "u"),
			 DV_E_UNSUPPORTED);
	assert_int_equal(remote_marker_check("dv-remote 1\nshards\n", 19,
					     "u"), DV_E_UNSUPPORTED);
	assert_int_equal(remote_marker_check("dv-remote 1", 11, "u"),
			 DV_E_UNSUPPORTED);
	assert_int_equal(remote_marker_check("<html>", 6, "u"),
			 DV_E_CORRUPT);
	assert_int_equal(remote_marker_check("", 0, "u"), DV_E_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			meta_packs_come_first_then_by_id_without_equals),
		cmocka_unit_test(a_root_without_packs_is_fine),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(that_of_another_root_is_refused),
		cmocka_unit_test(a_newer_version_says_so),
		cmocka_unit_test(
			bad_numbers_are_refused_though_the_check_is_right),
		cmocka_unit_test(names_are_made_and_read_back),
		cmocka_unit_test(the_marker_is_read_strictly),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
