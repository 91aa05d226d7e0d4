/* The two walks over a tracked directory, on all threads. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "work/below.h"
#include "work/linked.h"
#include "work/status.h"

/* Rows a thread takes at once; more threads than that are not worth it. */
#define UNIT_ROWS	2048u
/* Units that are taken before that. */
#define REST_UNITS	8

/* --- over the rows -------------------------------------------------------- */

enum dir_state { DIR_UNKNOWN, DIR_SAME, DIR_LISTED };

/* What the threads take from: the next row, by its directory. */
struct stream {
	struct status *s;
	pthread_mutex_t mutex;
	uint32_t dir, row;	/* row: within the directory */
	uint32_t taken;		/* units; the rows of those before rest */
	/* For directories in several units: whether one listed it. */
	_Atomic uint8_t *states;	/* owned */
};

/* Rows from..to of directory `first`, or all of first..last. */
struct unit {
	uint32_t first, last, from, to;
};

static bool take_unit(struct stream *t, struct unit *u)
{
	const struct stat_index *x = &t->s->index;
	struct stat_dir d;
	uint32_t rows = 0;

	pthread_mutex_lock(&t->mutex);
	*u = (struct unit){ t->dir, t->dir, 0, UINT32_MAX };
	for (; t->dir < x->dirs && rows < UNIT_ROWS; t->dir++) {
		stat_index_dir(x, t->dir, &d);
		if (d.count > UNIT_ROWS)
			break;
		rows += d.count + 8;	/* opening it costs as well */
	}
	u->last = t->dir;
	if (u->last == u->first && t->dir < x->dirs) {
		u->last++;
		u->from = t->row;
		t->row += UNIT_ROWS;
		u->to = t->row;
		if (t->row >= d.count) {
			t->row = 0;
			t->dir++;
		}
	}
	if (++t->taken % REST_UNITS == 0)
		stat_index_rest(x);
	pthread_mutex_unlock(&t->mutex);
	return u->last > u->first;
}

static int compare_row(struct status *s, struct finder *f, int fd,
		       const struct stat_dir *d, uint32_t number,
		       int64_t read_ns)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct status_want want;
	struct stat_row row;
	struct stat st;

	stat_index_row(&s->index, number, &row);
	if (row.type == ENTRY_DIR)
		return 0;
	if (!linked_stat(s->store, fd, row.name, &st, NULL)) {
		if (stat_row_matches(&row, &st) && !s->options->rehash)
			return 0;
	} else if (errno != ENOENT) {
		return dv_fail_errno("cannot stat %s/%s/%s", s->path, d->path,
				     row.name);
	} else {
		st.st_mode = 0;
	}
	buf_addstr(&path, d->path);
	path_append(&path, row.name);
	if (!st.st_mode) {
		struct dv_status_entry *e = status_found(s, f,
							 DV_STATE_DELETED,
							 path.data);

		e->size = row.type == ENTRY_FILE ? row.size : 0;
		e->files = 1;
		return 0;
	}
	want = (struct status_want){
		.name = row.name, .type = row.type,
		.executable = row.executable, .content = row.content,
	};
	return status_entry(s, f, fd, path.data, &want, &row, number, &st,
			    read_ns);
}

/*
 * Whether this unit has to compare rows, list the directory, or neither
 * because another unit of the same directory lists it.
 */
static enum dir_state agree(struct stream *t, const struct unit *u,
			    uint32_t dir, bool same)
{
	uint8_t state = DIR_UNKNOWN;

	if (u->to == UINT32_MAX)
		return same ? DIR_SAME : DIR_LISTED;
	if (atomic_compare_exchange_strong(&t->states[dir], &state,
					   same ? DIR_SAME : DIR_LISTED))
		return same ? DIR_SAME : DIR_LISTED;
	return state == DIR_SAME ? DIR_SAME : DIR_UNKNOWN;
}

