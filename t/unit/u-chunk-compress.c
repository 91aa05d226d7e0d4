#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <xxhash.h>
#include <zstd.h>

#include "dv/error.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "chunk/check.h"
#include "chunk/compress.h"
#include "chunk/planes.h"

#include "data.h"

#define FRAME	((size_t)512 << 10)

enum data_kind {
	RANDOM, TEXT, BF16, FLOAT32, FLOAT64, DECIMALS, INTEGERS, TIMES, ZEROS,
	RECORDS
};

/* A number that is near 0 more often than far from it. */
static double weight(uint64_t *seed)
{
	double sum = 0;

	for (int i = 0; i < 6; i++)
		sum += (double)(random_next(seed) >> 11) / (UINT64_C(1) << 53);
	return (sum - 3) * 0.05;
}

static void fill(uint8_t *data, size_t len, enum data_kind kind)
{
	uint64_t seed = 11;

	switch (kind) {
	case RANDOM:
		random_fill(data, len, seed);
		break;
	case TEXT:
		text_fill(data, len, seed);
		break;
	case BF16:
	case FLOAT32: {
		size_t size = kind == BF16 ? 2 : 4;

		for (size_t i = 0; i + size <= len; i += size) {
			float f = weight(&seed);
			uint8_t bytes[4];

			memcpy(bytes, &f, 4);
			memcpy(data + i, bytes + 4 - size, size);
		}
		break;
	}
	case FLOAT64:
	case DECIMALS:
		for (size_t i = 0; i + 8 <= len; i += 8) {
			double f = weight(&seed);

			if (kind == DECIMALS)
				f = (int)(f * 100000) / 1000.0;
			memcpy(data + i, &f, 8);
		}
		break;
	case TIMES: {
		uint64_t now = UINT64_C(1700000000000000000);

		for (size_t i = 0; i + 8 <= len; i += 8) {
			store_u64(data + i, now);
			now += random_next(&seed) % 2000000;
		}
		break;
	}
	case INTEGERS:
		for (size_t i = 0; i + 4 <= len; i += 4)
			store_u32(data + i, random_next(&seed) % 5000);
		break;
	case ZEROS:
		memset(data, 0, len);
		break;
	case RECORDS:
		/* all bytes equally frequent, but each 1000 come twice */
		random_fill(data, len, seed);
		for (size_t i = 0; i + 2000 <= len; i += 2000)
			memcpy(data + i + 1000, data + i, 1000);
	}
}

struct result {
	bool packed;
	size_t stored;
	enum codec codec;
	enum filter filter;
};

static struct result round_trip(const uint8_t *data, size_t len)
{
	struct compressor *c = compressor_new(), *d = compressor_new();
	struct result r = { .stored = len };
	const uint8_t *stored = data;
	uint8_t *back = xmalloc(len + 1);

	back[len] = 0x5a;
	r.packed = compress_try(c, data, len, &stored, &r.stored, &r.codec,
				&r.filter);
	if (r.packed)
		assert_true(r.stored <= len - len / 32);
	assert_int_equal(decompress(d, r.codec, r.filter, stored, r.stored,
				    back, len), 0);
	assert_memory_equal(back, data, len);
	assert_int_equal(back[len], 0x5a);
	free(back);
	compressor_free(c);
	compressor_free(d);
	return r;
}

static struct result round_trip_of(enum data_kind kind, size_t len)
{
	DV_AUTO_FREE uint8_t *data = xcalloc(1, len + 1);

	fill(data, len, kind);
	return round_trip(data, len);
}

static void text_shrinks_without_a_filter(void **state)
{
	struct result r = round_trip_of(TEXT, FRAME);

	(void)state;
	assert_true(r.packed);
	assert_int_equal(r.codec, CODEC_ZSTD);
	assert_int_equal(r.filter, FILTER_NONE);
	assert_true(r.stored < FRAME / 2);
}

static void random_data_is_left_alone(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 2 << 20; len = len * 2 + 1)
		assert_false(round_trip_of(RANDOM, len).packed);
}

