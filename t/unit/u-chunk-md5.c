#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "chunk/md5.h"

static void show(const uint8_t *digest, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < MD5_SIZE; i++)
		buf_addf(out, "%02x", digest[i]);
}

/* In pieces of `step` bytes. */
static void digests(const uint8_t *data, size_t len, size_t step,
		    struct md5_digests *out)
{
	struct md5_stream *s = md5_begin(true);

	assert_non_null(s);
	for (size_t at = 0; at < len; at += step)
		md5_update(s, data + at, len - at < step ? len - at : step);
	md5_end(s, out);
}

static void check(const char *text, const char *plain, const char *old)
{
	DV_AUTO_BUF struct buf hex = BUF_INIT;
	struct md5_digests d;

	for (size_t step = 1; step < 8; step++) {
		digests((const uint8_t *)text, strlen(text), step, &d);
		show(d.plain, &hex);
		assert_string_equal(hex.data, plain);
		show(d.text, &hex);
		assert_string_equal(hex.data, old);
	}
}

/* RFC 1321, and what DVC 2 gives. */
static void test_known(void **state)
{
	(void)state;
	check("", "d41d8cd98f00b204e9800998ecf8427e",
	      "d41d8cd98f00b204e9800998ecf8427e");
	check("abc", "900150983cd24fb0d6963f7d28e17f72",
	      "900150983cd24fb0d6963f7d28e17f72");
	check("a\n", "60b725f10c9c85c70d97880dfe8191b3",
	      "60b725f10c9c85c70d97880dfe8191b3");
	check("a\r\nb\r\n", "59b0d7772f0561efb95518f3cb8abc60",
	      "dd8c6a395b5dd36c56d23275028f526c");
}

/* The rule, said plainly: block by block, in one piece. */
static void expect_text(const uint8_t *data, size_t len, struct buf *out)
{
	const size_t block = (size_t)1 << 20;

	for (size_t at = 0; at < len; at += block) {
		size_t n = len - at < block ? len - at : block, odd = 0;
		size_t head = n < 512 ? n : 512;

		for (size_t i = at; i < at + head; i++) {
			uint8_t c = data[i];

			odd += c ? (c < 32 || c > 126) &&
				!strchr("\n\r\t\f\b", c) : 512;
		}
		for (size_t i = at; i < at + n; i++) {
			if (odd * 10 <= head * 3 && data[i] == '\r' &&
			    i + 1 < at + n && data[i + 1] == '\n')
				continue;
			buf_addch(out, (char)data[i]);
		}
	}
}

/* CRs at the ends of blocks, blocks that are text and that are not. */
static void test_blocks(void **state)
{
	const size_t len = ((size_t)3 << 20) + 700;
	DV_AUTO_FREE uint8_t *data = xmalloc(len);
	DV_AUTO_BUF struct buf expect = BUF_INIT;
	struct md5_digests got, want;

	(void)state;
	for (size_t i = 0; i < len; i++)
		data[i] = i % 5 ? "\r\n"[i % 2] : 'x';
	data[((size_t)1 << 20) - 1] = '\r';
	data[(size_t)1 << 20] = '\n';
	memset(data + ((size_t)2 << 20), 0x80, 154);
	data[len - 1] = '\r';
	expect_text(data, len, &expect);
	digests((uint8_t *)expect.data, expect.len, expect.len, &want);
	for (size_t step = 511; step < len; step = step * 7 + 1) {
		digests(data, len, step, &got);
		assert_memory_equal(got.text, want.plain, MD5_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_blocks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
