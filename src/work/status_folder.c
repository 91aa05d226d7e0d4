/* Comparing one directory with what is recorded. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "work/resolve.h"
#include "work/status.h"

/* So many absent files of one directory are named; more become one entry. */
#define ABSENT_MAX	100
/* Names that are passed before the rows of those before them rest. */
#define REST_ENTRIES	((size_t)16 << 10)

void status_full_path(const struct status *s, const char *path,
		      struct buf *out)
{
	path_join(out, s->path, path);
}

struct dv_status_entry *status_found(struct status *s, struct finder *f,
				     enum dv_state state, const char *path)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct dv_status_entry *e;

	status_full_path(s, path, &full);
	ARRAY_GROW(f->entries, f->count + 1, f->room);
	e = &f->entries[f->count++];
	*e = (struct dv_status_entry){
		.state = state,
		.path = arena_copy(&f->arena, full.data, full.len),
	};
	return e;
}

void status_index_sum(const struct stat_index *x, uint32_t dir,
		      uint64_t *files, uint64_t *size)
{
	DV_AUTO_FREE uint32_t *todo = NULL;
	size_t count = 0, room = 0;

	ARRAY_GROW(todo, 1, room);
	todo[count++] = dir;
	while (count) {
		struct stat_dir d;

		stat_index_dir(x, todo[--count], &d);
		for (uint32_t i = d.first; i < d.first + d.count; i++) {
			struct stat_row row;

			stat_index_row(x, i, &row);
			if (row.type == ENTRY_DIR) {
				ARRAY_GROW(todo, count + 1, room);
				todo[count++] = row.dir;
				continue;
			}
			*files += 1;
			*size += row.type == ENTRY_FILE ? row.size : 0;
		}
	}
}

/* Absent files of one directory. */
struct absent {
	struct absent_name {
		const char *name;	/* in the arena */
		uint64_t size;
	} first[ABSENT_MAX];
	uint64_t count, size;
};

/* Three sorted lists, passed in step. */
struct merge {
	struct status *s;
	struct finder *f;
	struct status_dir dir;
	int fd;
	int64_t read_ns;
	struct arena arena;
	struct tree_cursor tree;	/* what is recorded, if dir.tree */
	uint32_t want_row;		/* else: the row of the next name */
	struct folder_list list;
	size_t disk_count;
	uint32_t row, row_first, row_end;
	size_t paired;		/* names both in rows and on disk */
	struct buf path;
	size_t path_len;	/* of the directory */
	struct absent absent;
};

static const char *merge_path(struct merge *m, const char *name)
{
	buf_setlen(&m->path, m->path_len);
	path_append(&m->path, name);
	return m->path.data;
}

static int add_sums(void *data, const struct tree_entry *entries, size_t count)
{
	resolve_add(data, entries, count);
	return 0;
}

/*
 * Whether the store has all nodes of the directory, so that nothing is told of
 * one that it knows in part.  The first is that of the cursor already.
 */
static int check_tree(struct merge *m)
{
	struct resolve_sums sums = { 0, 0 };
	const struct tree_entry *entries;
	size_t count;
	int err;

	tree_cursor_open(&m->tree, m->f->reader, &m->dir.id);
	err = tree_cursor_node(&m->tree, &entries, &count);
	if (err < 0)
		return err;
	if (!tree_cursor_is_last(&m->tree))
		err = tree_each(m->f->reader, &m->dir.id, add_sums, &sums);
	else if (err)
		err = add_sums(&sums, entries, count);
	if (!err && !*m->dir.path)
		err = resolve_check_root(m->s->path, m->s->pointer, &sums);
	return err;
}

static int want_from_tree(struct merge *m, struct status_want *out)
{
	const struct tree_entry *e;
	int got = tree_cursor_next(&m->tree, &e);

	if (got == 1)
		*out = (struct status_want){
			.name = e->name, .type = e->type,
			.executable = e->executable, .content = e->content,
			.files = e->type == ENTRY_DIR ? e->files : 1,
			.target = e->target,
		};
	return got;
}

/* The next name that is recorded.  Returns 1, 0 at the end, or an error. */
static int next_want(struct merge *m, struct status_want *out)
{
	struct stat_row row;

	if (m->dir.tree)
		return want_from_tree(m, out);
	if (m->want_row == m->row_end)
		return 0;
	stat_index_row(&m->s->index, m->want_row++, &row);
	*out = (struct status_want){
		.name = row.name, .type = row.type,
		.executable = row.executable, .content = row.content,
		.files = row.type == ENTRY_DIR ? 0 : 1,
	};
	if (row.type == ENTRY_DIR)
		out->content.size = row.dir;	/* see gone() */
	return 1;
}

