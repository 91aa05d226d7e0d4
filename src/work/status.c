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
#include "work/asked.h"
#include "work/status.h"

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

static int pointer_git_state(struct status *s, const char *path,
			     const struct buf *text)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct dv_status_entry *e;
	enum pointer_state state;
	int err;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	err = repo_pointer_state(s->repo, pointer.data, text, &state);
	if (err || state == POINTER_COMMITTED)
		return err;
	e = found_pointer(s, DV_STATE_UNCOMMITTED, path);
	e->staged = state == POINTER_STAGED;
	e->untracked = state == POINTER_UNTRACKED;
	return 0;
}

/* What was asked for of one tracked path. */
struct wanted {
	bool whole;
	const char **parts;	/* owned; those around others come first */
	size_t count, room;
	const char *asked;	/* a path that one of them was taken from */
};

#define DV_AUTO_WANTED	__attribute__((cleanup(wanted_release)))

static void wanted_release(struct wanted *w)
{
	free(w->parts);
}

static int want_part(struct asked_path *p, const char *part, void *data)
{
	struct wanted *w = data;

	p->here = true;
	w->whole |= !*part;
	if (w->whole || (w->count &&
			 path_below(part, w->parts[w->count - 1])))
		return 0;
	ARRAY_GROW(w->parts, w->count + 1, w->room);
	w->parts[w->count++] = part;
	w->asked = p->path;
	return 0;
}

/* All of it, or the parts that were asked for. */
static int compare_parts(struct status *s, struct dv_tracked *t,
			 const struct wanted *w)
{
	static const char *const whole[] = { "" };

	if (w->whole)
		return status_path(s, t, whole, 1);
	if (t->pointer.kind == DV_KIND_FILE)
		return dv_fail(DV_E_NOTFOUND, "no such path: %s", w->asked);
	return status_path(s, t, w->parts, w->count);
}

static int mark_met(struct asked_path *p, const char *part, void *data)
{
	(void)part;
	p->here = *(bool *)data = true;
	return 0;
}

static bool is_meant(struct asked *asked, const char *path)
{
	bool meant = !asked->count;

	asked_each(asked, path, mark_met, &meant);
	return meant;
}

static int one_path(struct status *s, const char *path, struct asked *asked)
{
	DV_AUTO_WANTED struct wanted wanted = { .whole = !asked->count };
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct dv_tracked t = { .path = path };
	int err;

	asked_each(asked, path, want_part, &wanted);
	if (!wanted.whole && !wanted.count)
		return 0;
	s->path = path;
	err = tracked_read_text(s->repo, path, &text, &t.pointer);
	if (err == DV_E_NOTFOUND)
		return 0;	/* removed this moment */
	if (err == DV_E_INVALID || err == DV_E_UNSUPPORTED) {
		found_broken(s, path, dv_error_text());
		return 0;
	}
	if (err)
		return err;
	err = s->options->data_only ? 0 : pointer_git_state(s, path, &text);
	if (!err)
		err = compare_parts(s, &t, &wanted);
	dv_pointer_release(&t.pointer);
	return err;
}

/*
 * What is tracked though neither git nor dv's own list knows it: a pointer
 * file that was put there.
 */
static int unlisted_path(struct status *s, struct asked *asked, size_t n)
{
	const struct asked_path *p = &asked->items[n];
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err;

	if (p->here || !*p->path)
		return 0;
	buf_addstr(&name, p->path);
	if (name.len > strlen(DV_POINTER_SUFFIX) &&
	    is_pointer_of(name.data + name.len - strlen(DV_POINTER_SUFFIX),
			  ""))
		buf_setlen(&name, name.len - strlen(DV_POINTER_SUFFIX));
	err = tracked_find(s->repo, name.data, &path, &inside);
	if (err == DV_E_NOTFOUND)
		return repo_hint_away(s->repo, dv_fail(DV_E_NOTFOUND, "%s: "
						       "nothing is tracked "
						       "there", p->path),
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
	int err = asked_read(s->repo, s->options->what.paths,
			     s->options->what.count, &asked);

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
	auto_close(&s->folder);
	buf_release(&s->folder_path);
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
		.folder = -1, .folder_path = BUF_INIT,
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