static void weights_are_split_into_planes(void **state)
{
	struct result r;

	(void)state;
	r = round_trip_of(BF16, FRAME);
	assert_true(r.packed);
	assert_int_equal(r.filter, FILTER_PLANES2);
	assert_true(r.stored < FRAME * 75 / 100);
	r = round_trip_of(FLOAT32, FRAME);
	assert_true(r.packed);
	assert_int_equal(r.filter, FILTER_PLANES4);
	assert_true(r.stored < FRAME * 90 / 100);
	r = round_trip_of(FLOAT64, FRAME);
	assert_int_equal(r.filter, FILTER_PLANES8);
	assert_true(r.stored < FRAME * 90 / 100);
}

/* Planes of 4 would mix the bytes that rise with those that do not. */
static void times_are_split_into_planes(void **state)
{
	struct result r = round_trip_of(TIMES, FRAME);

	(void)state;
	assert_int_equal(r.filter, FILTER_PLANES8);
	assert_true(r.stored < FRAME * 40 / 100);
}

/* The bytes of a decimal belong together: few of them occur, often. */
static void decimals_are_not_split(void **state)
{
	struct result r = round_trip_of(DECIMALS, FRAME);

	(void)state;
	assert_true(r.packed);
	assert_int_equal(r.filter, FILTER_NONE);
	assert_true(r.stored < FRAME * 45 / 100);
}

static void zeros_and_integers_shrink_a_lot(void **state)
{
	(void)state;
	assert_true(round_trip_of(ZEROS, FRAME).stored < 200);
	assert_true(round_trip_of(INTEGERS, FRAME).stored < FRAME / 2);
}

static void repeated_random_records_are_noticed(void **state)
{
	struct result r = round_trip_of(RECORDS, FRAME);

	(void)state;
	assert_true(r.packed);
	assert_true(r.stored < FRAME * 6 / 10);
}

/* As where one column of a file ends and the next begins. */
static void what_shrinks_in_a_part_of_a_frame_is_noticed(void **state)
{
	DV_AUTO_FREE uint8_t *data = xcalloc(1, FRAME);
	struct compressor *c = compressor_new();

	(void)state;
	for (size_t at = 0; at < FRAME; at += FRAME / 8) {
		const uint8_t *out;
		size_t out_len;
		enum codec codec;
		enum filter filter;

		fill(data, FRAME, RANDOM);
		for (size_t i = at + 16; i < at + FRAME / 8; i++)
			data[i] = data[i - 16];
		assert_true(compress_try(c, data, FRAME, &out, &out_len,
					 &codec, &filter));
		assert_true(out_len < FRAME * 90 / 100);
	}
	compressor_free(c);
}

/* All bytes are equally frequent, and no string of them comes twice. */
static void what_repeats_in_one_plane_is_noticed(void **state)
{
	DV_AUTO_FREE uint8_t *data = xcalloc(1, FRAME);
	struct result r;

	(void)state;
	fill(data, FRAME, RANDOM);
	for (size_t i = 0; i < FRAME / 2; i++)
		data[2 * i + 1] = 37 * i;
	r = round_trip(data, FRAME);
	assert_true(r.packed);
	assert_int_equal(r.filter, FILTER_PLANES2);
	assert_true(r.stored < FRAME * 51 / 100);
}

/* How many frames of the kind it takes until one is packed. */
static int frames_until_packed(struct compressor *c, enum data_kind kind)
{
	DV_AUTO_FREE uint8_t *data = xcalloc(1, FRAME);
	const uint8_t *out;
	size_t out_len;
	enum codec codec;
	enum filter filter;

	fill(data, FRAME, kind);
	for (int n = 1; n < 100; n++)
		if (compress_try(c, data, FRAME, &out, &out_len, &codec,
				 &filter))
			return n;
	return 100;
}

