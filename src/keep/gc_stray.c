/* Collecting what a crash has left in the store: see store_each_stray(). */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "keep/gc.h"

static int by_path(const void *a, const void *b)
{
	const struct gc_stray *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int take_stray(const char *path, void *data)
{
	struct gc_strays *l = data;
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (timespec_ns(&st.st_mtim) >= l->cutoff_ns) {
		l->young++;
		return 0;
	}
	ARRAY_GROW(l->items, l->count + 1, l->room);
	l->items[l->count++] = (struct gc_stray){ xstrdup(path), st.st_size };
	return 0;
}

static int gather(struct store *s, struct gc_strays *l)
{
	int err = store_each_stray(s, take_stray, l);

	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_path);
	return err;
}

int gc_strays_plan(struct gc *g, struct gc_strays *l)
{
	size_t skip = strlen(store_path(g->live.store)) + 1;
	int err = gather(g->live.store, l);

	g->result->young += l->young;
	for (size_t i = 0; i < l->count && !err; i++)
		err = gc_tell(g, DV_GC_REMOVE, l->items[i].path + skip,
			      l->items[i].bytes);
	return err;
}

int gc_strays_remove(struct gc *g, const struct gc_strays *planned)
{
	struct gc_strays now = { .cutoff_ns = planned->cutoff_ns };
	int err = gather(g->live.store, &now);

	/* one that got its index meanwhile is none any more */
	for (size_t i = 0; i < now.count && !err; i++)
		if (planned->count &&
		    bsearch(&now.items[i], planned->items, planned->count,
			    sizeof(*planned->items), by_path) &&
		    unlink(now.items[i].path) < 0 && errno != ENOENT)
			err = dv_fail_errno("cannot remove %s",
					    now.items[i].path);
	gc_strays_release(&now);
	return err;
}

void gc_strays_release(struct gc_strays *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i].path);
	free(l->items);
}
