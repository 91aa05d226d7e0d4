/*
 * Writing the stat index: gathered directory by directory, then streamed into
 * a new file.
 */

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/repo.h"
#include "store/tree.h"
#include "work/stat_format.h"
#include "work/stat_index.h"
#include "work/stat_output.h"

struct new_row {
	struct dv_id id;
	int64_t mtime_ns, ctime_ns;
	uint64_t inode, size;	/* ENTRY_DIR: size is the directory's number */
	const char *name;	/* in the arena */
	uint16_t name_len;
	uint8_t type, flags;
};

#define RUN_FIRST	4
#define RUN_MOST	512

/* Rows of one directory that lie side by side. */
struct run {
	struct run *next;
	uint32_t count, room;
	struct new_row rows[];
};

struct new_dir {
	int64_t mtime_ns, ctime_ns;
	uint64_t inode;
	const char *path;	/* in paths */
	uint32_t path_len;
	uint32_t parent;	/* found by the row that names it */
	bool named;
	uint32_t count;		/* rows */
	struct run *runs, *last;
};

struct stat_writer {
	struct spill own;	/* where none is shared */
	struct arena arena;	/* of rows; in a spill */
	struct arena paths;	/* of directories; these are sorted */
	struct new_dir *dirs;	/* owned */
	size_t dir_count, dir_room, row_count;
	uint64_t names_len, paths_len;	/* bytes, each with its 0 */
	uint64_t files, size;
	bool too_long;		/* a name or a number does not fit */
	bool astray;		/* a row of no directory */
};

/* Rows that take more lie in a file. */
#define WRITER_MEMORY	((size_t)4 << 20)
/* Rows that are passed over before they rest. */
#define WALK_REST_ROWS	((size_t)16 << 10)

void stat_writer_spill(struct dv_repo *repo, struct spill *out)
{
	repo_spill_init(repo, out, WRITER_MEMORY);
}

struct stat_writer *stat_writer_new_in(struct spill *spill)
{
	struct stat_writer *w = xcalloc(1, sizeof(*w));

	w->arena.spill = spill;
	return w;
}

struct stat_writer *stat_writer_new(struct dv_repo *repo)
{
	struct stat_writer *w = stat_writer_new_in(NULL);

	stat_writer_spill(repo, &w->own);
	w->arena.spill = &w->own;
	return w;
}

void stat_writer_free(struct stat_writer *w)
{
	if (!w)
		return;
	arena_release(&w->arena);
	arena_release(&w->paths);
	if (w->arena.spill == &w->own)
		spill_release(&w->own);
	free(w->dirs);
	free(w);
}

uint32_t stat_writer_dir(struct stat_writer *w, const char *path,
			 const struct stat *st, int64_t read_ns)
{
	size_t len = strlen(path);
	struct new_dir *d;

	if (!w->dirs) {		/* that of a file is the only one */
		w->dir_room = 1;
		w->dirs = xmalloc(sizeof(*w->dirs));
	}
	ARRAY_GROW(w->dirs, w->dir_count + 1, w->dir_room);
	d = &w->dirs[w->dir_count];
	memset(d, 0, sizeof(*d));
	if (st && !stat_is_racy(st, read_ns)) {
		d->mtime_ns = timespec_ns(&st->st_mtim);
		d->ctime_ns = timespec_ns(&st->st_ctim);
		d->inode = st->st_ino;
	}
	d->path = len ? arena_copy(&w->paths, path, len) : "";
	d->path_len = len;
	w->paths_len += len + 1;
	w->too_long |= w->dir_count >= UINT32_MAX - 1;
	return w->dir_count++;
}

/* Room for one more row of a directory. */
static struct new_row *next_row(struct stat_writer *w, struct new_dir *d)
{
	struct run *run = d->last;

	if (!run || run->count == run->room) {
		uint32_t room = run ? run->room * 2 : RUN_FIRST;

		if (room > RUN_MOST)
			room = RUN_MOST;
		run = arena_alloc(&w->arena, sizeof(*run) +
				  room * sizeof(run->rows[0]));
		*run = (struct run){ .room = room };
		if (d->last)
			d->last->next = run;
		else
			d->runs = run;
		d->last = run;
	}
	d->count++;
	return &run->rows[run->count++];
}

static void add_row(struct stat_writer *w, uint32_t dir,
		    const struct new_row *row)
{
	size_t len = strlen(row->name);
	struct new_row *r;

	w->row_count++;
	w->names_len += len + 1;
	w->too_long |= len > UINT16_MAX || w->row_count >= UINT32_MAX;
	w->astray |= dir >= w->dir_count;
	if (w->astray)
		return;
	r = next_row(w, &w->dirs[dir]);
	*r = *row;
	r->name = arena_copy(&w->arena, row->name, len);
	r->name_len = len;
	if (r->type == ENTRY_DIR)
		return;
	w->files++;
	if (r->type == ENTRY_FILE)
		w->size += r->size;
}

