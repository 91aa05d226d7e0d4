/* dv_outdated(): pointers that have moved since the data was put here. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "dv/hooks.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/trace.h"
#include "git/repo.h"
#include "work/stat_index.h"

/* Each takes memory in the plan of a checkout; past that many all is one. */
#define PARTS_MOST	4096

struct outdated {
	struct dv_repo *repo;
	const char *before;
	bool loaded;
	struct path_list had;	/* "<path> <id>" of the commit before */
	dv_tracked_cb *fn;
	void *data;
};

static void key_of(const struct dv_tracked *t, struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&t->pointer.id, hex);
	buf_addf(out, "%s %s", t->path, hex);
}

static int take_before(const struct dv_tracked *t, void *data)
{
	struct outdated *o = data;
	DV_AUTO_BUF struct buf key = BUF_INIT;

	key_of(t, &key);
	path_list_add(&o->had, key.data, key.len);
	return 0;
}

/* Git's objects are asked only if something was never put here. */
static int had_before(struct outdated *o, const struct dv_tracked *t,
		      bool *had)
{
	const struct dv_selection what = {
		.rev = o->before, .broken = tracked_pass_broken,
	};
	DV_AUTO_BUF struct buf key = BUF_INIT;
	int err = 0;

	if (!o->loaded && o->before) {
		err = dv_tracked_each(o->repo, &what, take_before, o);
		path_list_sort(&o->had);
	}
	o->loaded = true;
	key_of(t, &key);
	*had = !err && path_list_has(&o->had, key.data);
	return err;
}

/* Of a directory of which only parts were put here, these. */
static int tell_parts(struct outdated *o, const struct dv_tracked *t,
		      const struct stat_index *x)
{
	struct dv_tracked part = *t;
	struct stat_dir top;
	int err = 0;

	stat_index_dir(x, 0, &top);
	if (top.count > PARTS_MOST)
		return o->fn(t, o->data);
	for (uint32_t i = 0; i < top.count && !err; i++) {
		struct stat_row row;

		stat_index_row(x, top.first + i, &row);
		part.inside = row.name;
		err = o->fn(&part, o->data);
	}
	return err;
}

/* Nothing lies there: git has renamed a folder above, data and all. */
static bool is_away(struct outdated *o, const char *path)
{
	struct stat st;
	int top;

	return !repo_worktree_fd(o->repo, &top) &&
		fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		errno == ENOENT;
}

static bool is_after(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec :
					a->tv_nsec > b->tv_nsec;
}

/*
 * Git has written the pointer since.  It may have been gone in between, at a
 * commit from before dv init, where no hook did anything and files of the data
 * were git's: those it took along when it left.
 */
static bool is_back(struct outdated *o, const char *path,
		    const struct stat_index *x)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct stat written;
	int top;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	return !repo_worktree_fd(o->repo, &top) &&
		!fstatat(top, pointer.data, &written, AT_SYMLINK_NOFOLLOW) &&
		is_after(&written.st_ctim, &x->file.st_mtim);
}

static int look_at(const struct dv_tracked *t, void *data)
{
	struct outdated *o = data;
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	bool here_only = o->before && !*o->before, same, had = false;
	int err = stat_index_open(o->repo, t->path, &x);

	if (err || (!x.dirs && here_only))
		return err;
	same = x.dirs && dv_id_equal(&x.pointer, &t->pointer.id);
	if (same && (here_only ||
		     (!is_away(o, t->path) && !is_back(o, t->path, &x))))
		return 0;
	if (!x.dirs || same)
		err = had_before(o, t, &had);
	if (err || had)
		return err;
	if (x.dirs && !x.complete && t->pointer.kind == DV_KIND_TREE)
		return tell_parts(o, t, &x);
	return o->fn(t, o->data);
}

int dv_outdated(struct dv_repo *repo, const char *before, dv_tracked_cb *fn,
		void *data)
{
	TRACE_REGION("outdated");
	/* nobody can say of it whether it has moved; dv status names it */
	const struct dv_selection what = { .broken = tracked_pass_broken };
	struct outdated o = {
		.repo = repo, .before = before, .had = PATH_LIST_INIT,
		.fn = fn, .data = data,
	};
	int err = dv_tracked_each(repo, &what, look_at, &o);

	path_list_release(&o.had);
	return err;
}
