/* dv_status(): which tracked paths are meant, and what is told of them. */

#include <stdlib.h>
#include <string.h>

#include "dv/error.h"
#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/repo.h"
#include "work/status.h"

/* --- what is meant -------------------------------------------------------- */

/* The paths asked for, relative to the work tree. */
struct asked {
	struct arena arena;
	const char **paths;	/* owned */
	bool *used;		/* owned */
	size_t count;
};

#define DV_AUTO_ASKED	__attribute__((cleanup(asked_release)))

static void asked_release(struct asked *a)
{
	free(a->paths);
	free(a->used);
	arena_release(&a->arena);
}

static int asked_read(struct status *s, struct asked *out)
{
	const struct dv_selection *what = &s->options->what;
	int err = 0;

	out->paths = xcalloc(what->count + 1, sizeof(*out->paths));
	out->used = xcalloc(what->count + 1, sizeof(*out->used));
	for (size_t i = 0; i < what->count && !err; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		err = path_inside(dv_repo_worktree(s->repo),
				  dv_repo_prefix(s->repo), what->paths[i],
				  &path);
		out->paths[out->count++] = arena_copy(&out->arena, path.data,
						      path.len);
	}
	return err;
}

/*
 * How `asked` is about the tracked `path`: the part inside it, "" for all of
 * it, or NULL.
 */
static const char *part_of(const char *asked, const char *path)
{
	if (path_below(path, asked) || is_pointer_of(asked, path))
		return "";
	return path_below(asked, path);
}

/* --- one tracked path ----------------------------------------------------- */

static struct dv_status_entry *found_pointer(struct status *s,
					     enum dv_state state,
					     const char *path)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct dv_status_entry *e;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	s->path = pointer.data;
	e = status_found(s, &s->finders[0], state, "");
	s->path = path;
	return e;
}

static void found_broken(struct status *s, const char *path,
			 const char *reason)
{
	found_pointer(s, DV_STATE_BROKEN, path)->reason =
		arena_copy(&s->finders[0].arena, reason, strlen(reason));
}

static int pointer_git_state(struct status *s, const char *path)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct dv_status_entry *e;
	enum pointer_state state;
	int err;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	err = repo_pointer_state(s->repo, pointer.data, &state);
	if (err || state == POINTER_COMMITTED)
		return err;
	e = found_pointer(s, DV_STATE_UNCOMMITTED, path);
	e->staged = state == POINTER_STAGED;
	e->untracked = state == POINTER_UNTRACKED;
	return 0;
}

/* All of it, or the parts that were asked for. */
static int compare_parts(struct status *s, struct dv_tracked *t,
			 struct asked *asked)
{
	int err = 0;

	t->inside = "";
	for (size_t i = 0; i < asked->count; i++) {
		const char *part = part_of(asked->paths[i], t->path);

		if (part && !*part)
			return status_path(s, t);
	}
	if (!asked->count)
		return status_path(s, t);
	for (size_t i = 0; i < asked->count && !err; i++) {
		const char *part = part_of(asked->paths[i], t->path);

		if (!part)
			continue;
		if (t->pointer.kind == DV_KIND_FILE)
			return dv_fail(DV_E_NOTFOUND, "no such path: %s",
				       asked->paths[i]);
		t->inside = part;
		err = status_path(s, t);
	}
	return err;
}

static bool is_meant(struct asked *asked, const char *path)
{
	bool meant = !asked->count;

	for (size_t i = 0; i < asked->count; i++) {
		if (!part_of(asked->paths[i], path))
			continue;
		asked->used[i] = meant = true;
	}
	return meant;
}

static int one_path(struct status *s, const char *path, struct asked *asked)
{
	struct dv_tracked t = { .path = path };
	int err;

	if (!is_meant(asked, path))
		return 0;
	s->path = path;
	err = tracked_read(s->repo, path, &t.pointer);
	if (err == DV_E_NOTFOUND)
		return 0;	/* removed this moment */
	if (err == DV_E_INVALID || err == DV_E_UNSUPPORTED) {
		found_broken(s, path, dv_error_text());
		return 0;
	}
	if (err)
		return err;
	err = s->options->data_only ? 0 : pointer_git_state(s, path);
	if (!err)
		err = compare_parts(s, &t, asked);
	dv_pointer_release(&t.pointer);
	return err;
}

/*
 * What is tracked though neither git nor dv's own list knows it: a pointer
 * file that was put there.
 */
