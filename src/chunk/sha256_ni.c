#include "chunk/sha256_lanes.h"

#if defined(__x86_64__)

#include <immintrin.h>

/*
 * SHA-256 with the CPU's own instructions.  sha256rnds2 takes four cycles
 * but a new one can start every two, so one message leaves the unit idle
 * half of the time; messages that are hashed side by side fill it.
 *
 * The instructions want the state as two vectors: A B E F and C D G H, from
 * the highest word to the lowest.
 */
#define NI		__attribute__((target("sha,sse4.1,ssse3")))
#define NI_INLINE	__attribute__((target("sha,sse4.1,ssse3"), \
				       always_inline)) static inline
#define LANES		4

struct ni_state {
	__m128i abef, cdgh;
};

NI_INLINE struct ni_state state_load(const uint32_t s[8])
{
	__m128i dcba = _mm_loadu_si128((const __m128i *)s);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(s + 4));
	__m128i badc = _mm_shuffle_epi32(dcba, 0xb1);
	__m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
	struct ni_state out;

	/* badc: words B A D C from the lowest; efgh: H G F E */
	out.abef = _mm_alignr_epi8(badc, efgh, 8);
	out.cdgh = _mm_blend_epi16(efgh, badc, 0xf0);
	return out;
}

NI_INLINE void state_store(struct ni_state in, uint32_t s[8])
{
	__m128i feba = _mm_shuffle_epi32(in.abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(in.cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)s, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(s + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* One block of `lanes` messages; lanes is a constant where it is called. */
NI_INLINE void block(struct ni_state *state, const uint8_t *const *in,
		     const int lanes)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b,
						  0x0405060700010203);
	struct ni_state s[LANES];
	__m128i w[LANES][4];

#pragma GCC unroll 4
	for (int l = 0; l < lanes; l++) {
		s[l] = state[l];
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			w[l][i] = _mm_shuffle_epi8(_mm_loadu_si128(
				(const __m128i *)(in[l] + 16 * i)),
				big_endian);
	}
#pragma GCC unroll 16
	for (int r = 0; r < 16; r++) {
		const __m128i k = _mm_load_si128(
			(const __m128i *)(sha256_constants + 4 * r));

#pragma GCC unroll 4
		for (int l = 0; l < lanes; l++) {
			__m128i m = _mm_add_epi32(w[l][r & 3], k), n;

			s[l].cdgh = _mm_sha256rnds2_epu32(s[l].cdgh,
							  s[l].abef, m);
			m = _mm_shuffle_epi32(m, 0x0e);
			s[l].abef = _mm_sha256rnds2_epu32(s[l].abef,
							  s[l].cdgh, m);
			if (r >= 12)
				continue;
			/* the four words of round r + 4 */
			n = _mm_sha256msg1_epu32(w[l][r & 3],
						 w[l][(r + 1) & 3]);
			n = _mm_add_epi32(n, _mm_alignr_epi8(
				w[l][(r + 3) & 3], w[l][(r + 2) & 3], 4));
			w[l][r & 3] = _mm_sha256msg2_epu32(n,
							   w[l][(r + 3) & 3]);
		}
	}
#pragma GCC unroll 4
	for (int l = 0; l < lanes; l++) {
		state[l].abef = _mm_add_epi32(state[l].abef, s[l].abef);
		state[l].cdgh = _mm_add_epi32(state[l].cdgh, s[l].cdgh);
	}
}

NI_INLINE void run_lanes(uint32_t (*state)[8], const uint8_t *const *in,
			 size_t blocks, const int lanes)
{
	struct ni_state s[LANES];
	const uint8_t *at[LANES];

#pragma GCC unroll 4
	for (int l = 0; l < lanes; l++) {
		s[l] = state_load(state[l]);
		at[l] = in[l];
	}
	while (blocks--) {
		block(s, at, lanes);
		/* told to unroll this, gcc makes seven copies of block() too */
		for (int l = 0; l < lanes; l++)
			at[l] += SHA256_BLOCK;
	}
#pragma GCC unroll 4
	for (int l = 0; l < lanes; l++)
		state_store(s[l], state[l]);
}

NI static void run1(uint32_t (*state)[8], const uint8_t *const *in,
		    size_t blocks)
{
	run_lanes(state, in, blocks, 1);
}

NI static void run2(uint32_t (*state)[8], const uint8_t *const *in,
		    size_t blocks)
{
	run_lanes(state, in, blocks, 2);
}

NI static void run4(uint32_t (*state)[8], const uint8_t *const *in,
		    size_t blocks)
{
	run_lanes(state, in, blocks, 4);
}

typedef void run_fn(uint32_t (*)[8], const uint8_t *const *, size_t);

static void run(uint32_t (*state)[8], const uint8_t *const *in,
		unsigned used, size_t blocks)
{
	/* three lanes cost less as four than as two and one */
	static run_fn *const by_lanes[LANES + 1] = {
		NULL, run1, run2, run4, run4,
	};

	by_lanes[used](state, in, blocks);
}

const struct sha256_kernel *sha256_kernel_ni(void)
{
	static const struct sha256_kernel kernel = {
		.lanes = LANES, .least = 1, .run = run,
	};

	return &kernel;
}

#else

const struct sha256_kernel *sha256_kernel_ni(void)
{
	return NULL;
}

#endif
