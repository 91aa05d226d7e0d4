#include "store/sort.h"

#include <string.h>

#define SMALL	48	/* keys: insertion is faster than counting */

static void insert_sort(struct sort_key *keys, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct sort_key k = keys[i];
		size_t at = i;

		for (; at && keys[at - 1].key > k.key; at--)
			keys[at] = keys[at - 1];
		keys[at] = k;
	}
}

/*
 * Radix sort, last byte first.  A byte that is the same in all keys is passed
 * over.
 */
void sort_keys(struct sort_key *keys, size_t count, struct sort_key *scratch)
{
	struct sort_key *from = keys, *to = scratch, *swap;
	uint64_t any = 0;

	if (count < SMALL) {
		insert_sort(keys, count);
		return;
	}
	for (size_t i = 1; i < count; i++)
		any |= keys[i].key ^ keys[0].key;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t at[256] = { 0 }, sum = 0;

		if (!(any >> shift & 255))
			continue;
		for (size_t i = 0; i < count; i++)
			at[from[i].key >> shift & 255]++;
		for (size_t i = 0; i < 256; i++) {
			size_t n = at[i];

			at[i] = sum;
			sum += n;
		}
		for (size_t i = 0; i < count; i++)
			to[at[from[i].key >> shift & 255]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof(*keys));
}