static int stream_dir(struct stream *t, struct finder *f,
		      const struct unit *u, uint32_t n)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct status *s = t->s;
	int64_t read_ns = clock_real_ns();
	struct status_dir dir = { .stream = true, .index_dir = n };
	enum dir_state state;
	struct stat_dir d;
	struct stat st;
	uint32_t to;
	int err = 0;

	stat_index_dir(&s->index, n, &d);
	status_full_path(s, d.path, &full);
	DV_AUTO_CLOSE int fd = open_below(s->top, full.data);
	/* What is not there was missed in the directory above. */
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return dv_fail_errno("cannot open %s", full.data);
	if (fstat(fd, &st))
		return dv_fail_errno("cannot stat %s", full.data);
	state = agree(t, u, n, stat_dir_matches(&d, &st));
	if (state == DIR_LISTED) {
		dir.path = d.path;
		return status_folder(s, f, &dir, fd, &st, read_ns);
	}
	if (state == DIR_UNKNOWN)
		return 0;
	to = u->to < d.count ? u->to : d.count;
	for (uint32_t i = u->from; i < to && !err; i++)
		err = compare_row(s, f, fd, &d, d.first + i, read_ns);
	if (to > u->from)
		meter_add(&s->meter, 0, to - u->from);
	return err;
}

static int stream_work(struct crew *crew, unsigned worker, void *data)
{
	struct stream *t = data;
	struct finder *f = &t->s->finders[worker];
	struct unit u;
	int err = 0;

	while (!err && take_unit(t, &u))
		for (uint32_t n = u.first; n < u.last && !err; n++) {
			if (crew_failed(crew))
				return cancel_check();
			err = stream_dir(t, f, &u, n);
		}
	return err ? err : reread_flush(&f->reread);
}

/* Threads that are worth starting for so many rows. */
static unsigned workers(const struct status *s, uint64_t rows)
{
	uint64_t most = rows / UNIT_ROWS + 1;

	return most < s->threads ? (unsigned)most : s->threads;
}

int status_stream(struct status *s)
{
	TRACE_REGION("status: compare rows");
	struct stream t = { .s = s };
	int err;

	pthread_mutex_init(&t.mutex, NULL);
	t.states = xcalloc(s->index.dirs, sizeof(*t.states));
	err = crew_run(workers(s, s->index.rows), stream_work, &t);
	pthread_mutex_destroy(&t.mutex);
	free((void *)t.states);
	return err;
}

/* --- over the directories ------------------------------------------------- */

bool status_dirs_same(const struct status *s)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct stat_dir d;
	struct stat st;

	for (uint32_t i = 0; i < s->index.dirs; i++) {
		stat_index_dir(&s->index, i, &d);
		status_full_path(s, d.path, &full);
		if (fstatat(s->top, full.data, &st, AT_SYMLINK_NOFOLLOW) ||
		    !stat_dir_matches(&d, &st))
			return false;
	}
	return true;
}

/* --- over the tree -------------------------------------------------------- */

static int tree_dir(struct status *s, struct finder *f,
		    const struct status_dir *task)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int64_t read_ns = clock_real_ns();
	struct stat st;

	status_full_path(s, task->path, &full);
	DV_AUTO_CLOSE int fd = open_below(s->top, full.data);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return dv_fail(DV_E_CHANGED,
			       "%s: went away while it was looked at",
			       full.data);
	if (fd < 0)
		return dv_fail_errno("cannot open %s", full.data);
	if (fstat(fd, &st))
		return dv_fail_errno("cannot stat %s", full.data);
	return status_folder(s, f, task, fd, &st, read_ns);
}

static int tree_work(struct crew *crew, unsigned worker, void *data)
{
	struct status *s = data;
	struct finder *f = &s->finders[worker];
	const struct status_dir *task;
	int err = 0;

	while (!err && (task = work_queue_take(&s->queue)) != NULL) {
		err = crew_failed(crew) ? cancel_check() :
			tree_dir(s, f, task);
		work_queue_done(&s->queue);
		if (err || crew_failed(crew))
			work_queue_stop(&s->queue);
	}
	return err ? err : reread_flush(&f->reread);
}

int status_tree(struct status *s, const struct status_dir *root)
{
	TRACE_REGION("status: compare tree");
	struct status_dir *task = arena_alloc(&s->finders[0].tasks,
					      sizeof(*task));
	int err;

	*task = *root;
	work_queue_init(&s->queue);
	work_queue_put(&s->queue, task);
	err = crew_run(workers(s, s->pointer->files), tree_work, s);
	work_queue_release(&s->queue);
	return err;
}
