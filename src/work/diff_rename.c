/* Exact renames: content that went from one path and came at another. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/map.h"
#include "base/path.h"
#include "chunk/sha256.h"
#include "work/diff.h"

/* So many of the same content are looked at for one with the same name. */
#define CHAIN_MOST	32
#define NONE		SIZE_MAX

struct renames {
	struct diff *d;
	struct diff_changes *changes;
	struct id_map gone;	/* content: first change that deletes it */
	struct id_map sizes;	/* of files that were deleted */
	size_t *next;		/* owned; the next that deletes the same */
};

static struct dv_id number_key(uint64_t n)
{
	struct dv_id id = { { 0 } };

	memcpy(id.bytes, &n, sizeof(n));
	return id;
}

/*
 * What must be equal for a rename.  False: it is not looked for, because the
 * content says nothing (empty) or is not known.
 */
static bool key_of(const struct diff_side *side, struct dv_id *out)
{
	const struct tree_entry *e = &side->entry;
	struct dv_id parts[2] = { { { 0 } } };

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
	sha256(parts, sizeof(parts), out);
	return true;
}

static void note_deleted(struct renames *r, size_t n)
{
	const struct diff_change *c = &r->changes->items[n];
	struct dv_id key = number_key(c->before.entry.content.size);
	uint64_t *first;
	bool added;

	if (c->before.entry.type == ENTRY_FILE)
		id_map_put(&r->sizes, &key, 0, NULL);
	if (!key_of(&c->before, &key))
		return;
	first = id_map_put(&r->gone, &key, n, &added);
	if (!added) {
		r->next[n] = *first;
		*first = n;
	}
}

/* A file of the work tree is read only if one of its size was deleted. */
static int hash_added(struct renames *r, struct diff_side *side)
{
	struct dv_id key = number_key(side->entry.content.size);

	if (!side->disk || side->hashed || side->entry.type != ENTRY_FILE ||
	    !side->entry.content.size || !id_map_get(&r->sizes, &key))
		return 0;
	return diff_disk_hash(r->d, side);
}

/* One that deletes the same, best one of the same name; or NONE. */
static size_t find_deleted(const struct renames *r, const char *path,
			   size_t first)
{
	size_t found = NONE, looked = 0;

	for (size_t n = first; n != NONE && looked < CHAIN_MOST;
	     n = r->next[n]) {
		const struct diff_change *c = &r->changes->items[n];

		if (c->dropped)
			continue;
		looked++;
		if (!strcmp(path_name(c->before.path), path_name(path)))
			return n;
		if (found == NONE)
			found = n;
	}
	return found;
}

static int join_added(struct renames *r, struct diff_change *c)
{
	struct diff_change *from;
	struct dv_id key;
	uint64_t *first;
	size_t n;
	int err = hash_added(r, &c->after);

	if (err || !key_of(&c->after, &key))
		return err;
	first = id_map_get(&r->gone, &key);
	if (!first)
		return 0;
	/* those in front that are used up are not looked at again */
	while (*first != NONE && r->changes->items[*first].dropped)
		*first = r->next[*first];
	n = find_deleted(r, c->after.path, *first);
	if (n == NONE)
		return 0;
	from = &r->changes->items[n];
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
	r.next = xmalloc(changes->count * sizeof(*r.next));
	/* backwards, so that the chains are in order */
	for (size_t i = changes->count; i-- > 0; ) {
		r.next[i] = NONE;
		if (!changes->items[i].after.there)
			note_deleted(&r, i);
	}
	for (size_t i = 0; i < changes->count && r.gone.count && !err; i++) {
		err = cancel_check();
		if (!err && !changes->items[i].before.there)
			err = join_added(&r, &changes->items[i]);
	}
	id_map_release(&r.gone);
	id_map_release(&r.sizes);
	free(r.next);
	return err;
}
