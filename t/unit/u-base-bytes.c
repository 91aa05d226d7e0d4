#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dv/error.h"
#include "dv/id.h"

#include "base/bytes.h"
#include "base/random.h"

static void integers_come_back(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct cursor c;

	(void)state;
	buf_add_u8(&b, 0xfe);
	buf_add_u16(&b, 0x1234);
	buf_add_u32(&b, 0xdeadbeef);
	buf_add_u64(&b, 0x0123456789abcdef);
	assert_memory_equal(b.data, "\xfe\x34\x12\xef\xbe\xad\xde"
			    "\xef\xcd\xab\x89\x67\x45\x23\x01", 15);
	c = cursor_of(b.data, b.len);
	assert_int_equal(cursor_u8(&c), 0xfe);
	assert_int_equal(cursor_u16(&c), 0x1234);
	assert_int_equal(cursor_u32(&c), 0xdeadbeef);
	assert_int_equal(cursor_u64(&c), 0x0123456789abcdef);
	assert_int_equal(cursor_left(&c), 0);
	assert_false(c.bad);
}

static void past_the_end_there_are_zeros_for_ever(void **state)
{
	struct cursor c = cursor_of("\1\2\3", 3);

	(void)state;
	assert_int_equal(cursor_u32(&c), 0);
	assert_true(c.bad);
	/* three bytes are left, but nothing can be trusted any more */
	assert_int_equal(cursor_u8(&c), 0);
	assert_null(cursor_take(&c, 1));
	assert_null(cursor_take(&c, 0));
	assert_int_equal(cursor_varint(&c), 0);
}

static void a_huge_length_does_not_wrap_around(void **state)
{
	struct cursor c = cursor_of("abc", 3);

	(void)state;
	assert_null(cursor_take(&c, SIZE_MAX));
	assert_true(c.bad);
}

static void every_varint_comes_back(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit <= 64; bit++) {
		for (int d = -1; d <= 1; d++) {
			DV_AUTO_BUF struct buf b = BUF_INIT;
			uint64_t v = (bit < 64 ? (uint64_t)1 << bit : 0) + d;
			struct cursor c;

			buf_add_varint(&b, v);
			assert_in_range(b.len, 1, 10);
			c = cursor_of(b.data, b.len);
			assert_true(cursor_varint(&c) == v);
			assert_false(c.bad);
			assert_int_equal(cursor_left(&c), 0);
			/* and cut short anywhere it is bad */
			for (size_t n = 0; n < b.len; n++) {
				c = cursor_of(b.data, n);
				assert_true(cursor_varint(&c) == 0);
				assert_true(c.bad);
			}
		}
	}
}

static void varints_have_one_form_only(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x80\x00", 2 },	/* 0 in two bytes */
		{ "\xff\x80\x00", 3 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10 },
		/* 65 bits */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10 },
		/* eleven bytes */
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00", 11 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
	};
	struct cursor c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		c = cursor_of(bad[i].bytes, bad[i].len);
		assert_true(cursor_varint(&c) == 0);
		assert_true(c.bad);
	}
	c = cursor_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
	assert_true(cursor_varint(&c) == UINT64_MAX);
	assert_false(c.bad);
}

static void an_id_is_64_lower_case_digits(void **state)
{
	char hex[DV_ID_HEX + 1], bad[DV_ID_HEX + 1];
	struct dv_id id, back;

	(void)state;
	random_bytes(&id, sizeof(id));
	dv_id_to_hex(&id, hex);
	assert_int_equal(strlen(hex), DV_ID_HEX);
	assert_int_equal(dv_id_from_hex(hex, &back), 0);
	assert_true(dv_id_equal(&id, &back));
	for (size_t i = 0; i < DV_ID_HEX; i++) {
		for (const char *p = "Ag/:`~ "; *p; p++) {
			memcpy(bad, hex, sizeof(bad));
			bad[i] = *p;
			assert_int_equal(dv_id_from_hex(bad, &back),
					 DV_E_INVALID);
		}
		/* ends early; what lies behind the end is not read */
		memcpy(bad, hex, sizeof(bad));
		bad[i] = '\0';
		assert_int_equal(dv_id_from_hex(bad, &back), DV_E_INVALID);
	}
}

static void random_numbers_stay_below(void **state)
{
	unsigned seen[7] = { 0 };

	(void)state;
	for (int i = 0; i < 7000; i++)
		seen[random_below(7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 700, 1300);
	assert_int_equal(random_below(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_come_back),
		cmocka_unit_test(past_the_end_there_are_zeros_for_ever),
		cmocka_unit_test(a_huge_length_does_not_wrap_around),
		cmocka_unit_test(every_varint_comes_back),
		cmocka_unit_test(varints_have_one_form_only),
		cmocka_unit_test(an_id_is_64_lower_case_digits),
		cmocka_unit_test(random_numbers_stay_below),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
