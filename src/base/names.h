#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * Numbers for texts: the first one added is 0, the next 1 ... the same text
 * always gives the same number.  Not for use by several threads at once while
 * one of them adds.
 */
struct names {
	struct arena arena;
	struct name *items;	/* owned */
	size_t count, room;
	uint32_t *slots;	/* owned: number + 1, 0 for a free one */
	size_t slot_count;	/* 0 or a power of two */
	uint64_t seed;		/* of the hash; unknown to who makes names */
};

struct name {
	const char *text;
	size_t len;
	uint64_t hash;
};

#define NAMES_NONE	UINT32_MAX

/* The number of text[0..len), added when it is new. */
uint32_t names_add(struct names *n, const char *text, size_t len);
/* Its number, or NAMES_NONE. */
uint32_t names_find(const struct names *n, const char *text, size_t len);
void names_release(struct names *n);

#endif
