/* Comparing one directory, and one file, with what is recorded. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "chunk/sha256.h"
#include "work/below.h"
#include "work/resolve.h"
#include "work/scan.h"
#include "work/status.h"
#include "work/temp_name.h"

/* So many absent files of one directory are named; more become one entry. */
#define ABSENT_MAX	100

void status_full_path(const struct status *s, const char *path,
		      struct buf *out)
{
	buf_addstr(out, s->path);
	if (*path)
		path_append(out, path);
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

/* --- ignored and new ------------------------------------------------------ */

/* Loads dir/.dvignore unless that was done; with the mutex held. */
static int load_ignore(struct status *s, const char *dir)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct dv_id id;
	bool added;

	sha256(dir, strlen(dir), &id);
	id_map_put(&s->ignore_seen, &id, 0, &added);
	if (!added)
		return 0;
	DV_AUTO_CLOSE int fd = open_below(s->top, dir);
	if (fd < 0 || faccessat(fd, ".dvignore", F_OK, AT_SYMLINK_NOFOLLOW))
		return 0;
	return ignore_load(s->ignore, dir);
}

/* Loads the rules of all folders above the full path. */
static int load_rules(struct status *s, const char *full)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	int err = 0;

	if (!s->ignore)
		err = ignore_new(s->repo, &s->ignore);
	if (!err)
		err = load_ignore(s, "");
	for (const char *p = strchr(full, '/'); p && !err;
	     p = strchr(p + 1, '/')) {
		buf_clear(&dir);
		buf_add(&dir, full, (size_t)(p - full));
		err = load_ignore(s, dir.data);
	}
	return err;
}

int status_ignored(struct status *s, const char *path, bool directory,
		   bool *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err;

	/* What a killed checkout left is not the user's. */
	*out = temp_name_is(path_name(path));
	if (*out)
		return 0;
	status_full_path(s, path, &full);
	pthread_mutex_lock(&s->ignore_mutex);
	err = load_rules(s, full.data);
	pthread_mutex_unlock(&s->ignore_mutex);
	*out = !err && ignore_match(s->ignore, full.data, directory);
	return err;
}

/* Folders still to be counted below a new one. */
struct new_folders {
	struct arena arena;
	char **paths;		/* owned; relative to the tracked path */
	size_t count, room;
	uint64_t files, size;
};

static int count_folder(struct status *s, struct new_folders *n,
			const char *path)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_BUF struct buf below = BUF_INIT;
	struct disk_entry *entries;
	size_t count;
	int err = cancel_check();

	status_full_path(s, path, &full);
	DV_AUTO_CLOSE int fd = open_below(s->top, full.data);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return dv_fail_errno("cannot open %s", full.data);
	if (!err)
		err = folder_list(fd, full.data, &arena, &entries, &count);
	for (size_t i = 0; !err && i < count; i++) {
		const struct disk_entry *e = &entries[i];
		bool ignored;

		buf_clear(&below);
		buf_addstr(&below, path);
		path_append(&below, e->name);
		err = status_ignored(s, below.data, S_ISDIR(e->mode),
				     &ignored);
		if (err || ignored)
			continue;
		if (S_ISDIR(e->mode)) {
			ARRAY_GROW(n->paths, n->count + 1, n->room);
			n->paths[n->count++] = arena_copy(&n->arena,
							  below.data,
							  below.len);
			continue;
		}
		n->files++;
		n->size += S_ISREG(e->mode) ? e->size : 0;
	}
	return err;
}

int status_new(struct status *s, struct finder *f, const char *path,
	       const struct disk_entry *e)
{
	struct new_folders n = { .arena = ARENA_INIT };
	struct dv_status_entry *entry;
	int err = 0;

	if (S_ISDIR(e->mode)) {
		err = count_folder(s, &n, path);
		while (!err && n.count)
			err = count_folder(s, &n, n.paths[--n.count]);
	} else {
		n.files = 1;
		n.size = S_ISREG(e->mode) ? e->size : 0;
	}
	entry = status_found(s, f, DV_STATE_NEW, path);
	entry->directory = S_ISDIR(e->mode);
	entry->files = n.files;
	entry->size = n.size;
	free(n.paths);
	arena_release(&n.arena);
	return err;
}

/* --- a file or a symlink -------------------------------------------------- */

static int modified(struct status *s, struct finder *f, const char *path,
		    const struct stat *st)
{
	struct dv_status_entry *e = status_found(s, f, DV_STATE_MODIFIED,
						 path);

	e->directory = S_ISDIR(st->st_mode);
	e->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	return 0;
}

