#include "chunk/cut_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "base/array.h"
#include "chunk/cut_table.h"

/*
 * A hash depends on the last 32 bytes only, so it can be had at any place
 * without the bytes long before.  A region is therefore cut into 32 rows
 * that are hashed side by side, each begun CUT_WINDOW bytes early.  A step
 * takes 16 bytes of each row and transposes them, so that one vector holds
 * a byte of every row; a vector register has 32 bytes, which is where the
 * number of rows comes from.  Looking a byte up in the gear table is two
 * pshufb (low and high nibble) for each of the four bytes of the result.
 *
 * Candidates are rare: a step only notes in which columns of hashes there
 * was one, and the few rows behind that column are hashed again by the plain
 * code, which also puts the candidates in order.
 */
#define ROWS		32
#define STEP		16	/* bytes of each row in a step */
/*
 * Bytes of a row: long enough that the 32 more at its start matter little;
 * 17 cache lines, so that rows do not share the same cache sets; all rows
 * together stay in the L2 cache.
 */
#define ROW_MOST	1088
#define ROW_LEAST	128
#define WARM_STEPS	(CUT_WINDOW / STEP)
#define STEPS_MOST	((ROW_MOST + CUT_WINDOW) / STEP)
#define COLUMNS		8	/* 32-bit hashes in a vector */

#define AVX2		__attribute__((target("avx2")))
#define AVX2_INLINE	__attribute__((target("avx2"), always_inline)) \
			static inline

/* Byte k of the gear table's words, for pshufb. */
struct tables {
	__m256i low[4], high[4];
};

/* Bit s of hits[column]: a hash of that column was small in step s. */
struct hits {
	uint64_t bits[COLUMNS][(STEPS_MOST + 63) / 64];
};

AVX2_INLINE __m256i table_plane(const uint32_t words[16], int k)
{
	uint8_t plane[16];

	for (int i = 0; i < 16; i++)
		plane[i] = words[i] >> (8 * k);
	return _mm256_broadcastsi128_si256(
		_mm_loadu_si128((const __m128i *)plane));
}

AVX2_INLINE __m256i load_rows(const uint8_t *low, const uint8_t *high)
{
	__m256i r = _mm256_castsi128_si256(
		_mm_loadu_si128((const __m128i *)low));

	return _mm256_inserti128_si256(
		r, _mm_loadu_si128((const __m128i *)high), 1);
}

/*
 * Transposes 16 x 16 bytes in both halves of the vectors: four perfect
 * shuffles.
 */
AVX2_INLINE void transpose(__m256i r[16])
{
	__m256i t[16];

	for (int round = 0; round < 4; round++) {
#pragma GCC unroll 8
		for (int i = 0; i < 8; i++) {
			t[2 * i] = _mm256_unpacklo_epi8(r[i], r[i + 8]);
			t[2 * i + 1] = _mm256_unpackhi_epi8(r[i], r[i + 8]);
		}
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++)
			r[i] = t[i];
	}
}

/* Byte k of G[byte] for 32 bytes given as nibbles. */
AVX2_INLINE __m256i gear_plane(const struct tables *t, int k, __m256i low,
			       __m256i high)
{
	return _mm256_xor_si256(_mm256_shuffle_epi8(t->low[k], low),
				_mm256_shuffle_epi8(t->high[k], high));
}

AVX2_INLINE __m256i roll(__m256i h, __m256i g)
{
	return _mm256_add_epi32(_mm256_add_epi32(h, h), g);
}

/*
 * One byte of each row.  The unpacking puts the rows so: h[v] has rows
 * 4v .. 4v+3 in columns 0..3 and rows 4v+16 .. 4v+19 in columns 4..7.
 * Returns all ones in each column with a candidate.
 */
AVX2_INLINE __m256i hash_byte(const struct tables *t, __m256i bytes,
			      __m256i h[4])
{
	const __m256i nibble = _mm256_set1_epi8(15);
	const __m256i limit = _mm256_set1_epi32(CUT_WEAK_BELOW - 1);
	__m256i low = _mm256_and_si256(bytes, nibble);
	__m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
	__m256i p0 = gear_plane(t, 0, low, high);
	__m256i p1 = gear_plane(t, 1, low, high);
	__m256i p2 = gear_plane(t, 2, low, high);
	__m256i p3 = gear_plane(t, 3, low, high);
	__m256i a = _mm256_unpacklo_epi8(p0, p1);
	__m256i b = _mm256_unpackhi_epi8(p0, p1);
	__m256i c = _mm256_unpacklo_epi8(p2, p3);
	__m256i d = _mm256_unpackhi_epi8(p2, p3);
	__m256i least;

	h[0] = roll(h[0], _mm256_unpacklo_epi16(a, c));
	h[1] = roll(h[1], _mm256_unpackhi_epi16(a, c));
	h[2] = roll(h[2], _mm256_unpacklo_epi16(b, d));
	h[3] = roll(h[3], _mm256_unpackhi_epi16(b, d));
	least = _mm256_min_epu32(_mm256_min_epu32(h[0], h[1]),
				 _mm256_min_epu32(h[2], h[3]));
	return _mm256_cmpeq_epi32(_mm256_max_epu32(least, limit), limit);
}