/* The next name that is there, likewise. */
static int next_disk(struct merge *m, struct disk_entry *out)
{
	int got = folder_next(&m->list, out);

	if (got == 1 && ++m->disk_count % REST_ENTRIES == 0) {
		meter_add(&m->s->meter, 0, REST_ENTRIES);
		stat_index_rest(&m->s->index);
	}
	return got;
}

/* The row of `name`, which comes after all asked for before; or -1. */
static int64_t next_row(struct merge *m, const char *name,
			struct stat_row *row)
{
	for (; m->row < m->row_end; m->row++) {
		int order;

		stat_index_row(&m->s->index, m->row, row);
		order = strcmp(row->name, name);
		if (!order)
			return m->row++;
		if (order > 0)
			break;
	}
	return -1;
}

static void add_absent(struct merge *m, const struct status_want *w)
{
	struct absent *a = &m->absent;
	uint64_t size = w->type == ENTRY_FILE ? w->content.size : 0;

	if (a->count < ABSENT_MAX)
		a->first[a->count] = (struct absent_name){
			arena_copy(&m->arena, w->name, strlen(w->name)), size,
		};
	a->count++;
	a->size += size;
}

/* Recorded, and nothing is there. */
static void gone(struct merge *m, const struct status_want *w, bool was_here)
{
	struct dv_status_entry *e;

	if (!was_here && w->type != ENTRY_DIR) {
		add_absent(m, w);
		return;
	}
	e = status_found(m->s, m->f, was_here ? DV_STATE_DELETED :
			 DV_STATE_ABSENT, merge_path(m, w->name));
	e->directory = w->type == ENTRY_DIR;
	e->size = w->type == ENTRY_SYMLINK ? 0 : w->content.size;
	e->files = w->files;
	if (e->directory && !m->dir.tree) {
		uint32_t dir = (uint32_t)w->content.size;

		e->size = 0;
		status_index_sum(&m->s->index, dir, &e->files, &e->size);
	}
}

static void report_absent(struct merge *m)
{
	const struct absent *a = &m->absent;
	struct dv_status_entry *e;

	if (a->count > ABSENT_MAX) {
		e = status_found(m->s, m->f, DV_STATE_ABSENT, m->dir.path);
		e->directory = true;
		e->files = a->count;
		e->size = a->size;
		return;
	}
	for (size_t i = 0; i < a->count; i++) {
		e = status_found(m->s, m->f, DV_STATE_ABSENT,
				 merge_path(m, a->first[i].name));
		e->size = a->first[i].size;
		e->files = 1;
	}
}

static int both_dirs(struct merge *m, const struct status_want *w,
		     const struct stat_row *row)
{
	struct status_dir *d;
	const char *path;

	if (m->dir.stream)
		return 0;
	if (m->dir.depth >= TREE_DEPTH_MAX)
		return dv_fail(DV_E_INVALID, "%s: more than %d folders deep",
			       m->s->path, TREE_DEPTH_MAX);
	path = merge_path(m, w->name);
	d = arena_alloc(&m->f->tasks, sizeof(*d));
	*d = (struct status_dir){
		.path = arena_copy(&m->f->tasks, path, strlen(path)),
		.tree = m->dir.tree,
		.id = w->content.id,
		.files = w->files,
		.size = w->content.size,
		.index_dir = row && row->type == ENTRY_DIR ?
			(int64_t)row->dir : -1,
		.depth = m->dir.depth + 1,
	};
	work_queue_put(&m->s->queue, d);
	return 0;
}

static int both(struct merge *m, const struct status_want *w,
		const struct disk_entry *e, const struct stat_row *row,
		int64_t number)
{
	struct stat st;

	if (row && (row->type == ENTRY_DIR) == !!S_ISDIR(e->mode))
		m->paired++;
	if (w->type == ENTRY_DIR && S_ISDIR(e->mode))
		return both_dirs(m, w, row);
	disk_entry_stat(e, &st);
	return status_entry(m->s, m->f, m->fd, merge_path(m, w->name), w, row,
			    number, &st, m->read_ns);
}