static void a_run_of_random_frames_hides_little(void **state)
{
	static const enum data_kind kinds[] = {
		TEXT, BF16, FLOAT32, FLOAT64, INTEGERS, TIMES, ZEROS,
	};
	struct compressor *c = compressor_new();

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		assert_int_equal(frames_until_packed(c, RANDOM), 100);
		assert_int_equal(frames_until_packed(c, kinds[i]), 1);
	}
	assert_int_equal(frames_until_packed(c, RANDOM), 100);
	assert_in_range(frames_until_packed(c, RECORDS), 1, 8);
	compressor_free(c);
}

static void every_kind_and_odd_lengths_come_back(void **state)
{
	static const size_t lens[] = {
		0, 1, 2, 3, 63, 64, 65, 127, 1000, 4095, 4096, 4097, 8191,
		65537, 131071, 524289, (1 << 20) + 3,
	};

	(void)state;
	for (int kind = RANDOM; kind <= RECORDS; kind++)
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
			round_trip_of(kind, lens[i]);
}

static void planes_are_what_the_format_says(void **state)
{
	static const uint8_t data[] = "0a1b2c3d4e5";
	uint8_t out[11], back[11], long_out[17], long_back[17];

	(void)state;
	planes_split(2, data, 11, out);
	assert_memory_equal(out, "01234abcde5", 11);
	planes_join(2, out, 11, back);
	assert_memory_equal(back, data, 11);
	planes_split(4, data, 11, out);
	assert_memory_equal(out, "02" "ac" "13" "bd" "4e5", 11);
	planes_join(4, out, 11, back);
	assert_memory_equal(back, data, 11);
	planes_split(8, (const uint8_t *)"01234567abcdefgh+", 17, long_out);
	assert_memory_equal(long_out, "0a1b2c3d4e5f6g7h+", 17);
	planes_join(8, long_out, 17, long_back);
	assert_memory_equal(long_back, "01234567abcdefgh+", 17);
}

/* Against the definition, at every small length. */
static void planes_of_every_length(void **state)
{
	(void)state;
	for (unsigned n = 2; n <= 8; n *= 2)
		for (size_t len = 0; len <= 300; len++) {
			DV_AUTO_FREE uint8_t *data = xmalloc(len);
			DV_AUTO_FREE uint8_t *out = xmalloc(len);
			DV_AUTO_FREE uint8_t *back = xmalloc(len);
			size_t count = len / n;

			random_fill(data, len, len);
			planes_split(n, data, len, out);
			for (size_t i = 0; i < len; i++)
				assert_int_equal(data[i], i < count * n ?
					out[i % n * count + i / n] : out[i]);
			planes_join(n, out, len, back);
			if (len)
				assert_memory_equal(back, data, len);
		}
}

static void expect_refusal(int code, enum codec codec, enum filter filter,
			   const void *stored, size_t stored_len,
			   size_t raw_len)
{
	struct compressor *c = compressor_new();
	DV_AUTO_FREE uint8_t *copy = xmalloc(stored_len);
	DV_AUTO_FREE uint8_t *raw = xmalloc(raw_len);

	if (stored_len)
		memcpy(copy, stored, stored_len);
	assert_int_equal(decompress(c, codec, filter, copy, stored_len, raw,
				    raw_len), code);
	compressor_free(c);
}

static void unknown_codecs_and_filters_are_refused(void **state)
{
	(void)state;
	expect_refusal(DV_E_UNSUPPORTED, 2, FILTER_NONE, "abc", 3, 3);
	expect_refusal(DV_E_UNSUPPORTED, CODEC_RAW, 3, "abc", 3, 3);
	expect_refusal(DV_E_UNSUPPORTED, CODEC_ZSTD, 1, "abc", 3, 3);
	expect_refusal(DV_E_UNSUPPORTED, 255, 255, "abc", 3, 3);
}

