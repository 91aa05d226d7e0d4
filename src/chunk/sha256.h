#ifndef CHUNK_SHA256_H
#define CHUNK_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

/* One message to be hashed. */
struct sha256_job {
	const uint8_t *data;
	size_t len;
	struct dv_id *out;
};

/*
 * Hashes independent messages, as many at once as the CPU does well: sixteen
 * AVX-512 lanes, four interleaved SHA-NI lanes, eight AVX2 lanes without
 * SHA-NI, else OpenSSL one by one.  Cannot fail.
 */
void sha256_many(const struct sha256_job *jobs, size_t count);

/* One message. */
void sha256(const void *data, size_t len, struct dv_id *out);

/* A message that comes in pieces; give back with sha256_end(). */
struct sha256_stream;
struct sha256_stream *sha256_begin(void);
void sha256_update(struct sha256_stream *s, const void *data, size_t len);
/* Writes the digest and frees the stream; out may be NULL. */
void sha256_end(struct sha256_stream *s, struct dv_id *out);

/* "avx512", "sha-ni", "avx2" or "openssl". */
const char *sha256_kernel(void);

/* HMAC-SHA-256 (RFC 2104). */
void hmac_sha256(const void *key, size_t key_len, const void *data,
		 size_t len, uint8_t out[32]);

#endif
