/*
 * dv rm.  In order: everything is looked at before anything is touched; data
 * go, then the .gitignore line, then the pointer, so that a crash in between
 * leaves something that is still tracked.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/arrange.h"
#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/repo.h"
#include "store/loose.h"
#include "store/tree.h"
#include "work/add.h"
#include "work/below.h"
#include "work/linked.h"
#include "work/scan.h"
#include "work/stat_index.h"

/* A tracked path or a part inside of it, and what is there. */
struct target {
	struct add_plan *plan;
	size_t n;		/* number of the part */
	bool scanned;
	struct scan scan;	/* taken before it was checked */
};

struct removing {
	struct dv_repo *repo;
	const struct dv_remove_options *o;
	dv_remove_cb *fn;
	void *data;
	int top;		/* fd of the work tree */
	const char *store;	/* see work/linked.h */
	struct add_plans plans;
	struct target *targets;	/* owned; in the order of the plans */
	size_t count, room;
	struct path_list stage;	/* what git should be told of */
};

/* The path of a part, relative to the work tree. */
static void target_path(const struct target *t, struct buf *out)
{
	path_join(out, t->plan->path, t->plan->inside[t->n]);
}

static void release(struct removing *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->targets[i].scanned)
			scan_release(&r->targets[i].scan);
	free(r->targets);
	add_plans_release(&r->plans);
	path_list_release(&r->stage);
}

/* --- what would be lost ------------------------------------------------ */

struct check {
	const struct removing *r;
	const char *path;	/* of the target */
	bool whole;
};

/* What was found may be inside of the target, and not be tracked itself. */
static int refuse(const struct check *c, const char *found, const char *why)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int err = dv_fail(DV_E_EXISTS, "%s %s", found, why);
	const char *path = repo_word(c->r->repo, c->path, &word);

	return dv_hint(err, "dv rm --keep %s stops tracking it and leaves the "
		       "data, dv rm -f %s removes what is recorded all the "
		       "same", path, path);
}

static int check_entry(const struct dv_status_entry *e, void *data)
{
	const struct check *c = data;

	switch (e->state) {
	case DV_STATE_MODIFIED:
		return refuse(c, e->path, "was changed and is not recorded");
	case DV_STATE_NEW:
		return refuse(c, e->path, "is not recorded");
	case DV_STATE_NOT_STORED:
		return refuse(c, e->path, "is not in the store: what is "
			      "here may be the only copy");
	case DV_STATE_UNCOMMITTED:
		return c->whole ? refuse(c, e->path, "is not as HEAD has "
					 "it: its id would be lost") : 0;
	case DV_STATE_DELETED:
	case DV_STATE_ABSENT:
	case DV_STATE_UNLINKED:
	case DV_STATE_BROKEN:
		break;
	}
	return 0;
}

/* A link that was written through is no copy of what another path holds. */
static int check_store(struct removing *r)
{
	struct store *store;
	uint64_t damaged;
	int err = repo_store(r->repo, &store);

	return err ? err : loose_recheck(store, &damaged);
}

static int check_target(struct removing *r, const struct target *t)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	const char *paths[1];
	const struct dv_status_options o = {
		.what = { .paths = paths, .count = 1 },
	};
	struct check c = { r, NULL, !*t->plan->inside[t->n] };
	int err;

	target_path(t, &path);
	buf_addf(&full, "%s/%s", dv_repo_worktree(r->repo), path.data);
	paths[0] = full.data;
	c.path = path.data;
	err = dv_status(r->repo, &o, check_entry, &c);
	/* recorded, and neither here nor ever was: nothing to be lost */
	return err == DV_E_NOTFOUND ? 0 : err;
}

/* --- the data ---------------------------------------------------------- */

/*
 * Removes an entry that is as it was before it was checked.  Which files are
 * the user's own is known by the stat index alone.
 */
