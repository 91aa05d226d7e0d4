#ifndef CHUNK_SHA256_LANES_H
#define CHUNK_SHA256_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "chunk/sha256.h"

/*
 * Several messages hashed side by side.  A kernel does the arithmetic for
 * whole blocks of 64 bytes; sha256_lanes() gives it messages, their padding
 * and the next message when one is done.
 */
#define SHA256_BLOCK		64	/* bytes */
#define SHA256_LANES_MOST	16

struct sha256_kernel {
	unsigned lanes;		/* 1 to SHA256_LANES_MOST */
	unsigned least;		/* messages; OpenSSL is faster with fewer */
	/*
	 * Hashes `blocks` blocks in each of the first `used` lanes: state[i]
	 * goes on with the bytes at in[i].  It may do the same to the other
	 * lanes, which all have some bytes to read and a state of their own.
	 */
	void (*run)(uint32_t (*state)[8], const uint8_t *const *in,
		    unsigned used, size_t blocks);
	/* with at most `few` messages left the narrow kernel is faster */
	unsigned few;
	const struct sha256_kernel *(*narrow)(void);
};

extern const uint32_t sha256_constants[64];
extern const uint32_t sha256_start[8];

void sha256_lanes(const struct sha256_kernel *k,
		  const struct sha256_job *jobs, size_t count);

/* NULL where the compiler's target has no such thing. */
const struct sha256_kernel *sha256_kernel_ni(void);
const struct sha256_kernel *sha256_kernel_avx2(void);
/* For CPUs with both AVX-512 and SHA-NI. */
const struct sha256_kernel *sha256_kernel_avx512(void);

#endif
