/* What is kept of other repositories, and was not used for the grace. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "keep/gc.h"
#include "source/kept.h"

struct telling {
	struct gc *gc;
	struct gc_sources *sources;
};

static int take_kept(const struct kept *kept, void *data)
{
	struct telling *t = data;
	struct gc_sources *s = t->sources;
	const struct dv_gc_entry entry = {
		.action = DV_GC_REMOVE, .bytes = kept->bytes,
		.name = kept->dir + strlen(store_path(t->gc->live.store)) + 1,
		.url = kept->url,
	};

	ARRAY_GROW(s->items, s->count + 1, s->room);
	s->items[s->count++] = (struct gc_source){
		arena_copy(&s->arena, kept->dir, strlen(kept->dir)),
		kept->bytes,
	};
	return gc_tell_entry(t->gc, &entry);
}

int gc_sources_plan(struct gc *g, struct gc_sources *s)
{
	struct telling t = { g, s };

	return kept_each_unused(store_path(g->live.store), s->cutoff_ns,
				take_kept, &t);
}

int gc_sources_remove(struct gc *g, const struct gc_sources *s)
{
	const char *temp;
	bool removed;
	int err = s->count ? store_temp_dir(g->live.store, &temp) : 0;

	for (size_t i = 0; i < s->count && !err; i++) {
		err = kept_remove(s->items[i].dir, s->cutoff_ns, temp,
				  &removed);
		if (!err && !removed)
			gc_keep(g, DV_GC_REMOVE, s->items[i].bytes);
	}
	return err;
}

void gc_sources_release(struct gc_sources *s)
{
	arena_release(&s->arena);
	free(s->items);
}
