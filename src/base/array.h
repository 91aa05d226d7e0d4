#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/*
 * Growing arrays of any type, as three plain fields in the owner:
 *
 *	struct entry *entries;	(owned)
 *	size_t count, room;
 *
 *	ARRAY_GROW(x.entries, x.count + 1, x.room);
 *	x.entries[x.count++] = entry;
 */
#define ARRAY_GROW(items, need, room) \
	((items) = array_grow((items), (need), &(room), sizeof(*(items))))

/*
 * Room for at least `need` items of `size` bytes, half as much again when it
 * grows.  Aborts when memory is out or the size overflows.
 */
void *array_grow(void *items, size_t need, size_t *room, size_t size);

/*
 * The number of the first of `count` sorted items of `size` bytes that does not
 * come before key, or count.  order(key, item) is as for bsearch(3).
 */
size_t array_lower(const void *key, const void *items, size_t count,
		   size_t size,
		   int (*order)(const void *key, const void *item));

/* The order for that, of a text among `const char *` in the order of bytes. */
int array_order_text(const void *text, const void *item);

/* malloc, calloc and realloc that abort when memory is out. */
void *xmalloc(size_t bytes);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t bytes);
/* At a multiple of `align`, a power of two that divides `bytes`. */
void *xmalloc_aligned(size_t align, size_t bytes);
/* A copy of text: free() it. */
char *xstrdup(const char *text);

#endif
