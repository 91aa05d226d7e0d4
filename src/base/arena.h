#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/spill.h"

/*
 * Many small allocations, one free.  Pointers stay valid until the arena is
 * released.  Not for use by several threads at once.
 */
struct arena {
	struct arena_block *blocks;	/* owned */
	struct spill *spill;		/* borrowed; where blocks go when there
					   are many, or NULL */
};

#define ARENA_INIT	{ NULL, NULL }
#define DV_AUTO_ARENA	__attribute__((cleanup(arena_release)))

/* `len` bytes aligned for any type.  Aborts when memory is out. */
void *arena_alloc(struct arena *a, size_t len);
/* A copy of data[0..len) with a 0 after it. */
char *arena_copy(struct arena *a, const void *data, size_t len);
void arena_release(struct arena *a);

#endif
