#include "store/tree_diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/tree_format.h"

/* A node on the way down, and how far it was passed. */
struct step {
	struct arena arena;
	struct tree_node node;
	size_t next;
};

/* One of the two directories. */
struct side {
	struct step steps[NODE_DEPTH_MAX];
	unsigned depth;		/* 0: at the end */
	struct buf last;	/* the last name that was passed */
};

enum { BEFORE, AFTER, SIDES };

struct tree_diff {
	struct store_reader *reader;	/* borrowed */
	struct dv_id roots[SIDES];
	bool has[SIDES], begun;
	struct side sides[SIDES];
	unsigned reading;	/* the side that was read last */
	uint64_t nodes;
};

void tree_diff_open(struct store_reader *r, const struct dv_id *before,
		    const struct dv_id *after, struct tree_diff **out)
{
	const struct dv_id *roots[SIDES] = { before, after };
	struct tree_diff *d = xcalloc(1, sizeof(*d));

	d->reader = r;
	for (int i = 0; i < SIDES; i++) {
		d->sides[i].last = (struct buf)BUF_INIT;
		d->has[i] = roots[i] && !dv_id_equal(roots[i], &tree_empty);
		if (d->has[i])
			d->roots[i] = *roots[i];
	}
	*out = d;
}

static void leave(struct side *s)
{
	arena_release(&s->steps[--s->depth].arena);
}

void tree_diff_close(struct tree_diff *d)
{
	for (int i = 0; i < SIDES; i++) {
		while (d->sides[i].depth)
			leave(&d->sides[i]);
		buf_release(&d->sides[i].last);
	}
	free(d);
}

bool tree_diff_in_after(const struct tree_diff *d)
{
	return d->reading == AFTER;
}

uint64_t tree_diff_nodes(const struct tree_diff *d)
{
	return d->nodes;
}

static struct step *top(struct side *s)
{
	return s->depth ? &s->steps[s->depth - 1] : NULL;
}

/* Level of the node that comes next; 0: an entry comes next, or the end. */
static unsigned height(struct side *s)
{
	const struct step *t = top(s);

	return t ? t->node.level : 0;
}

static const struct tree_child *next_child(struct side *s)
{
	const struct step *t = top(s);

	return &t->node.children[t->next];
}

/* NULL at the end. */
static const struct tree_entry *next_entry(struct side *s)
{
	const struct step *t = top(s);

	return t ? &t->node.entries[t->next] : NULL;
}

/* Leaves the nodes that were passed to their ends. */
static void settle(struct side *s)
{
	while (s->depth && top(s)->next == top(s)->node.count)
		leave(s);
}

static void pass(struct side *s, const char *name)
{
	buf_clear(&s->last);
	buf_addstr(&s->last, name);
	top(s)->next++;
}

/* Goes down into a root or the next child; at most NODE_DEPTH_MAX levels. */
static int enter(struct tree_diff *d, unsigned n, const struct dv_id *id,
		 const struct tree_expected *x)
{
	struct side *s = &d->sides[n];
	struct step *t = &s->steps[s->depth];
	const struct tree_node *node = &t->node;
	int err;

	if (s->depth == NODE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "tree node: too many levels");
	*t = (struct step){ .arena = ARENA_INIT };
	s->depth++;
	d->reading = n;
	d->nodes++;
	err = tree_node_read(d->reader, id, x, &t->arena, &t->node);
	if (err)
		return err;
	if (s->last.len && node->count && !node->level &&
	    strcmp(s->last.data, node->entries[0].name) >= 0)
		return dv_fail(DV_E_CORRUPT, "tree node: names out of order");
	return 0;
}

static int enter_child(struct tree_diff *d, unsigned n)
{
	struct side *s = &d->sides[n];
	const struct tree_child *child = next_child(s);
	struct tree_expected x = { false, top(s)->node.level - 1, child };

	/* its place is passed now, its names are not */
	top(s)->next++;
	return enter(d, n, &child->id, &x);
}

static int begin(struct tree_diff *d)
{
	const struct tree_expected root = { .root = true };
	int err = 0;

	d->begun = true;
	if (d->has[BEFORE] && d->has[AFTER] &&
	    dv_id_equal(&d->roots[BEFORE], &d->roots[AFTER]))
		return 0;
	for (unsigned n = 0; n < SIDES && !err; n++)
		if (d->has[n])
			err = enter(d, n, &d->roots[n], &root);
	return err;
}

/* True when both go on with the same node, which is passed. */
static bool pass_shared(struct tree_diff *d)
{
	struct side *a = &d->sides[BEFORE], *b = &d->sides[AFTER];
	unsigned level = height(a);

	if (!level || height(b) != level ||
	    !dv_id_equal(&next_child(a)->id, &next_child(b)->id))
		return false;
	pass(a, next_child(a)->last_name);
	pass(b, next_child(b)->last_name);
	return true;
}

bool tree_entry_equal(const struct tree_entry *a, const struct tree_entry *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == ENTRY_SYMLINK)
		return !strcmp(a->target, b->target);
	if (a->type == ENTRY_DIR && a->files != b->files)
		return false;
	return a->executable == b->executable &&
		a->content.size == b->content.size &&
		a->content.list == b->content.list &&
		dv_id_equal(&a->content.id, &b->content.id);
}

/* Both are at entries or at the end: takes the lower name, or both. */
static void take(struct tree_diff *d, const struct tree_entry **before,
		 const struct tree_entry **after)
{
	struct side *a = &d->sides[BEFORE], *b = &d->sides[AFTER];
	int order;

	*before = next_entry(a);
	*after = next_entry(b);
	order = !*before ? 1 : !*after ? -1 :
		strcmp((*before)->name, (*after)->name);
	if (order > 0)
		*before = NULL;
	if (order < 0)
		*after = NULL;
	if (*before)
		pass(a, (*before)->name);
	if (*after)
		pass(b, (*after)->name);
}

int tree_diff_next(struct tree_diff *d, const struct tree_entry **before,
		   const struct tree_entry **after)
{
	struct side *a = &d->sides[BEFORE], *b = &d->sides[AFTER];
	int err = d->begun ? 0 : begin(d);

	while (!err) {
		settle(a);
		settle(b);
		if (!a->depth && !b->depth)
			return 0;
		if (pass_shared(d))
			continue;
		if (height(a) || height(b)) {
			err = enter_child(d, height(a) >= height(b) ? BEFORE :
					  AFTER);
			continue;
		}
		take(d, before, after);
		if (!*before || !*after || !tree_entry_equal(*before, *after))
			return 1;
	}
	return err;
}
