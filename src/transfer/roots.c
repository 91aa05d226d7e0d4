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

static void roots_add(struct roots *r, const struct dv_tracked *t,
		      const char *inside)
{
	struct root *x;

	ARRAY_GROW(r->items, r->count + 1, r->room);
	x = &r->items[r->count++];
	*x = (struct root){
		.path = arena_copy(&r->arena, t->path, strlen(t->path)),
		.inside = arena_copy(&r->arena, inside, strlen(inside)),
		.id = t->pointer.id,
		.kind = t->pointer.kind,
		.size = t->pointer.size,
		.files = t->pointer.files,
		.awaited = pointer_is_awaited(&t->pointer),
	};
	if (pointer_has_source(&t->pointer))
		x->rest = arena_copy(&r->arena, t->pointer.rest,
				     strlen(t->pointer.rest));
	if (t->commit)
		x->commit = arena_copy(&r->arena, t->commit,
				       strlen(t->commit));
}

static int take_root(const struct dv_tracked *t, void *data)
{
	struct gather *g = data;
	const char *inside = t->inside && !(g->flags & ROOTS_WHOLE) ?
			     t->inside : "";
	bool added;
	uint64_t *n;

	if (g->flags & ROOTS_OWN && pointer_is_import(&t->pointer))
		return 0;
	/* the ids of such are all the same, and say nothing */
	if (pointer_is_awaited(&t->pointer)) {
		if (!(g->flags & ROOTS_KNOWN))
			roots_add(g->out, t, inside);
		return 0;
	}
	n = id_map_put(&g->seen, &t->pointer.id, g->out->count,
				 &added);

	/* several parts of one root follow each other */
	for (size_t i = *n; !added && i < g->out->count; i++) {
		const struct root *x = &g->out->items[i];

		if (dv_id_equal(&x->id, &t->pointer.id) &&
		    x->kind == t->pointer.kind &&
		    (!g->paths_matter || !strcmp(x->path, t->path)) &&
		    (!*x->inside || !strcmp(x->inside, inside)))
			return 0;
	}
	roots_add(g->out, t, inside);
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
	struct roots *out;
	const struct root *root;
	size_t max;
};

static int take_before(const struct dv_tracked *t, void *data)
{
	struct before *b = data;

	if (b->out->count >= b->max || strcmp(t->path, b->root->path) ||
	    pointer_is_awaited(&t->pointer) ||
	    dv_id_equal(&t->pointer.id, &b->root->id))
		return 0;
	for (size_t i = 0; i < b->out->count; i++)
		if (dv_id_equal(&b->out->items[i].id, &t->pointer.id))
			return 0;
	roots_add(b->out, t, "");
	return 0;
}

int roots_before(struct dv_repo *repo, const struct root *root, size_t max,
		 struct roots *out)
{
	struct before b = { out, root, max };
	struct dv_selection head = { .rev = "HEAD" };
	struct dv_selection all = { .rev = "HEAD", .all_commits = true };

	/* a branch without a commit, a broken pointer long ago: no help */
	dv_tracked_each(repo, &head, take_before, &b);
	if (!out->count)
		dv_tracked_each(repo, &all, take_before, &b);
	return cancel_check();
}

void roots_release(struct roots *r)
{
	free(r->items);
	arena_release(&r->arena);
	r->items = NULL;
	r->count = r->room = 0;
}
