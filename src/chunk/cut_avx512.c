#include "chunk/cut_kernel.h"

#if defined(__x86_64__)

#include "chunk/avx512.h"
#include "chunk/cut_table.h"

/*
 * As in cut_avx2.c a region is cut into rows that are hashed side by side.
 * A vector of 512 bits has a 32-bit hash of each of 16 rows, and the nibble
 * tables, 16 words each, fit into one vector too: vpermd looks up sixteen
 * words at once by the low four bits of the index, so that nothing has to be
 * masked or put together.  A step takes 64 bytes of each row and transposes
 * them as 16 x 16 words; the four bytes of a word follow by shifts.
 *
 * A step in which a row had a candidate is hashed again by the plain code.
 */
#define ROWS		16
#define STEP		64	/* bytes of each row in a step */
#define WARM		STEP	/* bytes hashed before a row: >= CUT_WINDOW */
/*
 * Bytes of a row: an odd number of cache lines, so that rows do not share
 * cache sets; long, so that the CPU fetches ahead in each of them.
 */
#define ROW_MOST	(65 * 64)
#define ROW_LEAST	(5 * 64)
#define STEPS_MOST	(ROW_MOST / STEP)

/* Bit s of hits[row]: a hash of that row was small in step s. */
struct hits {
	uint64_t bits[ROWS][(STEPS_MOST + 63) / 64];
};

/* Goes on with the byte at bit `shift` of each word. */
AVX512_INLINE __m512i roll(__m512i h, __m512i words, const int shift)
{
	const __m512i a = _mm512_loadu_si512(cut_table_a);
	const __m512i b = _mm512_loadu_si512(cut_table_b);
	__m512i low = _mm512_permutexvar_epi32(
		_mm512_srli_epi32(words, shift), a);
	__m512i high = _mm512_permutexvar_epi32(
		_mm512_srli_epi32(words, shift + 4), b);

	return _mm512_add_epi32(_mm512_add_epi32(h, h),
				_mm512_xor_si512(low, high));
}

/*
 * One step of all rows, the first of which is at p.  Returns the rows that
 * have a candidate.
 */
AVX512_INLINE __mmask16 hash_step(const uint8_t *p, size_t row_len,
				  __m512i *hash)
{
	const __m512i limit = _mm512_set1_epi32(CUT_WEAK_BELOW);
	__m512i r[16], h = *hash, least = _mm512_set1_epi32(-1);

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++)
		r[i] = _mm512_loadu_si512(p + i * row_len);
	avx512_transpose(r);
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		__m512i h1 = roll(h, r[i], 0), h2 = roll(h1, r[i], 8);
		__m512i h3 = roll(h2, r[i], 16);

		h = roll(h3, r[i], 24);
		least = _mm512_min_epu32(_mm512_min_epu32(least, h1), h2);
		least = _mm512_min_epu32(_mm512_min_epu32(least, h3), h);
	}
	*hash = h;
	return _mm512_cmplt_epu32_mask(least, limit);
}

/* Rows of row_len bytes each, from `from` on; WARM bytes lie before it. */
AVX512 static void hash_rows(const uint8_t *from, size_t row_len,
			     struct hits *hits)
{
	__m512i h = _mm512_setzero_si512();

	for (int row = 0; row < ROWS; row++)
		for (size_t i = 0; i < (STEPS_MOST + 63) / 64; i++)
			hits->bits[row][i] = 0;
	hash_step(from - WARM, row_len, &h);
	for (size_t s = 0; s < row_len / STEP; s++) {
		unsigned mask = hash_step(from + s * STEP, row_len, &h);

		for (; __builtin_expect(mask, 0); mask &= mask - 1)
			hits->bits[__builtin_ctz(mask)][s / 64] |=
				UINT64_C(1) << (s % 64);
	}
}

static void collect(const struct hits *hits, const uint8_t *from,
		    size_t row_len, uint64_t base, struct cut_list *out)
{
	const uint32_t *gear = cut_gear();

	for (size_t row = 0; row < ROWS; row++)
		for (size_t i = 0; i < (STEPS_MOST + 63) / 64; i++) {
			uint64_t bits = hits->bits[row][i];

			for (; bits; bits &= bits - 1) {
				size_t at = row * row_len + STEP *
					(i * 64 + __builtin_ctzll(bits));
				const uint8_t *p = from + at;

				cut_scan_plain(gear,
					cut_warm_up(gear, p, CUT_WINDOW),
					p, STEP, base + at, out);
			}
		}
}

size_t cut_scan_avx512(const uint8_t *data, size_t len, uint64_t base,
		       struct cut_list *out)
{
	struct hits hits;
	size_t done = 0;

	/* the vectors want more than a window before their first byte */
	if (len < WARM + ROWS * ROW_LEAST)
		return 0;
	done = WARM - CUT_WINDOW;
	cut_scan_plain(cut_gear(), cut_warm_up(cut_gear(), data, CUT_WINDOW),
		       data, done, base, out);
	while (len - done >= ROWS * ROW_LEAST) {
		size_t row_len = (len - done) / ROWS / STEP * STEP;

		if (row_len > ROW_MOST)
			row_len = ROW_MOST;
		hash_rows(data + done, row_len, &hits);
		collect(&hits, data + done, row_len, base + done, out);
		done += ROWS * row_len;
	}
	return done;
}

#else

size_t cut_scan_avx512(const uint8_t *data, size_t len, uint64_t base,
		       struct cut_list *out)
{
	(void)data;
	(void)len;
	(void)base;
	(void)out;
	return 0;
}

#endif
