#include "chunk/sha256_lanes.h"

#if defined(__x86_64__)

#include <immintrin.h>

/*
 * SHA-256 of eight messages at once for CPUs with AVX2 but no instructions
 * for it.
 */
#define AVX2		__attribute__((target("avx2")))
#define AVX2_INLINE	__attribute__((target("avx2"), always_inline)) \
			static inline
#define LANES		8

#define VECTOR		__m256i
#define INLINE		AVX2_INLINE
#define ADD(a, b)	_mm256_add_epi32(a, b)
#define XOR(a, b)	_mm256_xor_si256(a, b)
#define AND(a, b)	_mm256_and_si256(a, b)
#define SHIFT(x, n)	_mm256_srli_epi32(x, n)
#define ROTATE(x, n)	_mm256_or_si256(_mm256_srli_epi32(x, n), \
					_mm256_slli_epi32(x, 32 - (n)))
#define SAME(n)		_mm256_set1_epi32((int)(n))
#define XOR3(a, b, c)	XOR(XOR(a, b), c)
#define CHOOSE(a, b, c)	XOR(c, AND(a, XOR(b, c)))
#define MAJORITY(a, b, c) XOR(b, AND(XOR(a, b), XOR(b, c)))

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
AVX2_INLINE void load_half(const uint8_t *const at[LANES], size_t offset,
			   __m256i w[8])
{
	const __m256i big_endian = _mm256_broadcastsi128_si256(
		_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));

	for (int l = 0; l < LANES; l++)
		w[l] = _mm256_shuffle_epi8(_mm256_loadu_si256(
			(const __m256i *)(at[l] + offset)), big_endian);
	transpose(w);
}

/* A block of each message. */
AVX2_INLINE void load_words(const uint8_t *const at[LANES], __m256i w[16])
{
	load_half(at, 0, w);
	load_half(at, 32, w + 8);
}

#include "chunk/sha256_rounds.h"

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
