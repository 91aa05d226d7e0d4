#ifndef CHUNK_PROBE_H
#define CHUNK_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chunk/compress.h"

/*
 * A look at a few kilobytes of a frame: what is it worth trying?
 */
enum probe_verdict {
	PROBE_FLAT,		/* all bytes equally frequent: like random */
	PROBE_UNEVEN,		/* worth compressing */
};

struct probe {
	enum probe_verdict verdict;
	/* A filter that should be tried, or FILTER_NONE. */
	enum filter filter;
};

/* len must not be 0. */
struct probe probe_bytes(const uint8_t *data, size_t len);

/*
 * A glance, for frames among others that were flat: it does not see what
 * would shrink by a few per cent only.  len is at least 4096.
 */
bool probe_looks_flat(const uint8_t *data, size_t len);

#endif
