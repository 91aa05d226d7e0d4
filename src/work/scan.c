/*
 * Walking the work tree.  Workers take directories from a queue, list them
 * and put their sub-directories back; entries stay in the arena of the worker
 * that found them.  Numbers are given at the end, so that they do not depend
 * on who was faster.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "store/tree.h"
#include "work/below.h"
#include "work/folder.h"
#include "work/scan.h"
#include "work/scan_inside.h"
#include "work/temp_name.h"

void scan_full_path(const struct walk *w, const char *path, struct buf *out)
{
	path_join(out, w->path, path);
}

int scan_add_job(struct walk *w, struct arena *arena, const char *path,
		 uint32_t parent, unsigned depth, int64_t index_dir,
		 struct job **out)
{
	struct job *job = arena_alloc(arena, sizeof(*job));
	bool full;

	if (depth > TREE_DEPTH_MAX)
		return dv_fail(DV_E_INVALID, "%s: more than %d folders deep",
			       w->path, TREE_DEPTH_MAX);
	memset(job, 0, sizeof(*job));
	job->dir.path = path;
	job->dir.parent = parent;
	job->dir.index_dir = index_dir;
	job->depth = depth;
	pthread_mutex_lock(&w->mutex);
	full = w->count >= UINT32_MAX;
	if (!full) {
		ARRAY_GROW(w->jobs, w->count + 1, w->room);
		job->number = (uint32_t)w->count;
		w->jobs[w->count++] = job;
	}
	pthread_mutex_unlock(&w->mutex);
	if (full)
		return dv_fail(DV_E_UNSUPPORTED, "%s: too many folders",
			       w->path);
	*out = job;
	return 0;
}

void scan_fill_entry(struct scan_entry *e, const struct disk_entry *d,
		     const struct stat_row *row)
{
	struct stat st;

	e->name = d->name;
	e->mtime_ns = d->mtime_ns;
	e->ctime_ns = d->ctime_ns;
	e->inode = d->inode;
	e->size = d->size;
	if (S_ISREG(d->mode))
		e->type = ENTRY_FILE;
	else if (S_ISLNK(d->mode))
		e->type = ENTRY_SYMLINK;
	else if (S_ISDIR(d->mode) && !temp_name_is(d->name) &&
		 path_name_ok(d->name, strlen(d->name)))
		e->type = ENTRY_DIR;
	else
		e->special = true;
	e->executable = e->type == ENTRY_FILE && d->mode & S_IXUSR;
	e->link = d->link;
	if (!row)
		return;
	disk_entry_stat(d, &st);
	if (stat_row_matches(row, &st)) {
		e->known = true;
		e->content = row->content;
	}
}

/* The rows of one directory of the index, passed in step with its names. */
struct row_cursor {
	const struct stat_index *index;
	uint32_t next, end;
};

static struct row_cursor rows_of(const struct stat_index *x, int64_t dir)
{
	struct row_cursor c = { x, 0, 0 };
	struct stat_dir d;

	if (!x || dir < 0)
		return c;
	stat_index_dir(x, (uint32_t)dir, &d);
	c.next = d.first;
	c.end = d.first + d.count;
	return c;
}

/* The row of `name`, which is not before the last one asked for; or -1. */
static int64_t row_at_name(struct row_cursor *c, const char *name,
			   struct stat_row *row)
{
	for (; c->next < c->end; c->next++) {
		int order;

		stat_index_row(c->index, c->next, row);
		order = strcmp(row->name, name);
		if (!order)
			return c->next++;
		if (order > 0)
			break;
	}
	return -1;
}

/* One name: kept, queued when a directory, or left out. */
static int take_entry(struct walk *w, struct arena *arena, struct job *job,
		      const struct disk_entry *d, struct row_cursor *rows,
		      struct buf *full)
{
	struct scan_entry *e = job->dir.entries + job->dir.count;
	bool is_dir = S_ISDIR(d->mode);
	size_t at = full->len;
	struct stat_row row;
	struct job *child;
	int64_t n, below = -1;
	int err;

	path_append(full, d->name);
	n = row_at_name(rows, d->name, &row);
	if (n < 0 && w->ignore && ignore_match(w->ignore, full->data, is_dir)) {
		job->dir.mtime_ns = job->dir.ctime_ns = 0;
		buf_setlen(full, at);
		return 0;
	}
	memset(e, 0, sizeof(*e));
	e->row = n;
	scan_fill_entry(e, d, n < 0 ? NULL : &row);
	job->dir.count++;
	if (e->type == ENTRY_DIR) {
		const char *path = full->data + strlen(w->path);

		if (n >= 0 && row.type == ENTRY_DIR)
			below = row.dir;
		path += *w->path != 0;
		err = scan_add_job(w, arena,
				   arena_copy(arena, path, strlen(path)),
				   job->number, job->depth + 1, below, &child);
		if (err)
			return err;
		e->dir = child->number;
		work_queue_put(&w->queue, child);
	}
	buf_setlen(full, at);
	return 0;
}

static int open_failed(const char *full)
{
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return dv_fail(DV_E_CHANGED,
			       "%s: went away while it was looked at", full);
	return dv_fail_errno("cannot open %s", full);
}

/* True after each SCAN_REST_ENTRIES. */
static bool is_time_to_rest(struct walk *w)
{
	return atomic_fetch_add_explicit(&w->listed, 1, memory_order_relaxed) %
		SCAN_REST_ENTRIES == SCAN_REST_ENTRIES - 1;
}