static int remove_entry(const struct removing *r, const struct scan_entry *e,
			int fd, struct dv_remove_result *result)
{
	struct stat st;
	bool may;

	if (linked_stat(r->store, fd, e->name, &st, NULL))
		return 0;
	may = e->row >= 0 && !e->special &&
		(r->o->force || scan_entry_still(e, &st));
	if (!may) {
		result->kept++;
		return 0;
	}
	result->removed++;
	if (r->o->dry_run || !unlinkat(fd, e->name, 0) || errno == ENOENT)
		return 0;
	return dv_fail_errno("cannot remove %s", e->name);
}

/* Those below it went before; one that holds more stays. */
static void remove_dir(const struct removing *r, const char *path)
{
	DV_AUTO_BUF struct buf above = BUF_INIT;

	buf_add(&above, path, path_parent_len(path));
	DV_AUTO_CLOSE int fd = open_below(r->top, above.data);
	if (fd >= 0)
		unlinkat(fd, path_name(path), AT_REMOVEDIR);
}

/* Directory n of the scan. */
static int remove_scanned(const struct removing *r, const struct target *t,
			  uint32_t n, struct dv_remove_result *result)
{
	const struct scan *scan = &t->scan;
	const struct scan_dir *d = &scan->dirs[n];
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err = 0;

	buf_addstr(&full, t->plan->path);
	if (*d->path)
		path_append(&full, d->path);
	else if (scan->single && !*t->plan->inside[t->n])
		buf_setlen(&full, path_parent_len(full.data));
	DV_AUTO_CLOSE int fd = open_below(r->top, full.data);
	if (fd < 0)
		return 0;
	for (uint32_t i = 0; i < d->count && !err; i++)
		if (d->entries[i].type != ENTRY_DIR || d->entries[i].special)
			err = remove_entry(r, &d->entries[i], fd, result);
	if (!err && !scan->single && !r->o->dry_run && d->index_dir >= 0)
		remove_dir(r, full.data);
	return err;
}

static int scan_target(struct removing *r, struct target *t)
{
	DV_AUTO_STAT_INDEX struct stat_index index = STAT_INDEX_INIT;
	const struct add_plan *plan = t->plan;
	int err = stat_index_open(r->repo, plan->path, &index);

	if (!err)
		err = scan_run(r->repo, plan->path, plan->inside[t->n],
			       &index, NULL, 0, &t->scan);
	t->scanned = !err;
	return err == DV_E_NOTFOUND ? 0 : err;
}

static int remove_data(struct removing *r, const struct target *t,
		       struct dv_remove_result *result)
{
	int err = 0;

	if (!t->scanned)
		return 0;
	for (uint32_t i = t->scan.count; i-- > 0 && !err;)
		err = remove_scanned(r, t, i, result);
	return err;
}

/* --- pointers and git -------------------------------------------------- */

static void note_stage(struct removing *r, const char *path)
{
	path_list_add(&r->stage, path, strlen(path));
}

/* What the index does not have cannot be staged as gone. */
static int note_pointer(struct removing *r, const char *pointer, bool *known)
{
	enum pointer_index_state state;
	int err = repo_pointer_staged(r->repo, pointer, NULL, &state);

	*known = !err && state != POINTER_INDEX_NONE;
	if (*known)
		note_stage(r, pointer);
	return err;
}

static int stage_all(struct removing *r)
{
	int on = dv_config_bool(r->repo, "core.autostage", false);

	if (on <= 0 || !r->stage.count || r->o->dry_run)
		return on < 0 ? on : 0;
	path_list_sort(&r->stage);
	return repo_stage(r->repo, (const char *const *)r->stage.items,
			  r->stage.count);
}

static int remove_pointer(struct removing *r, const char *path,
			  const char *pointer, struct buf *ignore)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err = repo_gitignore_remove(r->repo, path, ignore);

	crash_point("rm: before pointer");
	if (err)
		return err;
	if (unlinkat(r->top, pointer, 0) && errno != ENOENT)
		return dv_fail_errno("cannot remove %s", pointer);
	buf_addf(&full, "%s/%s", dv_repo_worktree(r->repo), pointer);
	buf_setlen(&full, path_parent_len(full.data));
	err = dir_sync(full.data);
	return err ? err : stat_index_remove(r->repo, path);
}