static void raw_bytes_must_have_their_length(void **state)
{
	(void)state;
	expect_refusal(0, CODEC_RAW, FILTER_NONE, "abc", 3, 3);
	expect_refusal(0, CODEC_RAW, FILTER_NONE, "", 0, 0);
	expect_refusal(DV_E_CORRUPT, CODEC_RAW, FILTER_NONE, "abc", 3, 4);
	expect_refusal(DV_E_CORRUPT, CODEC_RAW, FILTER_NONE, "abc", 3, 2);
	expect_refusal(DV_E_CORRUPT, CODEC_RAW, FILTER_PLANES2, "abcd", 4, 4);
}

/* A frame of `len` zeros in *out; without its length in it if so asked. */
static size_t zeros_frame(uint8_t *out, size_t room, size_t len,
			  int window_log, int with_size)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	DV_AUTO_FREE uint8_t *zeros = xcalloc(1, len);
	ZSTD_inBuffer in = { zeros, len, 0 };
	ZSTD_outBuffer to = { out, room, 0 };

	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, with_size);
	if (window_log)
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	assert_int_equal(ZSTD_compressStream2(c, &to, &in, ZSTD_e_flush), 0);
	assert_int_equal(ZSTD_compressStream2(c, &to, &in, ZSTD_e_end), 0);
	ZSTD_freeCCtx(c);
	return to.pos;
}

static void hostile_frames_are_refused(void **state)
{
	static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18,
					     4, 0, 0, 0, 1, 2, 3, 4 };
	uint8_t frame[70000], two[140000];
	size_t n = ZSTD_compress(frame, sizeof(frame), skippable, 12, 1);

	(void)state;
	expect_refusal(0, CODEC_ZSTD, FILTER_NONE, frame, n, 12);
	/* every prefix, and one byte too many */
	for (size_t i = 0; i < n; i++)
		expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, frame, i,
			       12);
	frame[n] = 0;
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, frame, n + 1,
		       12);
	/* a length that is not the one announced outside */
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, frame, n, 11);
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, frame, n, 13);
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_PLANES2, frame, n, 0);
	/* two frames, and one that is none */
	memcpy(two, frame, n);
	memcpy(two + n, frame, n);
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, two, 2 * n, 24);
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, skippable,
		       sizeof(skippable), 0);
}

static void bombs_and_huge_windows_are_refused(void **state)
{
	uint8_t frame[70000];
	size_t n;

	(void)state;
	/* 64 MiB said to be 64 KiB; with and without its length inside */
	n = zeros_frame(frame, sizeof(frame), 64 << 20, 0, 1);
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, frame, n, 65536);
	n = zeros_frame(frame, sizeof(frame), 64 << 20, 0, 0);
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, frame, n, 65536);
	/* windows: 8 MiB is the most */
	n = zeros_frame(frame, sizeof(frame), 100000, 23, 0);
	expect_refusal(0, CODEC_ZSTD, FILTER_NONE, frame, n, 100000);
	n = zeros_frame(frame, sizeof(frame), 100000, 24, 0);
	expect_refusal(DV_E_CORRUPT, CODEC_ZSTD, FILTER_NONE, frame, n,
		       100000);
}

/* For the fuzzer: codec, filter, three bytes of raw length, stored bytes. */
static void keep_for_fuzzing(const char *name, const uint8_t *data,
			     size_t len)
{
	struct compressor *c = compressor_new();
	DV_AUTO_BUF struct buf b = BUF_INIT;
	const uint8_t *stored = data;
	enum codec codec = CODEC_RAW;
	enum filter filter = FILTER_NONE;
	size_t stored_len = len;

	compress_try(c, data, len, &stored, &stored_len, &codec, &filter);
	buf_add_u8(&b, codec);
	buf_add_u8(&b, filter);
	buf_add_u32(&b, len);
	buf_setlen(&b, b.len - 1);
	buf_add(&b, stored, stored_len);
	corpus_add("decompress", name, b.data, b.len);
	compressor_free(c);
}