/*
 * Hashes ROWS rows of row_len bytes each.  The first row's window begins
 * at `from`.  `ahead` bytes may be read after the last row.
 */
AVX2 static void hash_rows(const struct tables *tables, const uint8_t *from,
			   size_t row_len, size_t ahead, struct hits *hits)
{
	const struct tables t = *tables;	/* to live in registers */
	const uint8_t *after = from + CUT_WINDOW + ROWS * row_len;
	const size_t steps = (row_len + CUT_WINDOW) / STEP;
	__m256i h[4];

	memset(hits, 0, sizeof(*hits));
	for (int v = 0; v < 4; v++)
		h[v] = _mm256_setzero_si256();
	for (size_t s = 0; s < steps; s++) {
		const uint8_t *p = from + s * STEP;
		__m256i found = _mm256_setzero_si256();
		__m256i r[16];

#pragma GCC unroll 16
		for (int i = 0; i < 16; i++)
			r[i] = load_rows(p + i * row_len,
					 p + (i + 16) * row_len);
		/* the CPU does not guess that the next rows are wanted */
		if ((s + 1) * STEP * ROWS <= ahead)
			for (int i = 0; i < STEP * ROWS; i += 64)
				_mm_prefetch((const char *)after +
					     s * STEP * ROWS + i,
					     _MM_HINT_T0);
		transpose(r);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++)
			found = _mm256_or_si256(found, hash_byte(&t, r[i], h));
		if (__builtin_expect(_mm256_testz_si256(found, found), 1))
			continue;
		unsigned mask = _mm256_movemask_ps(_mm256_castsi256_ps(found));

		for (; s >= WARM_STEPS && mask; mask &= mask - 1)
			hits->bits[__builtin_ctz(mask)][s / 64] |=
				UINT64_C(1) << (s % 64);
	}
}

/* Goes over the steps of each row whose column was hit, row by row. */
static void collect(const struct hits *hits, const uint8_t *from,
		    size_t row_len, uint64_t base, struct cut_list *out)
{
	const uint32_t *gear = cut_gear();

	for (int row = 0; row < ROWS; row++) {
		int column = row % 4 + (row < 16 ? 0 : 4);
		size_t words = sizeof(hits->bits[0]) / sizeof(uint64_t);

		for (size_t w = 0; w < words; w++) {
			uint64_t bits = hits->bits[column][w];

			for (; bits; bits &= bits - 1) {
				size_t s = w * 64 + __builtin_ctzll(bits);
				size_t at = row * row_len + s * STEP;
				const uint8_t *p = from + at;

				cut_scan_plain(gear,
					cut_warm_up(gear, p, CUT_WINDOW),
					p, STEP, base + at - CUT_WINDOW, out);
			}
		}
	}
}

AVX2 size_t cut_scan_avx2(const uint8_t *data, size_t len, uint64_t base,
			  struct cut_list *out)
{
	struct tables tables;
	struct hits hits;
	size_t done = 0;

	if (len < ROWS * ROW_LEAST)
		return 0;
	for (int k = 0; k < 4; k++) {
		tables.low[k] = table_plane(cut_table_a, k);
		tables.high[k] = table_plane(cut_table_b, k);
	}
	while (len - done >= ROWS * ROW_LEAST) {
		const uint8_t *from = data + done - CUT_WINDOW;
		size_t row_len = (len - done) / ROWS / STEP * STEP;

		if (row_len > ROW_MOST)
			row_len = ROW_MOST;
		hash_rows(&tables, from, row_len, len - done - ROWS * row_len,
			  &hits);
		collect(&hits, from, row_len, base + done, out);
		done += ROWS * row_len;
	}
	return done;
}

#else

size_t cut_scan_avx2(const uint8_t *data, size_t len, uint64_t base,
		     struct cut_list *out)
{
	(void)data;
	(void)len;
	(void)base;
	(void)out;
	return 0;
}

#endif