static int extra(struct merge *m, const struct disk_entry *e)
{
	const char *path = merge_path(m, e->name);
	struct stat_row row;
	bool ignored;
	int err;

	if (next_row(m, e->name, &row) >= 0) {
		m->paired++;
		return status_new(m->s, m->f, path, e);
	}
	err = status_ignored(m->s, path, S_ISDIR(e->mode), &ignored);
	if (err || ignored)
		return err;
	return status_new(m->s, m->f, path, e);
}

static int merge_all(struct merge *m)
{
	struct status_want want;
	struct disk_entry disk;
	int w = next_want(m, &want), d = w < 0 ? 0 : next_disk(m, &disk);
	int err = w < 0 ? w : d < 0 ? d : 0;

	while (!err && (w || d)) {
		struct stat_row row;
		int64_t n;
		int order = !w ? 1 : !d ? -1 : strcmp(want.name, disk.name);

		if (order > 0) {
			err = extra(m, &disk);
		} else {
			n = next_row(m, want.name, &row);
			if (order < 0)
				gone(m, &want, n >= 0);
			else
				err = both(m, &want, &disk,
					   n < 0 ? NULL : &row, n);
		}
		if (!err && order <= 0 && (w = next_want(m, &want)) < 0)
			err = w;
		if (!err && order >= 0 && (d = next_disk(m, &disk)) < 0)
			err = d;
	}
	meter_add(&m->s->meter, 0, m->disk_count % REST_ENTRIES);
	if (!err)
		report_absent(m);
	return err;
}

/*
 * The store lacks nodes of this directory: the rows say what was put here.
 * That it is not stored is found and said by status_stored().
 */
static void without_tree(struct merge *m)
{
	struct dv_status_entry *e;
	uint64_t files = 0, size = 0;

	m->dir.tree = false;
	if (!m->s->same || m->dir.index_dir < 0)
		return;
	status_index_sum(&m->s->index, (uint32_t)m->dir.index_dir, &files,
			 &size);
	if (files >= m->dir.files)
		return;
	e = status_found(m->s, m->f, DV_STATE_ABSENT, m->dir.path);
	e->directory = true;
	e->files = m->dir.files - files;
	e->size = m->dir.size > size ? m->dir.size - size : 0;
}

/* Finds the three lists and compares them. */
static int merge_run(struct merge *m)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct folder folder = {
		.fd = m->fd, .store = m->s->store, .spill = m->s->spill,
	};
	int err = 0;

	if (m->dir.index_dir >= 0) {
		struct stat_dir d;

		stat_index_dir(&m->s->index, (uint32_t)m->dir.index_dir, &d);
		m->row = m->row_first = m->want_row = d.first;
		m->row_end = d.first + d.count;
	}
	if (m->dir.tree)
		err = check_tree(m);
	if (err == DV_E_NOTFOUND) {
		without_tree(m);
		err = 0;
	}
	if (err || (!m->dir.tree && m->dir.index_dir < 0))
		return err;
	status_full_path(m->s, m->dir.path, &full);
	folder.path = full.data;
	err = folder_open(&folder, &m->list);
	if (!err)
		err = merge_all(m);
	folder_close(&m->list);
	return err;
}

/* All names are those of the rows: no need to list it next time. */
static void refresh_dir(struct merge *m, const struct stat *st)
{
	struct reread *r = &m->f->reread;
	struct stat_dir d;

	if (m->dir.index_dir < 0 || m->paired != m->disk_count ||
	    m->paired != m->row_end - m->row_first ||
	    stat_is_racy(st, m->read_ns))
		return;
	stat_index_dir(&m->s->index, (uint32_t)m->dir.index_dir, &d);
	if (stat_dir_matches(&d, st))
		return;
	ARRAY_GROW(r->dirs, r->dir_count + 1, r->dir_room);
	stat_change_set(&r->dirs[r->dir_count++],
			(uint32_t)m->dir.index_dir, st, m->read_ns);
}

int status_folder(struct status *s, struct finder *f,
		  const struct status_dir *dir, int fd,
		  const struct stat *st, int64_t read_ns)
{
	struct merge m = {
		.s = s, .f = f, .dir = *dir, .fd = fd, .read_ns = read_ns,
		.arena = ARENA_INIT, .path = BUF_INIT,
		.tree = { .last = BUF_INIT },
	};
	int err;

	buf_addstr(&m.path, dir->path);
	m.path_len = m.path.len;
	err = merge_run(&m);
	if (!err)
		refresh_dir(&m, st);
	tree_cursor_close(&m.tree);
	buf_release(&m.path);
	arena_release(&m.arena);
	return err;
}