void stat_writer_row(struct stat_writer *w, uint32_t dir, const char *name,
		     uint8_t type, const struct stat *st,
		     const struct content *content, int64_t read_ns)
{
	struct new_row r = { .name = name, .type = type };

	if (type == ENTRY_DIR) {
		add_row(w, dir, &r);
		return;
	}
	r.flags = STAT_RACY;
	if (content) {
		r.id = content->id;
		r.size = content->size;
		r.flags |= content->list ? STAT_LIST : 0;
	}
	if (st) {
		r.mtime_ns = timespec_ns(&st->st_mtim);
		r.ctime_ns = timespec_ns(&st->st_ctim);
		r.inode = st->st_ino;
		if (type == ENTRY_FILE && st->st_mode & S_IXUSR)
			r.flags |= STAT_EXECUTABLE;
		if (type == ENTRY_SYMLINK)
			r.size = st->st_size;
		if (content && r.size == (uint64_t)st->st_size &&
		    !stat_is_racy(st, read_ns))
			r.flags &= ~STAT_RACY;
	}
	add_row(w, dir, &r);
}

void stat_writer_copy(struct stat_writer *w, uint32_t dir,
		      const struct stat_row *row)
{
	struct new_row r = { .name = row->name, .type = row->type };

	if (row->type != ENTRY_DIR) {
		r.id = row->content.id;
		r.mtime_ns = row->mtime_ns;
		r.ctime_ns = row->ctime_ns;
		r.inode = row->inode;
		r.size = row->size;
		r.flags = (row->executable ? STAT_EXECUTABLE : 0) |
			(row->racy ? STAT_RACY : 0) |
			(row->content.list ? STAT_LIST : 0);
	}
	add_row(w, dir, &r);
}

static void put_header(struct stat_output *o, const struct stat_writer *w,
		       const char *path, const struct dv_id *pointer,
		       bool complete, const struct dv_id *stored)
{
	uint8_t h[STAT_HEADER] = STAT_MAGIC;

	memcpy(h + 8, pointer->bytes, DV_ID_SIZE);
	if (stored)
		memcpy(h + 40, stored->bytes, DV_ID_SIZE);
	store_u32(h + 72, complete ? STAT_COMPLETE : 0);
	store_u32(h + 76, w->dir_count);
	store_u32(h + 80, w->row_count);
	store_u32(h + 84, strlen(path));
	store_u64(h + 88, w->files);
	store_u64(h + 96, w->size);
	store_u64(h + 104, strlen(path) + 1 + w->names_len + w->paths_len);
	stat_seal_header(h);
	if (!o->err)
		o->err = newfile_write(&o->file, h, sizeof(h));
}

/* --- all rows, in the order of their directories ------------------------- */

struct row_walk {
	struct stat_writer *w;
	uint32_t entered;	/* directories; rows are those of the last */
	struct run *run;
	uint32_t next;		/* in run */
	size_t passed;		/* rows */
};

/* The next row, or NULL after the last one. */
static struct new_row *walk_rows(struct row_walk *k)
{
	const struct stat_writer *w = k->w;

	while (!k->run || k->next == k->run->count) {
		struct run *run = k->run ? k->run->next : NULL;

		if (!run && k->entered == w->dir_count)
			return NULL;
		k->run = run ? run : w->dirs[k->entered++].runs;
		k->next = 0;
	}
	if (++k->passed % WALK_REST_ROWS == 0)
		spill_rest(k->w->arena.spill);
	return &k->run->rows[k->next++];
}

/* Orders directory numbers by path. */
static int by_path(const void *a, const void *b, void *data)
{
	const struct new_dir *dirs = data;

	return strcmp(dirs[*(const uint32_t *)a].path,
		      dirs[*(const uint32_t *)b].path);
}

