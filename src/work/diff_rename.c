/* Exact renames: content that went from one path and came at another. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/path.h"
#include "chunk/sha256.h"
#include "work/diff.h"

/* So many of the same content are looked at for one with the same name. */
#define CHAIN_MOST	32
#define USED		UINT32_MAX
/* Those looked at out of order that are in memory at a time. */
#define LOOKED_REST	1024
#define SIZE_BITS	23

/* A change that deletes something; they are sorted by hash, then number. */
struct gone {
	uint64_t hash;		/* of the content */
	uint32_t change;	/* its number, or USED */
	uint32_t used;		/* then: so many from it on are, at least */
};

struct renames {
	struct diff *d;
	struct diff_changes *changes;
	struct gone *gone;	/* owned */
	size_t count, room;
	uint8_t *sizes;		/* owned; a bit for each size that a deleted
				   file may have had */
	size_t looked;
};

static size_t size_bit(uint64_t size)
{
	return size * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SIZE_BITS);
}

static bool is_same(const struct diff_side *a, const struct diff_side *b)
{
	const struct tree_entry *x = &a->entry, *y = &b->entry;

	if (x->type != y->type || x->executable != y->executable)
		return false;
	return x->type == ENTRY_SYMLINK ? !strcmp(x->target, y->target) :
		dv_id_equal(&x->content.id, &y->content.id);
}

/*
 * A hash of what must be equal for a rename: a stranger may have chosen the id
 * itself.  False: it is not looked for, because the content says nothing
 * (empty) or is not known.
 */
static bool hash_of(const struct diff_side *side, uint64_t *out)
{
	const struct tree_entry *e = &side->entry;
	struct dv_id parts[2] = { { { 0 } } }, id;

	parts[0].bytes[0] = e->type;
	parts[0].bytes[1] = e->executable;
	if (e->type == ENTRY_SYMLINK) {
		sha256(e->target, strlen(e->target), &parts[1]);
	} else {
		if (!e->content.size || side->altered ||
		    (side->disk && !side->hashed))
			return false;
		parts[1] = e->content.id;
	}
	sha256(parts, sizeof(parts), &id);
	memcpy(out, id.bytes, sizeof(*out));
	return true;
}

static void note_deleted(struct renames *r, size_t n)
{
	const struct diff_side *side = &r->changes->items[n]->before;
	size_t bit = size_bit(side->entry.content.size);
	uint64_t hash;

	if (side->entry.type == ENTRY_FILE)
		r->sizes[bit / 8] |= 1u << bit % 8;
	if (!hash_of(side, &hash))
		return;
	ARRAY_GROW(r->gone, r->count + 1, r->room);
	r->gone[r->count++] = (struct gone){ hash, (uint32_t)n, 0 };
}

static int by_hash(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->change < y->change ? -1 : x->change > y->change;
}

static int order_hash(const void *hash, const void *item)
{
	uint64_t x = *(const uint64_t *)hash;
	uint64_t y = ((const struct gone *)item)->hash;

	return x < y ? -1 : x > y;
}

/* A file of the work tree is read only if one of its size was deleted. */
static int hash_added(struct renames *r, struct diff_side *side)
{
	size_t bit = size_bit(side->entry.content.size);

	if (!side->disk || side->hashed || side->entry.type != ENTRY_FILE ||
	    !side->entry.content.size || !(r->sizes[bit / 8] >> bit % 8 & 1))
		return 0;
	return diff_disk_hash(r->d, side);
}

/* A change that may lie anywhere among them. */
static struct diff_change *look_at(struct renames *r, uint32_t n)
{
	if (++r->looked % LOOKED_REST == 0)
		spill_rest(&r->d->spill);
	return r->changes->items[n];
}

/*
 * From g on the first that is not used up, or what follows this hash.  Of many
 * that are the way is remembered: there may be a million of one content.
 */
static struct gone *pass_used(const struct renames *r, struct gone *g,
			      uint64_t hash)
{
	struct gone *first = g, *end = r->gone + r->count;

	while (g < end && g->hash == hash && g->change == USED)
		g += g->used;
	if (g > first)
		first->used = (uint32_t)(g - first);
	return g;
}

/* One that deletes the same, best one of the same name; or NULL. */
static struct gone *find_deleted(struct renames *r,
				 const struct diff_side *added, uint64_t hash)
{
	size_t low = array_lower(&hash, r->gone, r->count, sizeof(*r->gone),
				 order_hash), looked = 0;
	struct gone *end = r->gone + r->count, *found = NULL;

	for (struct gone *g = pass_used(r, r->gone + low, hash); g < end &&
	     g->hash == hash && looked < CHAIN_MOST;
	     g = pass_used(r, g + 1, hash)) {
		const struct diff_side *side;

		looked++;
		side = &look_at(r, g->change)->before;
		if (!is_same(side, added))
			continue;
		if (!strcmp(path_name(side->path), path_name(added->path)))
			return g;
		if (!found)
			found = g;
	}
	return found;
}

static int join_added(struct renames *r, struct diff_change *c)
{
	struct diff_change *from;
	struct gone *gone;
	uint64_t hash;
	int err = hash_added(r, &c->after);

	if (err || !hash_of(&c->after, &hash))
		return err;
	gone = find_deleted(r, &c->after, hash);
	if (!gone)
		return 0;
	from = r->changes->items[gone->change];
	gone->change = USED;
	gone->used = 1;
	from->dropped = true;
	c->before = from->before;
	c->renamed = true;
	/* gone from what is recorded, and put there again */
	c->dropped = !strcmp(c->before.path, c->after.path);
	return 0;
}

int diff_renames(struct diff *d, struct diff_changes *changes)
{
	struct renames r = { .d = d, .changes = changes };
	int err = 0;

	if (d->options->no_renames || !changes->count)
		return 0;
	r.sizes = xcalloc((size_t)1 << SIZE_BITS >> 3, 1);
	for (size_t i = 0; i < changes->count; i++)
		if (!diff_pass(d, changes, i)->after.there)
			note_deleted(&r, i);
	if (r.count)
		qsort(r.gone, r.count, sizeof(*r.gone), by_hash);
	for (size_t i = 0; i < changes->count && r.count && !err; i++) {
		struct diff_change *c = diff_pass(d, changes, i);

		err = cancel_check();
		if (!err && !c->before.there)
			err = join_added(&r, c);
	}
	free(r.gone);
	free(r.sizes);
	return err;
}