static void every_way_to_store_is_kept_for_the_fuzzer(void **state)
{
	uint8_t data[8192];

	(void)state;
	fill(data, 3000, TEXT);
	keep_for_fuzzing("text", data, 3000);
	fill(data, 100, RANDOM);
	keep_for_fuzzing("raw", data, 100);
	fill(data, sizeof(data), BF16);
	keep_for_fuzzing("planes2", data, sizeof(data));
	fill(data, sizeof(data), INTEGERS);
	keep_for_fuzzing("planes4", data, sizeof(data));
	fill(data, sizeof(data), TIMES);
	keep_for_fuzzing("planes8", data, sizeof(data));
	fill(data, sizeof(data), ZEROS);
	keep_for_fuzzing("zeros", data, sizeof(data));
}

static void damaged_frames_never_write_outside(void **state)
{
	DV_AUTO_FREE uint8_t *data = xmalloc(20000);
	struct compressor *c = compressor_new();
	const uint8_t *stored;
	size_t len;
	enum codec codec;
	enum filter filter;
	uint64_t seed = 8;

	(void)state;
	fill(data, 20000, TEXT);
	assert_true(compress_try(c, data, 20000, &stored, &len, &codec,
				 &filter));
	for (int i = 0; i < 3000; i++) {
		struct compressor *d = compressor_new();
		DV_AUTO_FREE uint8_t *bad = xmalloc(len);
		DV_AUTO_FREE uint8_t *raw = xmalloc(20000);
		enum filter f = i % 3 ? 4 * (i % 3) : FILTER_NONE;

		memcpy(bad, stored, len);
		for (int k = 0; k <= i % 4; k++)
			bad[random_next(&seed) % len] ^= random_next(&seed);
		/* it may come out wrong, that is what checks are for */
		decompress(d, CODEC_ZSTD, f, bad, len, raw, 20000);
		compressor_free(d);
	}
	compressor_free(c);
}

static void the_check_is_xxh3(void **state)
{
	(void)state;
	/* XXH3_64bits of nothing, from its specification */
	assert_true(check64("", 0) == UINT64_C(0x2d06800538d394c2));
}

/* Whatever code of the library does it. */
static void the_check_of_any_length_is_that_of_the_plain_code(void **state)
{
	const size_t most = 300000;
	DV_AUTO_FREE uint8_t *data = xmalloc(most);

	(void)state;
	random_fill(data, most, 8);
	for (size_t len = 1; len < most; len += len / 3 + 1)
		for (size_t at = 0; at < 3 && at < len; at++)
			assert_true(check64(data + at, len - at) ==
				    XXH3_64bits(data + at, len - at));
	for (size_t len = 4000; len < 4200; len++)
		assert_true(check64(data, len) == XXH3_64bits(data, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_shrinks_without_a_filter),
		cmocka_unit_test(random_data_is_left_alone),
		cmocka_unit_test(weights_are_split_into_planes),
		cmocka_unit_test(times_are_split_into_planes),
		cmocka_unit_test(decimals_are_not_split),
		cmocka_unit_test(zeros_and_integers_shrink_a_lot),
		cmocka_unit_test(repeated_random_records_are_noticed),
		cmocka_unit_test(what_shrinks_in_a_part_of_a_frame_is_noticed),
		cmocka_unit_test(what_repeats_in_one_plane_is_noticed),
		cmocka_unit_test(every_kind_and_odd_lengths_come_back),
		cmocka_unit_test(a_run_of_random_frames_hides_little),
		cmocka_unit_test(planes_are_what_the_format_says),
		cmocka_unit_test(planes_of_every_length),
		cmocka_unit_test(unknown_codecs_and_filters_are_refused),
		cmocka_unit_test(raw_bytes_must_have_their_length),
		cmocka_unit_test(hostile_frames_are_refused),
		cmocka_unit_test(bombs_and_huge_windows_are_refused),
		cmocka_unit_test(damaged_frames_never_write_outside),
		cmocka_unit_test(every_way_to_store_is_kept_for_the_fuzzer),
		cmocka_unit_test(the_check_is_xxh3),
		cmocka_unit_test(the_check_of_any_length_is_that_of_the_plain_code),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
