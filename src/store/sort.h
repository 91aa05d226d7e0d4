#ifndef STORE_SORT_H
#define STORE_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

/* A key to sort by and what belongs to it. */
struct sort_key {
	uint64_t key;
	uint64_t value;
};

/* The first eight bytes of an id as a number that sorts as ids do. */
static inline uint64_t id_prefix(const struct dv_id *id)
{
	uint64_t v;

	memcpy(&v, id->bytes, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/*
 * Sorts by key; equal keys stay in the order they came in.  `scratch` has
 * room for count keys too.
 */
void sort_keys(struct sort_key *keys, size_t count, struct sort_key *scratch);

#endif
