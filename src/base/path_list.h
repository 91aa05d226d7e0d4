#ifndef BASE_PATH_LIST_H
#define BASE_PATH_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Paths, in the order of their bytes once path_list_sort() was called. */
struct path_list {
	struct arena arena;
	const char **items;	/* owned; the texts are the arena's */
	size_t count, room;
};

#define PATH_LIST_INIT	{ { NULL }, NULL, 0, 0 }
#define DV_AUTO_PATH_LIST	__attribute__((cleanup(path_list_release)))

void path_list_add(struct path_list *l, const char *path, size_t len);
/* Sorts by bytes and drops duplicates. */
void path_list_sort(struct path_list *l);
/* Number of the first item that is not less than path. */
size_t path_list_lower(const struct path_list *l, const char *path);
bool path_list_has(const struct path_list *l, const char *path);
void path_list_release(struct path_list *l);

#endif
