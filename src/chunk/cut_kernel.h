#ifndef CHUNK_CUT_KERNEL_H
#define CHUNK_CUT_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "chunk/cut.h"

/*
 * What the kernels of cut_scan() share.
 */
#define CUT_WEAK_BELOW		(1u << 18)	/* 14 zero bits on top */
#define CUT_STRONG_BELOW	(1u << 14)	/* 18 zero bits on top */

/* G[256], made from cut_table.h at the first call. */
const uint32_t *cut_gear(void);

/*
 * The hash of the up to CUT_WINDOW bytes that end before data[0), of which
 * `before` are there.
 */
uint32_t cut_warm_up(const uint32_t *gear, const uint8_t *data,
		     size_t before);

/*
 * Appends the candidates in (base, base + len], given the hash h of the bytes
 * before data.  Returns the hash at the end.
 */
uint32_t cut_scan_plain(const uint32_t *gear, uint32_t h,
			const uint8_t *data, size_t len, uint64_t base,
			struct cut_list *out);

/*
 * Candidates of as much of data[0..len) as fills whole vectors; returns how
 * much that was.  CUT_WINDOW bytes lie before data.
 */
typedef size_t cut_vector_fn(const uint8_t *data, size_t len, uint64_t base,
			     struct cut_list *out);

cut_vector_fn cut_scan_avx2;	/* only where cpu_has_avx2() */
cut_vector_fn cut_scan_avx512;	/* only where cpu_has_avx512() */

/* cut_scan() by the given vector code, or by none (NULL). */
void cut_scan_by(cut_vector_fn *vector, const uint8_t *data, size_t len,
		 size_t before, uint64_t base, struct cut_list *out);

#endif