static int unlisted_path(struct status *s, struct asked *asked, size_t n)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err;

	if (asked->used[n] || !*asked->paths[n])
		return 0;
	buf_addstr(&name, asked->paths[n]);
	if (name.len > strlen(DV_POINTER_SUFFIX) &&
	    is_pointer_of(name.data + name.len - strlen(DV_POINTER_SUFFIX),
			  ""))
		buf_setlen(&name, name.len - strlen(DV_POINTER_SUFFIX));
	err = tracked_find(s->repo, name.data, &path, &inside);
	if (err == DV_E_NOTFOUND)
		return repo_hint_away(s->repo, dv_fail(DV_E_NOTFOUND, "%s: "
						       "nothing is tracked "
						       "there",
						       asked->paths[n]),
				      name.data);
	return err ? err : one_path(s, path.data, asked);
}

/*
 * Only git can know of a pointer that is not here: somebody deleted it, or put
 * something in its place.
 */
static int missing_pointers(struct status *s, const struct path_list *here,
			    struct asked *asked)
{
	DV_AUTO_PATH_LIST struct path_list deleted = PATH_LIST_INIT;
	DV_AUTO_PATH_LIST struct path_list replaced = PATH_LIST_INIT;
	int err = tracked_missing(s->repo, here, &deleted, &replaced);

	for (size_t i = 0; i < deleted.count && !err; i++)
		if (is_meant(asked, deleted.items[i]))
			found_pointer(s, DV_STATE_UNCOMMITTED,
				      deleted.items[i])->deleted = true;
	for (size_t i = 0; i < replaced.count && !err; i++)
		if (is_meant(asked, replaced.items[i]))
			found_broken(s, replaced.items[i],
				     "it is not a plain file of the size that "
				     "pointers have");
	return err;
}

static int all_paths(struct status *s)
{
	TRACE_REGION("status");
	DV_AUTO_ASKED struct asked asked = { .arena = ARENA_INIT };
	DV_AUTO_PATH_LIST struct path_list list = PATH_LIST_INIT;
	int err = asked_read(s, &asked);

	if (!err)
		err = tracked_list(s->repo, &list);
	for (size_t i = 0; i < list.count && !err; i++) {
		err = cancel_check();
		if (!err)
			err = one_path(s, list.items[i], &asked);
	}
	if (!err && !s->options->data_only)
		err = missing_pointers(s, &list, &asked);
	for (size_t i = 0; i < asked.count && !err; i++)
		err = unlisted_path(s, &asked, i);
	return err;
}

/* --- telling -------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	const struct dv_status_entry *x = *(struct dv_status_entry *const *)a;
	const struct dv_status_entry *y = *(struct dv_status_entry *const *)b;
	int order = strcmp(x->path, y->path);

	return order ? order : (int)x->state - (int)y->state;
}

static int tell(struct status *s, dv_status_cb *fn, void *data)
{
	DV_AUTO_FREE struct dv_status_entry **all = NULL;
	size_t count = 0, room = 0;
	int err = 0;

	for (unsigned i = 0; i < s->threads; i++) {
		struct finder *f = &s->finders[i];

		ARRAY_GROW(all, count + f->count, room);
		for (size_t k = 0; k < f->count; k++)
			all[count++] = &f->entries[k];
	}
	if (count > 1)
		qsort(all, count, sizeof(struct dv_status_entry *), by_path);
	/* Paths that were asked for twice were found twice. */
	for (size_t i = 0; i < count && !err; i++)
		if (!i || by_path(&all[i - 1], &all[i]))
			err = fn(all[i], data);
	return err;
}

static void release(struct status *s)
{
	for (unsigned i = 0; i < s->threads; i++) {
		arena_release(&s->finders[i].arena);
		free(s->finders[i].entries);
		store_reader_free(s->finders[i].reader);
	}
	free(s->finders);
	ignore_free(s->ignore);
	id_map_release(&s->ignore_seen);
	pthread_mutex_destroy(&s->ignore_mutex);
}

int dv_status(struct dv_repo *repo, const struct dv_status_options *options,
	      dv_status_cb *fn, void *data)
{
	struct status s = {
		.repo = repo, .options = options,
		.store = repo_store_real(repo),
		.spill = repo_spill_dir(repo),
		.index = STAT_INDEX_INIT, .ignore_seen = ID_MAP_INIT,
		.threads = crew_size(options->threads),
	};
	int err = repo_worktree_fd(repo, &s.top);

	if (err)
		return err;
	pthread_mutex_init(&s.ignore_mutex, NULL);
	s.finders = xcalloc(s.threads, sizeof(*s.finders));
	for (unsigned i = 0; i < s.threads; i++)
		s.finders[i].status = &s;
	meter_start(&s.meter, &options->progress, "checking", "files");
	err = all_paths(&s);
	meter_finish(&s.meter);
	if (!err)
		err = tell(&s, fn, data);
	release(&s);
	return err;
}
