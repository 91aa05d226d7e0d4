#include "base/array.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* There is nothing sensible to go on with; files half made are harmless. */
__attribute__((noreturn))
static void out_of_memory(void)
{
	fputs("dv: out of memory\n", stderr);
	abort();
}

void *xmalloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = count && size ? calloc(count, size) : calloc(1, 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xmalloc_aligned(size_t align, size_t bytes)
{
	void *p = aligned_alloc(align, bytes);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *old, size_t bytes)
{
	void *p = realloc(old, bytes ? bytes : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *text)
{
	size_t len = strlen(text) + 1;

	return memcpy(xmalloc(len), text, len);
}

void *array_grow(void *items, size_t need, size_t *room, size_t size)
{
	size_t more, bytes;

	if (need <= *room)
		return items;
	if (__builtin_add_overflow(*room, *room / 2 + 8, &more) || more < need)
		more = need;
	if (__builtin_mul_overflow(more, size, &bytes))
		out_of_memory();
	items = xrealloc(items, bytes);
	*room = more;
	return items;
}

size_t array_lower(const void *key, const void *items, size_t count,
		   size_t size,
		   int (*order)(const void *key, const void *item))
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order(key, (const char *)items + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int array_order_text(const void *text, const void *item)
{
	return strcmp(text, *(const char *const *)item);
}