static int read_link(int fd, const char *path, const struct stat *st,
		     struct buf *out)
{
	size_t room = (size_t)st->st_size < ENTRY_TARGET_MAX ?
		(size_t)st->st_size + 2 : ENTRY_TARGET_MAX + 2;
	ssize_t n;

	buf_clear(out);
	buf_reserve(out, room);
	n = readlinkat(fd, path_name(path), out->data, room);
	if (n < 0)
		return dv_fail_errno("cannot read symbolic link %s", path);
	buf_setlen(out, (size_t)n);
	return 0;
}

static void refresh_row(struct finder *f, int64_t number,
			const struct stat *st, int64_t read_ns)
{
	struct reread *r = &f->reread;

	if (number < 0 || stat_is_racy(st, read_ns))
		return;
	ARRAY_GROW(r->rows, r->row_count + 1, r->row_room);
	stat_change_set(&r->rows[r->row_count++], (uint32_t)number, st,
			read_ns);
}

static int compare_link(struct status *s, struct finder *f, int fd,
			const char *path, const struct status_want *want,
			const struct stat_row *row, int64_t number,
			const struct stat *st, int64_t read_ns)
{
	DV_AUTO_BUF struct buf target = BUF_INIT;
	struct dv_id id;
	int err;

	if (row && !want->target && stat_row_matches(row, st) &&
	    !s->options->rehash)
		return 0;
	err = read_link(fd, path, st, &target);
	if (err)
		return err;
	sha256(target.data, target.len, &id);
	if (row && row->type == ENTRY_SYMLINK &&
	    dv_id_equal(&id, &row->content.id) &&
	    (uint64_t)st->st_size == row->size && !stat_row_matches(row, st))
		refresh_row(f, number, st, read_ns);
	if (want->target ? strlen(want->target) == target.len &&
			   !strcmp(want->target, target.data) :
			   dv_id_equal(&id, &want->content.id))
		return 0;
	return modified(s, f, path, st);
}

static int compare_file(struct status *s, struct finder *f, int fd,
			const char *path, const struct status_want *want,
			const struct stat_row *row, int64_t number,
			const struct stat *st, int64_t read_ns)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct reread_file file = {
		.st = *st, .read_ns = read_ns, .row = -1,
		.want = want->content,
	};

	if (want->executable != !!(st->st_mode & S_IXUSR) ||
	    want->content.size != (uint64_t)st->st_size)
		return modified(s, f, path, st);
	if (row && row->type == ENTRY_FILE) {
		if (stat_row_matches(row, st) && !s->options->rehash)
			return content_equal(&row->content, &want->content) ?
				0 : modified(s, f, path, st);
		/* Only what it is now may be refreshed in its row. */
		if (row->executable == want->executable &&
		    !stat_row_matches(row, st))
			file.row = number;
		file.old = row->content;
	}
	status_full_path(s, path, &full);
	file.path = full.data;
	file.below = full.data + full.len - strlen(path);
	return reread_add(&f->reread, fd, path_name(*path ? path : s->path),
			  &file);
}

int status_entry(struct status *s, struct finder *f, int fd, const char *path,
		 const struct status_want *want, const struct stat_row *row,
		 int64_t number, const struct stat *st, int64_t read_ns)
{
	if (want->type == ENTRY_FILE && S_ISREG(st->st_mode))
		return compare_file(s, f, fd, path, want, row, number, st,
				    read_ns);
	if (want->type == ENTRY_SYMLINK && S_ISLNK(st->st_mode))
		return compare_link(s, f, fd, path, want, row, number, st,
				    read_ns);
	return modified(s, f, path, st);
}

/* --- a directory ---------------------------------------------------------- */

/* Three sorted lists, passed in step. */
struct merge {
	struct status *s;
	struct finder *f;
	struct status_dir dir;
	int fd;
	int64_t read_ns;
	struct arena arena;
	struct status_want *wants;
	size_t want_count;
	struct disk_entry *disk;
	size_t disk_count;
	uint32_t row, row_first, row_end;
	size_t paired;		/* names both in rows and on disk */
	struct buf path;
	size_t path_len;	/* of the directory */
	size_t *absent;		/* owned; numbers in wants */
	size_t absent_count, absent_room;
};

static const char *merge_path(struct merge *m, const char *name)
{
	buf_setlen(&m->path, m->path_len);
	path_append(&m->path, name);
	return m->path.data;
}

