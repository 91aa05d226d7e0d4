#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/path.h"
#include "transfer/fetch.h"

void fetch_walk_release(struct fetch_walk *w)
{
	marks_release(&w->visited);
	free(w->ids);
	free(w->classes);
	w->ids = NULL;
	w->classes = NULL;
	w->id_count = w->id_room = w->class_room = 0;
}

static int note_missing(struct fetch_walk *w, enum object_class class,
			const struct dv_id *id)
{
	struct place place;
	uint32_t number;
	size_t mark;

	w->missing++;
	if (w->first_only || (class == OBJECT_META && w->nodes_here))
		return DV_E_INCOMPLETE;
	if (!w->marks)
		return 0;
	if (have_lookup(w->fetch->have, class, id, &number, &place)) {
		marks_set(w->marks, &place, &mark);
		w->marks->items[mark].stamp = number;
		return 0;
	}
	w->unplaced++;
	if (w->id_count == FETCH_IDS_MAX)
		return 0;
	ARRAY_GROW(w->ids, w->id_count + 1, w->id_room);
	ARRAY_GROW(w->classes, w->id_count + 1, w->class_room);
	w->ids[w->id_count] = *id;
	w->classes[w->id_count++] = class;
	return 0;
}

static int fetch_visit(void *data, enum object_class class,
		       const struct dv_id *id)
{
	struct fetch_walk *w = data;
	struct place place;
	size_t mark;

	if (class == OBJECT_DATA && !w->data)
		return 0;
	if (!store_find(w->fetch->store, class, id, &place))
		return note_missing(w, class, id);
	return class == OBJECT_META && marks_set(&w->visited, &place, &mark);
}

/* On the way to a path every node is looked at, seen before or not. */
static int way_visit(void *data, enum object_class class,
		     const struct dv_id *id)
{
	struct fetch_walk *w = data;
	struct place place;

	if (!store_find(w->fetch->store, class, id, &place))
		return note_missing(w, class, id);
	return 1;
}

int fetch_walk_root(struct fetch_walk *w, const struct fetch_root *r)
{
	const struct dv_filter *filter = w->fetch->options->what.filter;
	struct want start = want_root(r->root->kind, &r->root->id);
	const struct want_filter how = { filter, way_visit, fetch_visit, w };
	struct store_reader *reader = w->fetch->reader;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (*r->root->inside) {
		int err = want_resolve(reader, &start, r->root->path,
				       r->root->inside, way_visit, w, &start);

		if (err <= 0)
			return err;
	}
	if (!filter)
		return want_walk(reader, &start, fetch_visit, w);
	path_join(&path, r->root->path, r->root->inside);
	/* a file that was named is wanted, whatever its size */
	return want_walk_filtered(reader, &start, path.data,
				  *r->root->inside ? 0 : r->root->size, &how);
}

int fetch_walk_all(struct fetch_walk *w)
{
	struct fetch *f = w->fetch;
	int err = 0;

	marks_release(&w->visited);
	w->missing = w->unplaced = 0;
	w->id_count = 0;
	for (size_t i = 0; i < f->count && !err; i++)
		if (f->roots[i].located && !f->roots[i].done &&
		    !f->roots[i].planned)
			err = fetch_walk_root(w, &f->roots[i]);
	return err;
}

int fetch_root_here(struct fetch *f, const struct fetch_root *r)
{
	DV_AUTO_FETCH_WALK struct fetch_walk w = {
		.fetch = f, .data = !f->options->metadata_only,
		.first_only = true,
	};
	int err = fetch_walk_root(&w, r);

	if (err == DV_E_INCOMPLETE)
		return 0;
	return err ? err : 1;
}
