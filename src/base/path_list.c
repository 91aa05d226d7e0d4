#include "base/path_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void path_list_add(struct path_list *l, const char *path, size_t len)
{
	ARRAY_GROW(l->items, l->count + 1, l->room);
	l->items[l->count++] = arena_copy(&l->arena, path, len);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void path_list_sort(struct path_list *l)
{
	size_t kept = 0;

	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_bytes);
	for (size_t i = 0; i < l->count; i++)
		if (!kept || strcmp(l->items[kept - 1], l->items[i]))
			l->items[kept++] = l->items[i];
	l->count = kept;
}

size_t path_list_lower(const struct path_list *l, const char *path)
{
	return array_lower(path, l->items, l->count, sizeof(*l->items),
			   array_order_text);
}

bool path_list_has(const struct path_list *l, const char *path)
{
	size_t at = path_list_lower(l, path);

	return at < l->count && !strcmp(l->items[at], path);
}

void path_list_release(struct path_list *l)
{
	arena_release(&l->arena);
	free(l->items);
	memset(l, 0, sizeof(*l));
}