static int remove_whole(struct removing *r, const struct target *t)
{
	const struct add_plan *plan = t->plan;
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	DV_AUTO_BUF struct buf ignore = BUF_INIT;
	struct dv_remove_result result = { .path = plan->path };
	int err = 0;

	buf_addf(&pointer, "%s%s", plan->path, DV_POINTER_SUFFIX);
	if (!r->o->keep)
		err = remove_data(r, t, &result);
	if (!err)
		err = note_pointer(r, pointer.data, &result.stage);
	if (!err && !r->o->dry_run)
		err = remove_pointer(r, plan->path, pointer.data, &ignore);
	if (err)
		return err;
	result.pointer = pointer.data;
	if (ignore.len && repo_can_stage(r->repo, ignore.data)) {
		note_stage(r, ignore.data);
		result.ignore = ignore.data;
	}
	return r->fn(&result, r->data);
}

/* Parts of one tracked directory. */
static int remove_parts(struct removing *r, const struct target *t)
{
	struct add_plan *plan = t->plan;
	const struct add_plans one = { .items = plan, .count = 1 };
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	buf_addf(&pointer, "%s%s", plan->path, DV_POINTER_SUFFIX);
	/* that all of it is recorded is found out before data go */
	err = add_locked(r->repo, &one, ADD_DROP | ADD_DRY_RUN, NULL, NULL);
	for (; t < r->targets + r->count && t->plan == plan && !err; t++) {
		struct dv_remove_result result = {
			.pointer = pointer.data, .inside = true,
			.stage = true,
		};

		target_path(t, &path);
		result.path = path.data;
		if (!r->o->keep)
			err = remove_data(r, t, &result);
		if (!err)
			err = r->fn(&result, r->data);
	}
	if (!err && !r->o->dry_run)
		err = add_locked(r->repo, &one, ADD_DROP, NULL, NULL);
	if (!err)
		note_stage(r, pointer.data);
	return err;
}

/* Nothing is touched before all of it was looked at. */
static int look_at_all(struct removing *r)
{
	int err = 0;

	for (size_t i = 0; i < r->plans.count; i++)
		for (size_t n = 0; n < r->plans.items[i].count; n++) {
			ARRAY_GROW(r->targets, r->count + 1, r->room);
			r->targets[r->count++] = (struct target){
				.plan = &r->plans.items[i], .n = n,
			};
		}
	for (size_t i = 0; i < r->count && !err && !r->o->keep; i++) {
		err = scan_target(r, &r->targets[i]);
		if (!err && !r->o->force)
			err = check_target(r, &r->targets[i]);
	}
	return err;
}

static int remove_all(struct removing *r)
{
	int err = 0;

	for (size_t i = 0; i < r->count && !err; i++) {
		const struct target *t = &r->targets[i];

		if (!*t->plan->inside[0])
			err = remove_whole(r, t);
		else if (!t->n)
			err = remove_parts(r, t);
	}
	return err ? err : stage_all(r);
}

int dv_remove(struct dv_repo *repo, const char *const *paths, size_t count,
	      const struct dv_remove_options *options, dv_remove_cb *fn,
	      void *data)
{
	TRACE_REGION("rm");
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	struct removing r = {
		.repo = repo, .o = options, .fn = fn, .data = data,
		.store = repo_store_real(repo), .stage = PATH_LIST_INIT,
	};
	int err = repo_worktree_fd(repo, &r.top);

	if (!err && !options->dry_run)
		err = repo_lock(repo, "rm", &lock);
	if (!err)
		err = add_args_tracked(repo, paths, count, &r.plans);
	if (!err && !options->force && !options->keep)
		err = check_store(&r);
	if (!err)
		err = look_at_all(&r);
	if (!err)
		err = remove_all(&r);
	release(&r);
	return err;
}
