#include "chunk/sha256_lanes.h"

#if defined(__x86_64__)

#include <immintrin.h>

/*
 * SHA-256 of eight messages at once for CPUs with AVX2 but no instructions
 * for it: a vector has the same word of all eight.  Written from FIPS 180-4,
 * whose names it uses.
 */
#define AVX2		__attribute__((target("avx2")))
#define AVX2_INLINE	__attribute__((target("avx2"), always_inline)) \
			static inline
#define LANES		8

#define ADD(a, b)	_mm256_add_epi32(a, b)
#define XOR(a, b)	_mm256_xor_si256(a, b)
#define AND(a, b)	_mm256_and_si256(a, b)
#define SHIFT(x, n)	_mm256_srli_epi32(x, n)
#define ROTATE(x, n)	_mm256_or_si256(_mm256_srli_epi32(x, n), \
					_mm256_slli_epi32(x, 32 - (n)))

AVX2_INLINE __m256i big_sigma0(__m256i x)
{
	return XOR(XOR(ROTATE(x, 2), ROTATE(x, 13)), ROTATE(x, 22));
}

AVX2_INLINE __m256i big_sigma1(__m256i x)
{
	return XOR(XOR(ROTATE(x, 6), ROTATE(x, 11)), ROTATE(x, 25));
}

AVX2_INLINE __m256i small_sigma0(__m256i x)
{
	return XOR(XOR(ROTATE(x, 7), ROTATE(x, 18)), SHIFT(x, 3));
}

AVX2_INLINE __m256i small_sigma1(__m256i x)
{
	return XOR(XOR(ROTATE(x, 17), ROTATE(x, 19)), SHIFT(x, 10));
}

/* An 8 x 8 transposition of 32-bit words. */
AVX2_INLINE void transpose(__m256i r[8])
{
	__m256i t[8], u[8];

	for (int i = 0; i < 8; i += 2) {
		t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
		t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
	}
	for (int i = 0; i < 8; i += 4) {
		u[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
		u[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
		u[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
		u[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
	}
	for (int i = 0; i < 4; i++) {
		r[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
		r[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
	}
}

/* Eight words (32 bytes) of each message, as numbers. */
AVX2_INLINE void load_words(const uint8_t *const at[LANES], size_t offset,
			    __m256i w[8])
{
	const __m256i big_endian = _mm256_broadcastsi128_si256(
		_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));

	for (int l = 0; l < LANES; l++)
		w[l] = _mm256_shuffle_epi8(_mm256_loadu_si256(
			(const __m256i *)(at[l] + offset)), big_endian);
	transpose(w);
}

/* Round i; the roles of the eight state words go round instead of them. */
AVX2_INLINE void sha_round(__m256i s[8], int i, __m256i word)
{
	const __m256i k = _mm256_set1_epi32((int)sha256_constants[i]);
	__m256i a = s[(0 - i) & 7], b = s[(1 - i) & 7], c = s[(2 - i) & 7];
	__m256i e = s[(4 - i) & 7], f = s[(5 - i) & 7], g = s[(6 - i) & 7];
	__m256i choose = XOR(g, AND(e, XOR(f, g)));
	__m256i majority = XOR(b, AND(XOR(a, b), XOR(b, c)));
	__m256i t = ADD(ADD(s[(7 - i) & 7], big_sigma1(e)),
			ADD(choose, ADD(k, word)));

	s[(3 - i) & 7] = ADD(s[(3 - i) & 7], t);
	s[(7 - i) & 7] = ADD(t, ADD(big_sigma0(a), majority));
}

AVX2_INLINE void block(__m256i state[8], const uint8_t *const at[LANES])
{
	__m256i s[8], w[16];

	for (int i = 0; i < 8; i++)
		s[i] = state[i];
	load_words(at, 0, w);
	load_words(at, 32, w + 8);
	for (int base = 0; base < 64; base += 16) {
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			if (base)
				w[i] = ADD(ADD(w[i],
					       small_sigma0(w[(i + 1) & 15])),
					   ADD(w[(i + 9) & 15],
					       small_sigma1(w[(i + 14) & 15])));
			sha_round(s, base + i, w[i]);
		}
	}
	for (int i = 0; i < 8; i++)
		state[i] = ADD(state[i], s[i]);
}

AVX2 static void run(uint32_t (*state)[8], const uint8_t *const *in,
		     unsigned used, size_t blocks)
{
	const uint8_t *at[LANES];
	__m256i s[8];

	(void)used;
	for (int l = 0; l < LANES; l++) {
		at[l] = in[l];
		s[l] = _mm256_loadu_si256((const __m256i *)state[l]);
	}
	transpose(s);
	while (blocks--) {
		block(s, at);
		for (int l = 0; l < LANES; l++)
			at[l] += SHA256_BLOCK;
	}
	transpose(s);
	for (int l = 0; l < LANES; l++)
		_mm256_storeu_si256((__m256i *)state[l], s[l]);
}

const struct sha256_kernel *sha256_kernel_avx2(void)
{
	static const struct sha256_kernel kernel = {
		.lanes = LANES, .least = 4, .run = run,
	};

	return &kernel;
}

#else

const struct sha256_kernel *sha256_kernel_avx2(void)
{
	return NULL;
}

#endif