static void wants_from_rows(struct merge *m)
{
	size_t count = m->row_end - m->row_first;

	m->wants = arena_alloc(&m->arena, count * sizeof(*m->wants) + 1);
	for (size_t i = 0; i < count; i++) {
		struct status_want *w = &m->wants[i];
		struct stat_row row;

		stat_index_row(&m->s->index, m->row_first + (uint32_t)i,
			       &row);
		*w = (struct status_want){
			.name = row.name, .type = row.type,
			.executable = row.executable, .content = row.content,
			.files = row.type == ENTRY_DIR ? 0 : 1,
		};
		if (row.type == ENTRY_DIR)
			w->content.size = row.dir;	/* see deleted() */
	}
	m->want_count = count;
}

static int wants_from_tree(struct merge *m)
{
	struct tree_entry *entries;
	size_t count;
	int err = tree_read(m->f->reader, &m->dir.id, &m->arena, &entries,
			    &count);

	if (!err && !*m->dir.path)
		err = resolve_check_root(m->s->path, m->s->pointer, entries,
					 count);
	if (err)
		return err;
	m->wants = arena_alloc(&m->arena, count * sizeof(*m->wants) + 1);
	for (size_t i = 0; i < count; i++)
		m->wants[i] = (struct status_want){
			.name = entries[i].name, .type = entries[i].type,
			.executable = entries[i].executable,
			.content = entries[i].content,
			.files = entries[i].type == ENTRY_DIR ?
				entries[i].files : 1,
			.target = entries[i].target,
		};
	m->want_count = count;
	return 0;
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

/* Recorded, and nothing is there. */
static void gone(struct merge *m, size_t n, bool was_here)
{
	const struct status_want *w = &m->wants[n];
	struct dv_status_entry *e;

	if (!was_here && w->type != ENTRY_DIR) {
		ARRAY_GROW(m->absent, m->absent_count + 1, m->absent_room);
		m->absent[m->absent_count++] = n;
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
	struct dv_status_entry *e;

	if (m->absent_count > ABSENT_MAX) {
		e = status_found(m->s, m->f, DV_STATE_ABSENT, m->dir.path);
		e->directory = true;
		e->files = m->absent_count;
		for (size_t i = 0; i < m->absent_count; i++) {
			const struct status_want *w =
				&m->wants[m->absent[i]];

			e->size += w->type == ENTRY_FILE ?
				w->content.size : 0;
		}
		return;
	}
	for (size_t i = 0; i < m->absent_count; i++) {
		const struct status_want *w = &m->wants[m->absent[i]];

		e = status_found(m->s, m->f, DV_STATE_ABSENT,
				 merge_path(m, w->name));
		e->size = w->type == ENTRY_FILE ? w->content.size : 0;
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
	size_t w = 0, d = 0;
	int err = 0;

	while (!err && (w < m->want_count || d < m->disk_count)) {
		struct stat_row row;
		int64_t n;
		int order;

		if (w == m->want_count)
			order = 1;
		else if (d == m->disk_count)
			order = -1;
		else
			order = strcmp(m->wants[w].name, m->disk[d].name);
		if (order > 0) {
			err = extra(m, &m->disk[d++]);
			continue;
		}
		n = next_row(m, m->wants[w].name, &row);
		if (order < 0)
			gone(m, w, n >= 0);
		else
			err = both(m, &m->wants[w], &m->disk[d++],
				   n < 0 ? NULL : &row, n);
		w++;
	}
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
	int err = 0;

	if (m->dir.index_dir >= 0) {
		struct stat_dir d;

		stat_index_dir(&m->s->index, (uint32_t)m->dir.index_dir, &d);
		m->row = m->row_first = d.first;
		m->row_end = d.first + d.count;
	}
	if (m->dir.tree)
		err = wants_from_tree(m);
	if (err == DV_E_NOTFOUND) {
		without_tree(m);
		err = 0;
	}
	if (err || (!m->dir.tree && m->dir.index_dir < 0))
		return err;
	if (!m->dir.tree)
		wants_from_rows(m);
	status_full_path(m->s, m->dir.path, &full);
	err = folder_list(m->fd, full.data, &m->arena, &m->disk,
			  &m->disk_count);
	if (!err)
		meter_add(&m->s->meter, 0, m->disk_count);
	return err ? err : merge_all(m);
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
	};
	int err;

	buf_addstr(&m.path, dir->path);
	m.path_len = m.path.len;
	err = merge_run(&m);
	if (!err)
		refresh_dir(&m, st);
	free(m.absent);
	buf_release(&m.path);
	arena_release(&m.arena);
	return err;
}
