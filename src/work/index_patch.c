#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/path.h"
#include "base/path_order.h"
#include "store/tree.h"
#include "work/index_patch.h"

/* A directory still to be written. */
struct waiting {
	const char *path;	/* in the arena */
	int64_t old;		/* its number in the old index, or -1 */
	const struct index_part *parts;	/* those below it */
	size_t count;
	bool new;		/* it is parts[0] itself */
};

struct patch {
	const struct stat_index *old;
	struct stat_writer *w;
	struct waiting *queue;	/* owned */
	size_t count, room;
	struct arena paths;
};

static void wait_dir(struct patch *p, const char *path, int64_t old,
		     const struct index_part *parts, size_t count, bool new)
{
	ARRAY_GROW(p->queue, p->count + 1, p->room);
	p->queue[p->count++] = (struct waiting){
		.path = arena_copy(&p->paths, path, strlen(path)),
		.old = old, .parts = parts, .count = count, .new = new,
	};
}

static void copy_row(struct patch *p, uint32_t dir, const char *path,
		     const struct stat_row *row)
{
	DV_AUTO_BUF struct buf below = BUF_INIT;

	stat_writer_copy(p->w, dir, row);
	if (row->type != ENTRY_DIR)
		return;
	buf_addstr(&below, path);
	path_append(&below, row->name);
	wait_dir(p, below.data, row->dir, NULL, 0, false);
}

static bool any_there(const struct index_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (parts[i].type)
			return true;
	return false;
}

/*
 * The row `below` of directory `dir`, which all of parts[0..count) are or
 * are inside of; `was` is its old row or NULL.
 */
static void put_parts(struct patch *p, uint32_t dir, const char *below,
		      const struct stat_row *was,
		      const struct index_part *parts, size_t count)
{
	bool itself = !strcmp(parts[0].path, below);
	bool was_dir = was && was->type == ENTRY_DIR;

	if (itself && parts[0].type != ENTRY_DIR) {
		if (parts[0].type)
			parts[0].write(p->w, dir, &parts[0]);
		return;
	}
	if (!itself && !was_dir && !any_there(parts, count))
		return;
	stat_writer_row(p->w, dir, path_name(below), ENTRY_DIR, NULL, NULL, 0);
	wait_dir(p, below, was_dir && !itself ? (int64_t)was->dir : -1, parts,
		 count, itself);
}

static uint32_t put_dir(struct patch *p, const struct waiting *at)
{
	struct stat st = { .st_size = 0 };
	struct stat_dir d;

	if (at->old < 0)
		return stat_writer_dir(p->w, at->path, NULL, 0);
	stat_index_dir(p->old, (uint32_t)at->old, &d);
	if (!d.mtime_ns)
		return stat_writer_dir(p->w, at->path, NULL, 0);
	st.st_mtim.tv_sec = d.mtime_ns / 1000000000;
	st.st_mtim.tv_nsec = d.mtime_ns % 1000000000;
	st.st_ctim.tv_sec = d.ctime_ns / 1000000000;
	st.st_ctim.tv_nsec = d.ctime_ns % 1000000000;
	st.st_ino = d.inode;
	/* what the old index trusted is no newer than that */
	return stat_writer_dir(p->w, at->path, &st, INT64_MAX);
}

/* Old rows and parts, merged by name. */
static void patch_dir(struct patch *p, const struct waiting *at)
{
	const struct index_part *parts = at->parts;
	struct stat_dir d = { .count = 0 };
	uint32_t dir = put_dir(p, at), k = 0;
	size_t count = at->count;

	if (at->old >= 0)
		stat_index_dir(p->old, (uint32_t)at->old, &d);
	while (count || k < d.count) {
		DV_AUTO_BUF struct buf below = BUF_INIT;
		struct stat_row row;
		unsigned len = 0;
		const char *name = NULL;
		size_t n = 1;
		int order = -1;

		if (count) {
			name = path_step(parts->path, at->path, &len);
			buf_addstr(&below, at->path);
			if (below.len)
				buf_addch(&below, '/');
			buf_add(&below, name, len);
			while (n < count && path_below(parts[n].path,
						       below.data))
				n++;
			order = 1;
		}
		if (k < d.count) {
			stat_index_row(p->old, d.first + k, &row);
			order = !count ? -1 :
				strcmp(row.name, path_name(below.data));
		}
		if (order < 0) {
			copy_row(p, dir, at->path, &row);
			k++;
			continue;
		}
		put_parts(p, dir, below.data, order ? NULL : &row, parts, n);
		k += !order;
		parts += n;
		count -= n;
	}
}

void index_patch(const struct stat_index *old, const struct index_part *parts,
		 size_t count, struct stat_writer *w)
{
	struct patch p = { .old = old, .w = w };

	if (count && !*parts[0].path)
		wait_dir(&p, "", -1, parts, count, true);
	else
		wait_dir(&p, "", old->dirs ? 0 : -1, parts, count, false);
	for (size_t i = 0; i < p.count; i++) {
		struct waiting at = p.queue[i];

		if (at.new)
			at.parts[0].write(w, 0, &at.parts[0]);
		else
			patch_dir(&p, &at);
	}
	free(p.queue);
	arena_release(&p.paths);
}
