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
#define SHA256_LANES_MOST	8

/*
 * Hashes `blocks` blocks in each lane: state[i] goes on with the
 * bytes at in[i].  Lanes may have the same bytes, never the same state.
 */
typedef void sha256_run_fn(uint32_t (*state)[8], const uint8_t *const *in,
			   size_t blocks);

struct sha256_kernel {
	unsigned lanes;		/* 1 to SHA256_LANES_MOST */
	/* what to call with n lanes in use; it may do up to `lanes` */
	sha256_run_fn *run[SHA256_LANES_MOST + 1];
};

extern const uint32_t sha256_constants[64];
extern const uint32_t sha256_start[8];

void sha256_lanes(const struct sha256_kernel *k,
		  const struct sha256_job *jobs, size_t count);

/* NULL where the compiler's target has no such thing. */
const struct sha256_kernel *sha256_kernel_ni(void);
const struct sha256_kernel *sha256_kernel_avx2(void);

#endif
