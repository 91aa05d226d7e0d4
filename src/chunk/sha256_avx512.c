#include "chunk/sha256_lanes.h"

#if defined(__x86_64__)

#include "chunk/avx512.h"

/*
 * SHA-256 of sixteen messages at once.  AVX-512 rotates in one instruction and
 * has any function of three words in one, so that a round of sixteen takes a
 * third less time than the CPU's own instructions for SHA-256 do.
 */
#define LANES		16
/*
 * A block takes as long however many lanes are in use; with so few it is
 * SHA-NI that is faster.
 */
#define NI_MOST		11

#define VECTOR		__m512i
#define INLINE		AVX512_INLINE
#define ADD(a, b)	_mm512_add_epi32(a, b)
#define SHIFT(x, n)	_mm512_srli_epi32(x, n)
#define ROTATE(x, n)	_mm512_ror_epi32(x, n)
#define SAME(n)		_mm512_set1_epi32((int)(n))
/* The last argument is what the three words 0xf0, 0xcc, 0xaa give. */
#define XOR3(a, b, c)	_mm512_ternarylogic_epi32(a, b, c, 0x96)
#define CHOOSE(a, b, c)	_mm512_ternarylogic_epi32(a, b, c, 0xca)
#define MAJORITY(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0xe8)

/* A block of each message, as numbers. */
AVX512_INLINE void load_words(const uint8_t *const at[LANES], __m512i w[16])
{
	const __m512i big_endian = _mm512_broadcast_i32x4(
		_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));

#pragma GCC unroll 16
	for (int l = 0; l < LANES; l++)
		w[l] = _mm512_shuffle_epi8(_mm512_loadu_si512(at[l]),
					   big_endian);
	avx512_transpose(w);
}

#include "chunk/sha256_rounds.h"

AVX512 static void run(uint32_t (*state)[8], const uint8_t *const *in,
		       unsigned used, size_t blocks)
{
	const uint8_t *at[LANES];
	__m512i s[16];

	(void)used;
#pragma GCC unroll 16
	for (int l = 0; l < LANES; l++) {
		at[l] = in[l];
		s[l] = _mm512_zextsi256_si512(_mm256_loadu_si256(
			(const __m256i *)state[l]));
	}
	avx512_transpose(s);
	while (blocks--) {
		block(s, at);
		for (int l = 0; l < LANES; l++)
			at[l] += SHA256_BLOCK;
	}
	avx512_transpose(s);
#pragma GCC unroll 16
	for (int l = 0; l < LANES; l++)
		_mm256_storeu_si256((__m256i *)state[l],
				    _mm512_castsi512_si256(s[l]));
}

const struct sha256_kernel *sha256_kernel_avx512(void)
{
	static const struct sha256_kernel kernel = {
		.lanes = LANES, .least = 1, .run = run,
		.few = NI_MOST, .narrow = sha256_kernel_ni,
	};

	return &kernel;
}

#else

const struct sha256_kernel *sha256_kernel_avx512(void)
{
	return NULL;
}

#endif
