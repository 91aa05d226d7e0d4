#ifndef TRANSFER_NUMBERS_H
#define TRANSFER_NUMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/array.h"

/* A growing array of numbers: of packs, of marks. */
struct numbers {
	uint32_t *items;	/* owned */
	size_t count, room;
};

#define NUMBERS_INIT	{ NULL, 0, 0 }
#define DV_AUTO_NUMBERS	__attribute__((cleanup(numbers_release)))

static inline void numbers_add(struct numbers *n, uint32_t value)
{
	ARRAY_GROW(n->items, n->count + 1, n->room);
	n->items[n->count++] = value;
}

static inline void numbers_release(struct numbers *n)
{
	free(n->items);
	n->items = NULL;
	n->count = n->room = 0;
}

#endif