static int take_entries(struct walk *w, struct arena *arena, struct job *job,
			struct folder_list *list, struct buf *full)
{
	struct row_cursor rows = rows_of(w->index, job->dir.index_dir);
	struct disk_entry e;
	int err = 0;

	job->dir.entries = arena_alloc(arena, list->names.count *
				       sizeof(*job->dir.entries) + 1);
	while (!err && (err = folder_next(list, &e)) == 1) {
		e.name = arena_copy(arena, e.name, strlen(e.name));
		err = take_entry(w, arena, job, &e, &rows, full);
		if (is_time_to_rest(w)) {
			spill_rest(arena->spill);
			if (w->index)
				stat_index_rest(w->index);
		}
	}
	return err;
}

static int list_job(struct walk *w, struct arena *arena, struct job *job)
{
	DV_AUTO_FOLDER_LIST struct folder_list list = { NULL };
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct folder folder = { .store = w->store, .spill = w->spill };
	struct stat st;
	int err;

	scan_full_path(w, job->dir.path, &full);
	job->dir.read_ns = clock_real_ns();
	DV_AUTO_CLOSE int fd = open_below(w->top, full.data);
	if (fd < 0)
		return open_failed(full.data);
	if (fstat(fd, &st))
		return dv_fail_errno("cannot stat %s", full.data);
	job->dir.mtime_ns = timespec_ns(&st.st_mtim);
	job->dir.ctime_ns = timespec_ns(&st.st_ctim);
	job->dir.inode = st.st_ino;
	folder.fd = fd;
	folder.path = full.data;
	err = folder_open(&folder, &list);
	if (!err && list.names.count > UINT32_MAX)
		err = dv_fail(DV_E_UNSUPPORTED, "%s: too many entries",
			      full.data);
	if (!err && w->ignore && list.has_ignore)
		err = ignore_load(w->ignore, full.data);
	return err ? err : take_entries(w, arena, job, &list, &full);
}

static int work(struct crew *crew, unsigned worker, void *data)
{
	struct walk *w = data;
	struct job *job;
	int err = 0;

	while ((job = work_queue_take(&w->queue)) != NULL) {
		if (!crew_failed(crew))
			err = list_job(w, &w->arenas[worker], job);
		else
			err = cancel_check();
		work_queue_done(&w->queue);
		if (err || crew_failed(crew)) {
			work_queue_stop(&w->queue);
			break;
		}
	}
	return err;
}

/* Breadth first: the result's numbers, and what is in it. */
static void number_dirs(struct walk *w, uint32_t roots, struct scan *out)
{
	struct job **order = xcalloc(w->count + 1, sizeof(struct job *));
	struct scan_pass pass = { out, 0 };
	uint32_t known = roots;

	for (uint32_t i = 0; i < roots; i++) {
		order[i] = w->jobs[i];
		order[i]->last = i;
	}
	out->dirs = xcalloc(w->count + 1, sizeof(*out->dirs));
	for (uint32_t i = 0; i < known; i++) {
		struct scan_dir *d = &out->dirs[i];

		*d = order[i]->dir;
		d->parent = w->jobs[d->parent]->last;
		for (uint32_t k = 0; k < d->count; k++) {
			struct scan_entry *e = &d->entries[k];

			if (e->type == ENTRY_DIR) {
				order[known] = w->jobs[e->dir];
				order[known]->last = known;
				e->dir = known++;
			} else if (!e->special) {
				out->files++;
				out->size += e->type == ENTRY_FILE ?
					e->size : 0;
			}
			scan_passed(&pass, 1);
		}
	}
	out->count = known;
	free(order);
}

static int scan_all(struct walk *w, struct dv_repo *repo,
		    struct scan_part *parts, size_t count, unsigned threads,
		    struct scan *out)
{
	TRACE_REGION("scan");
	bool any = false;
	size_t roots;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		err = cancel_check();
		if (!err)
			err = scan_add_root(w, repo, &parts[i]);
		any |= parts[i].there && !parts[i].single;
	}
	roots = w->count;
	if (!err && any)
		err = crew_run(threads, work, w);
	if (!err)
		number_dirs(w, (uint32_t)roots, out);
	return err;
}

int scan_run_parts(struct dv_repo *repo, const char *path,
		   struct scan_part *parts, size_t count,
		   const struct stat_index *index, struct ignore *ignore,
		   unsigned threads, struct scan *out)
{
	struct walk w = {
		.store = repo_store_real(repo),
		.path = path,
		.index = index && index->dirs ? index : NULL,
		.ignore = ignore,
	};
	int err = repo_worktree_fd(repo, &w.top);

	memset(out, 0, sizeof(*out));
	if (err)
		return err;
	threads = crew_size(threads);
	out->private = scan_private_new(repo, threads);
	w.arenas = out->private->arenas;
	w.spill = out->private->spill.dir;
	work_queue_init(&w.queue);
	pthread_mutex_init(&w.mutex, NULL);
	err = scan_all(&w, repo, parts, count, threads, out);
	pthread_mutex_destroy(&w.mutex);
	work_queue_release(&w.queue);
	free(w.jobs);
	if (err)
		scan_release(out);
	return err;
}

int scan_run(struct dv_repo *repo, const char *path, const char *inside,
	     const struct stat_index *index, struct ignore *ignore,
	     unsigned threads, struct scan *out)
{
	struct scan_part part = { .inside = inside };
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err = scan_run_parts(repo, path, &part, 1, index, ignore, threads,
				 out);

	if (err)
		return err;
	out->single = part.single;
	if (part.there)
		return 0;
	scan_release(out);
	path_join(&full, path, inside);
	return dv_fail(DV_E_NOTFOUND, "no such file: %s", full.data);
}
