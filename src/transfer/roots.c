#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/map.h"
#include "store/pointer_line.h"
#include "transfer/roots.h"

struct gather {
	struct roots *out;
	enum roots_flags flags;
	bool paths_matter;	/* to a filter */
	struct id_map seen;	/* id -> number of the first root with it */
};

static const char *copy(struct roots *r, const char *text)
{
	return text ? arena_copy(&r->arena, text, strlen(text)) : NULL;
}

static bool is_noted(const struct root_sources *s, const struct dv_tracked *t)
{
	for (const struct root_source *x = s->first; x; x = x->next)
		if (!strcmp(x->rest, t->pointer.rest))
			return true;
	return false;
}

static void note_source(struct roots *r, struct root_sources *s,
			const struct dv_tracked *t)
{
	struct root_source *x;

	if (s->count >= SOURCES_MAX || !pointer_has_source(&t->pointer) ||
	    is_noted(s, t))
		return;
	x = arena_alloc(&r->arena, sizeof(*x));
	*x = (struct root_source){
		.path = copy(r, t->path), .commit = copy(r, t->commit),
		.rest = copy(r, t->pointer.rest),
	};
	*s->end = x;
	s->end = &x->next;
	s->count++;
}

/* `sources`: of other parts of the same root, or NULL. */
static void roots_add(struct roots *r, const struct dv_tracked *t,
		      const char *inside, struct root_sources *sources)
{
	struct root *x;

	if (!sources) {
		sources = arena_alloc(&r->arena, sizeof(*sources));
		*sources = (struct root_sources){ .end = &sources->first };
		note_source(r, sources, t);
	}

	ARRAY_GROW(r->items, r->count + 1, r->room);
	x = &r->items[r->count++];
	*x = (struct root){
		.path = copy(r, t->path),
		.inside = copy(r, inside),
		.commit = copy(r, t->commit),
		.id = t->pointer.id,
		.kind = t->pointer.kind,
		.size = t->pointer.size,
		.files = t->pointer.files,
		.sources = sources,
		.awaited = pointer_is_awaited(&t->pointer),
	};
}

static int take_root(const struct dv_tracked *t, void *data)
{
	struct gather *g = data;
	const char *inside = t->inside && !(g->flags & ROOTS_WHOLE) ?
			     t->inside : "";
	struct root_sources *sources = NULL;
	bool added;
	uint64_t *n;

	if (g->flags & ROOTS_OWN && pointer_is_import(&t->pointer) &&
	    !pointer_is_changed(&t->pointer))
		return 0;
	/* the ids of such are all the same, and say nothing */
	if (pointer_is_awaited(&t->pointer)) {
		if (!(g->flags & ROOTS_KNOWN))
			roots_add(g->out, t, inside, NULL);
		return 0;
	}
	n = id_map_put(&g->seen, &t->pointer.id, g->out->count,
				 &added);

	/* several parts of one root follow each other */
	for (size_t i = *n; !added && i < g->out->count; i++) {
		const struct root *x = &g->out->items[i];

		if (!dv_id_equal(&x->id, &t->pointer.id) ||
		    x->kind != t->pointer.kind)
			continue;
		if (!sources)
			note_source(g->out, x->sources, t);
		sources = x->sources;
		if ((!g->paths_matter || !strcmp(x->path, t->path)) &&
		    (!*x->inside || !strcmp(x->inside, inside)))
			return 0;
	}
	roots_add(g->out, t, inside, sources);
	return 0;
}

int roots_gather(struct dv_repo *repo, const struct dv_selection *what,
		 enum roots_flags flags, struct roots *out)
{
	struct gather g = { .out = out, .flags = flags,
			    .paths_matter = what->filter,
			    .seen = ID_MAP_INIT };
	int err = dv_tracked_each(repo, what, take_root, &g);

	id_map_release(&g.seen);
	return err;
}

struct before {
	const struct roots *of;
	const struct root **by_path;	/* owned; of->items, sorted */
	struct roots *out;
	size_t max;
	bool *settled;		/* owned; for these HEAD had one */
};

static int compare_paths(const void *a, const void *b)
{
	const struct root *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static void add_before(const struct before *b, size_t number,
		       const struct dv_tracked *t)
{
	struct roots *out = &b->out[number];

	if (out->count >= b->max || b->settled[number] ||
	    pointer_is_awaited(&t->pointer) ||
	    dv_id_equal(&t->pointer.id, &b->of->items[number].id))
		return;
	for (size_t i = 0; i < out->count; i++)
		if (dv_id_equal(&out->items[i].id, &t->pointer.id))
			return;
	roots_add(out, t, "", NULL);
}

static int order_root(const void *path, const void *item)
{
	return strcmp(path, (*(const struct root *const *)item)->path);
}

static int take_before(const struct dv_tracked *t, void *data)
{
	const struct before *b = data;
	size_t low = array_lower(t->path, b->by_path, b->of->count,
				 sizeof(*b->by_path), order_root);

	for (; low < b->of->count && !strcmp(b->by_path[low]->path, t->path);
	     low++)
		add_before(b, b->by_path[low] - b->of->items, t);
	return 0;
}

int roots_before(struct dv_repo *repo, const struct roots *of, size_t max,
		 struct roots *out)
{
	struct before b = { .of = of, .out = out, .max = max };
	struct dv_selection head = { .rev = "HEAD" };
	struct dv_selection all = { .rev = "HEAD", .all_commits = true };
	size_t unsettled = 0;

	b.by_path = xcalloc(of->count + 1, sizeof(*b.by_path));
	b.settled = xcalloc(of->count + 1, sizeof(*b.settled));
	for (size_t i = 0; i < of->count; i++)
		b.by_path[i] = &of->items[i];
	qsort(b.by_path, of->count, sizeof(*b.by_path), compare_paths);
	/* a branch without a commit, a broken pointer long ago: no help */
	dv_tracked_each(repo, &head, take_before, &b);
	for (size_t i = 0; i < of->count; i++) {
		b.settled[i] = out[i].count > 0;
		unsettled += !b.settled[i];
	}
	if (unsettled)
		dv_tracked_each(repo, &all, take_before, &b);
	free(b.by_path);
	free(b.settled);
	return cancel_check();
}

void roots_release(struct roots *r)
{
	free(r->items);
	arena_release(&r->arena);
	r->items = NULL;
	r->count = r->room = 0;
}
