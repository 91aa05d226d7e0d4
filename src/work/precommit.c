/* dv_precommit(): is what git is about to commit what the user means? */

#include <stdlib.h>
#include <string.h>

#include "dv/hooks.h"
#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/repo.h"
#include "store/store.h"

struct precommit {
	struct dv_repo *repo;
	const struct path_list *tracked;
	struct path_list changed;	/* tracked paths that are */
	bool whole;		/* not a commit of single paths */
	dv_precommit_cb *fn;
	void *data;
};

/* --- the data ----------------------------------------------------------- */

/* The tracked path that something found in it belongs to. */
static const char *tracked_of(const struct precommit *p, const char *path)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;

	buf_addstr(&part, path);
	while (part.len) {
		size_t at = path_list_lower(p->tracked, part.data);

		if (at < p->tracked->count &&
		    !strcmp(p->tracked->items[at], part.data))
			return p->tracked->items[at];
		buf_setlen(&part, path_parent_len(part.data));
	}
	return NULL;
}

static int take_entry(const struct dv_status_entry *e, void *data)
{
	struct precommit *p = data;
	const char *path;

	if (e->state != DV_STATE_MODIFIED && e->state != DV_STATE_DELETED &&
	    e->state != DV_STATE_NEW)
		return 0;
	path = tracked_of(p, e->path);
	if (path && (!p->changed.count ||
		     strcmp(p->changed.items[p->changed.count - 1], path)))
		path_list_add(&p->changed, path, strlen(path));
	return 0;
}

static int check_data(struct precommit *p,
		      const struct dv_precommit_options *options)
{
	const struct dv_status_options o = {
		.threads = options->threads, .data_only = true,
		.files_most = options->files_most,
	};
	int err = dv_status(p->repo, &o, take_entry, p);

	path_list_sort(&p->changed);
	for (size_t i = 0; i < p->changed.count && !err; i++)
		err = p->fn(DV_PRECOMMIT_CHANGED, p->changed.items[i],
			    p->data);
	return err;
}

/* --- the pointers -------------------------------------------------------- */

/*
 * Its top node is here: then all of it is, unless parts were never pulled,
 * which is as it should be.  Only what is new in this commit is asked for
 * in git's objects, and only if it is not here.
 */
static int check_stored(struct precommit *p, const char *pointer,
			const struct buf *text, const struct dv_id *id)
{
	enum pointer_state state;
	struct store *store;
	struct place place;
	int err = repo_store(p->repo, &store);

	if (err || store_find(store, OBJECT_META, id, &place))
		return err;
	err = repo_pointer_state(p->repo, pointer, text, &state);
	if (err || state == POINTER_COMMITTED)
		return err;
	return p->fn(DV_PRECOMMIT_NOT_STORED, pointer, p->data);
}

static int check_pointer(struct precommit *p, const char *path)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	enum pointer_index_state state;
	struct dv_pointer read;
	int err = tracked_read_text(p->repo, path, &text, &read);

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	if (err == DV_E_INVALID || err == DV_E_UNSUPPORTED)
		return p->fn(DV_PRECOMMIT_BROKEN, pointer.data, p->data);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	err = repo_pointer_staged(p->repo, pointer.data, &text, &state);
	if (!err && state == POINTER_INDEX_SAME)
		err = check_stored(p, pointer.data, &text, &read.id);
	else if (!err && p->whole)
		err = p->fn(state == POINTER_INDEX_NONE ?
			    DV_PRECOMMIT_UNTRACKED : DV_PRECOMMIT_UNSTAGED,
			    pointer.data, p->data);
	dv_pointer_release(&read);
	return err;
}

/* Something of the data is in git's index, beside its pointer. */
static int check_in_git(struct precommit *p, const char *path)
{
	DV_AUTO_BUF struct buf found = BUF_INIT;
	int err = repo_git_tracks(p->repo, path, &found);

	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	return p->fn(DV_PRECOMMIT_IN_GIT, path, p->data);
}

/* `git commit <path>` makes an index of its own for what is named. */
static bool is_whole(void)
{
	const char *index = getenv("GIT_INDEX_FILE");

	return !index || strncmp(path_name(index), "next-index-", 11);
}

int dv_precommit(struct dv_repo *repo,
		 const struct dv_precommit_options *options,
		 dv_precommit_cb *fn, void *data)
{
	TRACE_REGION("pre-commit");
	DV_AUTO_PATH_LIST struct path_list list = PATH_LIST_INIT;
	struct precommit p = {
		.repo = repo, .tracked = &list, .changed = PATH_LIST_INIT,
		.whole = is_whole(), .fn = fn, .data = data,
	};
	int err = tracked_list(repo, &list);

	for (size_t i = 0; i < list.count && !err; i++)
		err = check_in_git(&p, list.items[i]);
	for (size_t i = 0; i < list.count && !err; i++)
		err = check_pointer(&p, list.items[i]);
	if (!err && p.whole && list.count)
		err = check_data(&p, options);
	path_list_release(&p.changed);
	return err;
}
