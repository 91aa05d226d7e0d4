/* Changes on their way from the walk to the caller. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path_order.h"
#include "work/diff.h"
#include "work/entry.h"

/* Changes that are passed over in one go. */
#define PASS_REST	((size_t)16 << 10)

static const struct dv_entry *shown(const struct diff_side *side,
				    struct dv_entry *out)
{
	if (!side->there)
		return NULL;
	entry_shown(&side->entry, side->path, out);
	if (side->altered)
		memset(&out->id, 0, sizeof(out->id));
	return out;
}

static enum dv_change_kind kind_of(const struct diff_change *c)
{
	if (!c->before.there)
		return DV_CHANGE_ADDED;
	if (!c->after.there)
		return DV_CHANGE_DELETED;
	if (c->renamed)
		return DV_CHANGE_RENAMED;
	return c->before.entry.type == c->after.entry.type ?
		DV_CHANGE_MODIFIED : DV_CHANGE_TYPE;
}

static int tell(struct diff *d, const struct diff_change *c)
{
	struct dv_entry before, after;
	const struct dv_change out = {
		.kind = kind_of(c),
		.before = shown(&c->before, &before),
		.after = shown(&c->after, &after),
		.tracked = c->tracked,
		.worktree = c->after.disk,
		.unlisted = c->unlisted,
	};

	return d->fn(&out, d->data);
}

static void keep_side(struct arena *arena, struct diff_side *side)
{
	if (!side->there)
		return;
	side->path = arena_copy(arena, side->path, strlen(side->path));
	side->entry.name = NULL;
	if (side->entry.target)
		side->entry.target = arena_copy(arena, side->entry.target,
						strlen(side->entry.target));
}

static const char *shown_path(const struct diff_change *c)
{
	return c->after.there ? c->after.path : c->before.path;
}

static int by_path(const void *a, const void *b)
{
	const struct diff_change *x = *(struct diff_change *const *)a;
	const struct diff_change *y = *(struct diff_change *const *)b;
	int order = path_order(shown_path(x), shown_path(y));

	return order ? order : x->after.there - y->after.there;
}

struct diff_change *diff_pass(struct diff *d,
			      const struct diff_changes *changes, size_t n)
{
	if (n % PASS_REST == PASS_REST - 1)
		spill_rest(&d->spill);
	return changes->items[n];
}

int diff_tell(struct diff *d, struct diff_changes *changes)
{
	int err = 0;

	/* to sort what is sorted would look at all of it again and again */
	if (changes->mixed)
		qsort(changes->items, changes->count, sizeof(*changes->items),
		      by_path);
	for (size_t i = 0; i < changes->count && !err; i++) {
		const struct diff_change *c = diff_pass(d, changes, i);

		if (!c->dropped)
			err = tell(d, c);
	}
	diff_changes_release(changes);
	return err;
}

int diff_expand_all(struct diff *d, struct diff_changes *changes,
		    struct diff_changes *to)
{
	int err = 0;

	d->held = to;
	for (size_t i = 0; i < changes->count && !err; i++) {
		const struct diff_change *c = diff_pass(d, changes, i);

		if (c->dropped)
			continue;
		if (c->unlisted || (c->before.there && c->after.there))
			err = diff_add(d, c);
		else
			err = diff_expand(d, c);
	}
	diff_changes_release(changes);
	return err;
}

/* Too many to be held: from now on all are told at once. */
static int let_go(struct diff *d)
{
	struct diff_changes all = *d->held;

	memset(d->held, 0, sizeof(*d->held));
	d->renames_left_out = !d->options->no_renames;
	if (d->options->recursive)
		return diff_expand_all(d, &all, NULL);
	d->held = NULL;
	return diff_tell(d, &all);
}

int diff_add(struct diff *d, const struct diff_change *c)
{
	struct diff_changes *held = d->held;
	struct diff_change *kept;
	int err;

	if (!held)
		return tell(d, c);
	if (held->count == DIFF_HELD_MOST) {
		err = let_go(d);
		return err ? err : tell(d, c);
	}
	kept = arena_alloc(&held->arena, sizeof(*kept));
	*kept = *c;
	keep_side(&held->arena, &kept->before);
	keep_side(&held->arena, &kept->after);
	if (held->count)
		held->mixed |= by_path(&held->items[held->count - 1],
				       &kept) > 0;
	ARRAY_GROW(held->items, held->count + 1, held->room);
	held->items[held->count++] = kept;
	return 0;
}

void diff_changes_release(struct diff_changes *c)
{
	arena_release(&c->arena);
	free(c->items);
	memset(c, 0, sizeof(*c));
}
