#ifndef CHUNK_AVX512_H
#define CHUNK_AVX512_H

#if defined(__x86_64__)

#include <immintrin.h>

/*
 * What the kernels in AVX-512 share; only where cpu_has_avx512().
 */
#define AVX512		__attribute__((target("avx512f,avx512bw")))
#define AVX512_INLINE	__attribute__((target("avx512f,avx512bw"), \
				       always_inline)) static inline

/* A 16 x 16 transposition of 32-bit words. */
AVX512_INLINE void avx512_transpose(__m512i r[16])
{
	__m512i t[16];

#pragma GCC unroll 8
	for (int i = 0; i < 16; i += 2) {
		t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 16; i += 4) {
		r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
		r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
		r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
		r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
	}
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++) {
		int at = i / 4 * 8 + i % 4;

		t[at] = _mm512_shuffle_i32x4(r[at], r[at + 4], 0x88);
		t[at + 4] = _mm512_shuffle_i32x4(r[at], r[at + 4], 0xdd);
	}
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++) {
		r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
		r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
	}
}

#endif

#endif
