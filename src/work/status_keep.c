/* What dv status has learnt goes into the stat index, for the next time. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/lock.h"
#include "work/status.h"

static int by_number(const void *a, const void *b)
{
	const struct stat_change *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

struct changes {
	struct stat_change *items;	/* owned */
	size_t count, room;
};

static void add_changes(struct changes *c, const struct stat_change *items,
			size_t count)
{
	if (!count)
		return;
	ARRAY_GROW(c->items, c->count + count, c->room);
	memcpy(c->items + c->count, items, count * sizeof(*items));
	c->count += count;
}

static void sort_changes(struct changes *c)
{
	size_t kept = 0;

	if (c->count < 2)
		return;
	qsort(c->items, c->count, sizeof(*c->items), by_number);
	for (size_t i = 0; i < c->count; i++)
		if (!kept || c->items[kept - 1].number != c->items[i].number)
			c->items[kept++] = c->items[i];
	c->count = kept;
}

/* True when the file of the index is still the one that was opened. */
static bool index_unchanged(struct status *s)
{
	const struct stat *before = &s->index.file;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct stat now;

	return !stat_index_name(s->repo, s->path, &name) &&
		!stat(name.data, &now) && now.st_ino == before->st_ino &&
		now.st_dev == before->st_dev &&
		now.st_size == before->st_size &&
		timespec_ns(&now.st_mtim) == timespec_ns(&before->st_mtim);
}

void status_keep(struct status *s, const struct dv_id *stored)
{
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	struct changes rows = { 0 }, dirs = { 0 };

	for (unsigned i = 0; i < s->threads; i++) {
		const struct reread *r = &s->finders[i].reread;

		add_changes(&rows, r->rows, r->row_count);
		add_changes(&dirs, r->dirs, r->dir_count);
	}
	sort_changes(&rows);
	sort_changes(&dirs);
	if ((rows.count || dirs.count ||
	     !dv_id_equal(stored, &s->index.stored)) &&
	    !repo_try_lock(s->repo, "status", &lock) &&
	    index_unchanged(s))
		stat_index_rewrite(&s->index, s->repo, s->path, rows.items,
				   rows.count, dirs.items, dirs.count,
				   stored);
	free(rows.items);
	free(dirs.items);
}
