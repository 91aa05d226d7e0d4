#ifndef DV_CHUNK_H
#define DV_CHUNK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Cutting a byte stream into content-defined chunks, scheme "g32.1":
 * a 32-bit gear hash over the last 32 bytes, minimum 16 KiB, 64 KiB
 * the size aimed at, maximum 256 KiB.  Where a cut falls depends only on the
 * bytes before it, so an insertion moves the cuts near it and leaves the
 * others alone.  The rule and its test vectors: dvformat-chunk(5).
 */
#define DV_CHUNK_MIN	(16u << 10)	/* bytes */
#define DV_CHUNK_AIM	(64u << 10)
#define DV_CHUNK_MAX	(256u << 10)

/*
 * Length of the first chunk of data[0..len): DV_CHUNK_MIN <= result <=
 * DV_CHUNK_MAX, or len when the data ends first.  Reads at most
 * DV_CHUNK_MAX bytes.  Cannot fail.  len must not be 0.
 */
size_t dv_chunk_next(const uint8_t *data, size_t len);

#endif
