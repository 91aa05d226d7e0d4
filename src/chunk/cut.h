#ifndef CHUNK_CUT_H
#define CHUNK_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/chunk.h"

/*
 * The two steps of cutting.  A *candidate* is a position (number of bytes
 * before the cut) where the gear hash of the 32 bytes before it is small
 * enough; it depends on nothing else, so any thread can look for candidates
 * in any part of a file.  Choosing among them is serial and trivial.
 *
 * Rule (dvformat-chunk(5)): h = (h << 1) + G[byte] mod 2^32; weak candidate:
 * h < 2^18 (14 zero bits on top), strong: h < 2^14 (18 zero bits).  In a
 * chunk that starts at s: the first strong candidate in (s+MIN, s+AIM], else
 * the first weak one in (s+AIM, s+MAX], else s+MAX, else the end.
 */
#define CUT_WINDOW	32	/* bytes a hash depends on */

struct cut_list {
	uint64_t *items;	/* owned; position << 1 | strong, ascending */
	size_t count, room;
};

#define CUT_LIST_INIT	{ NULL, 0, 0 }

/*
 * Appends the candidates in (base, base + len]: positions counted from the
 * start of the file; data is the byte at `base`.  `before` bytes (at most
 * CUT_WINDOW are looked at) lie directly before data in memory; a file's
 * start has 0.  A position with fewer than CUT_WINDOW bytes before it in
 * the file is never looked at twice and hashes what there is.
 */
void cut_scan(const uint8_t *data, size_t len, size_t before, uint64_t base,
	      struct cut_list *out);

/* The same by the plain reference code, for tests. */
void cut_scan_reference(const uint8_t *data, size_t len, size_t before,
			uint64_t base, struct cut_list *out);

/* Which kernel cut_scan() uses here: "avx512", "avx2" or "scalar". */
const char *cut_kernel(void);

/*
 * Chooses cuts.  Zeroed to begin with; positions only grow.
 */
struct cut_chooser {
	uint64_t start;		/* of the chunk being made */
	size_t next;		/* first item not yet passed */
};

/*
 * The end of the chunk at c->start, given all candidates up to `known`
 * (bytes scanned so far); `last` when the file ends at `known`.  Returns
 * true, sets *end and moves on; false when more has to be scanned first.
 */
bool cut_choose(struct cut_chooser *c, const struct cut_list *list,
		uint64_t known, bool last, uint64_t *end);

/* Drops the items before c->next, so that a list does not grow for ever. */
void cut_list_trim(struct cut_list *list, struct cut_chooser *c);
void cut_list_release(struct cut_list *list);

#endif