/* The number of a directory in `sorted`, which has all of them by path. */
static int64_t find_path(const struct stat_writer *w, const uint32_t *sorted,
			 const char *path)
{
	size_t low = 0, high = w->dir_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(path, w->dirs[sorted[middle]].path);

		if (!order)
			return sorted[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/* Gives every row of type dir its directory's number, by path. */
static int link_rows(struct stat_writer *w)
{
	struct row_walk walk = { .w = w };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_FREE uint32_t *sorted = NULL;
	size_t room = 0, links = 0;
	struct new_row *r;

	ARRAY_GROW(sorted, w->dir_count, room);
	for (uint32_t i = 0; i < w->dir_count; i++)
		sorted[i] = i;
	qsort_r(sorted, w->dir_count, sizeof(*sorted), by_path, w->dirs);
	while ((r = walk_rows(&walk)) != NULL) {
		uint32_t dir = walk.entered - 1;
		int64_t n;

		if (r->type != ENTRY_DIR)
			continue;
		buf_clear(&path);
		buf_addstr(&path, w->dirs[dir].path);
		path_append(&path, r->name);
		n = find_path(w, sorted, path.data);
		if (n <= (int64_t)dir || w->dirs[n].named)
			return dv_fail(DV_E_INVALID, "stat index: no "
				       "directory for row %s", path.data);
		w->dirs[n].named = true;
		w->dirs[n].parent = dir;
		r->size = n;
		links++;
	}
	if (!w->dir_count || links != w->dir_count - 1 || *w->dirs[0].path)
		return dv_fail(DV_E_INVALID,
			       "stat index: directories without a row");
	return 0;
}

static void encode_row(uint8_t *p, const struct new_row *r, uint64_t name)
{
	store_u64(p, (uint64_t)r->mtime_ns);
	store_u64(p + 8, (uint64_t)r->ctime_ns);
	store_u64(p + 16, r->inode);
	store_u64(p + 24, r->size);
	store_u32(p + 32, name);
	p[36] = r->name_len & 0xff;
	p[37] = r->name_len >> 8;
	p[38] = r->type;
	p[39] = r->flags;
}

/* `before`: bytes of names in front of those of the rows. */
static void put_dirs(struct stat_output *o, const struct stat_writer *w,
		     uint64_t before)
{
	uint64_t path = before + w->names_len;
	uint32_t first = 0;

	for (size_t i = 0; i < w->dir_count; i++) {
		const struct new_dir *d = &w->dirs[i];
		uint8_t p[STAT_DIR];

		store_u64(p, (uint64_t)d->mtime_ns);
		store_u64(p + 8, (uint64_t)d->ctime_ns);
		store_u64(p + 16, d->inode);
		store_u64(p + 24, path);
		store_u32(p + 32, d->path_len);
		store_u32(p + 36, d->parent);
		store_u32(p + 40, first);
		store_u32(p + 44, d->count);
		stat_output_add(o, p, sizeof(p));
		path += (uint64_t)d->path_len + 1;
		first += d->count;
	}
}

/* Rows, their ids, and all names. */
static void put_rows(struct stat_output *o, struct stat_writer *w,
		     const char *tracked)
{
	struct row_walk rows = { .w = w }, ids = rows, names = rows;
	uint64_t name = strlen(tracked) + 1;
	const struct new_row *r;

	while ((r = walk_rows(&rows)) != NULL) {
		uint8_t p[STAT_ROW];

		encode_row(p, r, name);
		name += (uint64_t)r->name_len + 1;
		stat_output_add(o, p, sizeof(p));
	}
	while ((r = walk_rows(&ids)) != NULL)
		stat_output_add(o, r->id.bytes, DV_ID_SIZE);
	stat_output_add(o, tracked, strlen(tracked) + 1);
	while ((r = walk_rows(&names)) != NULL)
		stat_output_add(o, r->name, (size_t)r->name_len + 1);
	for (size_t i = 0; i < w->dir_count; i++)
		stat_output_add(o, w->dirs[i].path,
			   (size_t)w->dirs[i].path_len + 1);
}

static int write_all(struct stat_writer *w, struct dv_repo *repo,
		     const char *path, const struct dv_id *pointer,
		     bool complete, const struct dv_id *stored)
{
	DV_AUTO_STAT_OUTPUT struct stat_output out = STAT_OUTPUT_INIT;
	size_t before = strlen(path) + 1;
	int err;

	if (w->astray)
		return dv_fail(DV_E_INVALID, "stat index: a row of no "
			       "directory");
	if (w->too_long || before + w->names_len > UINT32_MAX)
		return dv_fail(DV_E_UNSUPPORTED,
			       "%s: too many entries for a stat index", path);
	err = link_rows(w);
	if (!err)
		err = stat_output_open(&out, repo, path);
	if (err)
		return err;
	put_header(&out, w, path, pointer, complete, stored);
	put_dirs(&out, w, before);
	put_rows(&out, w, path);
	return stat_output_finish(&out);
}

int stat_writer_finish(struct stat_writer *w, struct dv_repo *repo,
		       const char *path, const struct dv_id *pointer,
		       bool complete, const struct dv_id *stored)
{
	int err = write_all(w, repo, path, pointer, complete, stored);

	stat_writer_free(w);
	return err ? err : stat_index_withdraw(repo, path);
}
