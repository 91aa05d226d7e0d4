/* dv_update(): going back to where a path came from. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "source/import.h"
#include "source/entry.h"
#include "source/url_source.h"
#include "store/pointer_line.h"
#include "work/add_args.h"

/* --- dv_update() --------------------------------------------------------- */

struct update {
	struct dv_repo *repo;
	const struct dv_source_options *o;
	dv_source_cb *fn;
	void *data;
	bool named;		/* the user has said which paths */
	struct error_state first;	/* of the paths that failed */
	bool over;		/* the caller wants no more */
};

static int tell(struct update *u, const struct dv_source_result *r)
{
	int err = u->fn ? u->fn(r, u->data) : 0;

	u->over |= err != 0;
	return err;
}

/* Before anything is touched: what was changed here would be in the way. */
static int check_unchanged(const struct update *u, const struct dv_tracked *t,
			   const struct dv_pointer *now)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	const struct dv_tracked given = {
		.path = t->path, .inside = "", .pointer = *now,
	};
	const struct dv_checkout_options o = {
		.what = { .given = &given, .given_count = 1 },
		.dry_run = true, .allow_missing = true,
	};
	struct dv_checkout_result result;
	const char *name;
	int err = dv_checkout(u->repo, &o, NULL, NULL, &result);

	if (!result.kept)
		return err;
	name = repo_word(u->repo, t->path, &word);
	err = dv_fail(DV_E_EXISTS, "%s: changed here and not recorded; left "
		      "as it was", t->path);
	return dv_hint(err, "dv status %s shows what it is, dv update -f %s "
		       "overwrites it", name, name);
}

/* Who names a path that is not here wants to have it. */
static bool is_missed(const struct update *u, const struct dv_tracked *t)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;

	if (!u->named || u->o->no_download || u->o->to_remote)
		return false;
	buf_addf(&path, "%s/%s", dv_repo_worktree(u->repo), t->path);
	return lstat(path.data, &st) && errno == ENOENT;
}

/*
 * What was recorded here since it was imported stays when there is nothing new
 * at the source, and is not replaced unasked when there is.
 */
static int keep_recorded(const struct update *u, const struct dv_tracked *t,
			 struct dv_pointer *now)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	struct dv_id taken;
	int err;

	if (!pointer_is_changed(&t->pointer) || u->o->force)
		return 0;
	pointer_taken_id(&t->pointer, &taken);
	/* of two that nobody has taken it is not known that they are one */
	if (dv_id_equal(&taken, &now->id) && !pointer_is_awaited(now)) {
		now->id = t->pointer.id;
		now->kind = t->pointer.kind;
		now->size = t->pointer.size;
		now->files = t->pointer.files;
		return 0;
	}
	err = dv_fail(DV_E_EXISTS, "%s: changed here since it was imported, "
		      "and its source has something new; left as it was",
		      t->path);
	return dv_hint(err, "dv update -f %s takes that in its place",
		       repo_word(u->repo, t->path, &word));
}

static int finish(struct update *u, const struct dv_tracked *t,
		  const char *commit, struct import *i)
{
	int err = keep_recorded(u, t, &i->pointer);
	bool differs = !(dv_id_equal(&i->pointer.id, &t->pointer.id) &&
			 i->pointer.kind == t->pointer.kind);
	bool check_out = is_missed(u, t) ||
		(differs && !u->o->no_download && !u->o->to_remote);
	struct dv_source_result r = { .files = i->pointer.files,
				      .size = i->pointer.size,
				      .bytes = i->bytes };

	if (!err && check_out && !u->o->force)
		err = check_unchanged(u, t, &i->pointer);
	if (err)
		return err;
	import_keep_lines(&i->pointer, &t->pointer);
	if (*commit)
		import_set_ref(&i->pointer, u->o->rev, commit);
	err = import_write(u->repo, t->path, &i->pointer, &r.changed);
	if (err)
		return err;
	if (check_out)
		err = import_check_out(u->repo, t->path, u->o);
	else if (differs && u->o->to_remote)
		err = import_push(u->repo, t->path, u->o);
	if (err)
		return import_left(u->repo, t->path, u->o, err);
	memcpy(r.commit, commit, strlen(commit) + 1);
	r.path = xstrdup(t->path);
	err = tell(u, &r);
	dv_source_result_release(&r);
	return err;
}

static int update_one(struct update *u, const struct dv_tracked *t)
{
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf ref = BUF_INIT;
	DV_AUTO_CLONE struct clone *c = NULL;
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_HOLD struct store *held = NULL;
	const char *rev = u->o->rev;
	int err;

	if (!pointer_line_get(&t->pointer, POINTER_URL, &url) ||
	    !pointer_line_get(&t->pointer, POINTER_PATH, &path))
		return dv_fail(DV_E_INVALID, "%s: its pointer names no "
			       "repository and path", t->path);
	if (!rev && pointer_line_get(&t->pointer, POINTER_REF, &ref))
		rev = ref.data;
	err = import_clone(u->repo, url.data, rev, true, &c);
	if (!err)
		err = repo_hold_store(u->repo, &held);
	if (!err)
		err = import_pointer(u->repo, c, path.data, u->o, &i);
	return err ? err : finish(u, t, c->commit, &i);
}

/* --- files and folders at URLs ------------------------------------------- */

static int tell_same(struct update *u, const struct dv_tracked *t)
{
	struct dv_source_result r = {
		.path = xstrdup(t->path), .files = t->pointer.files,
		.size = t->pointer.size,
	};
	int err = tell(u, &r);

	dv_source_result_release(&r);
	return err;
}

static int update_url(struct update *u, const struct dv_tracked *t,
		      const char *url)
{
	DV_AUTO_URL_SOURCE struct url_source s = { NULL };
	DV_AUTO_URL_STATE struct url_state now = URL_STATE_INIT;
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_BUF struct buf sum = BUF_INIT;
	bool has_sum = pointer_line_get(&t->pointer, POINTER_CHECKSUM, &sum);
	const char *checksum = has_sum ? sum.data : NULL;
	DV_AUTO_HOLD struct store *held = NULL;
	int err = url_source_open(u->repo, url, u->o->jobs, true, &s);

	if (!err)
		err = url_source_look(&s, &now);
	if (err)
		return err;
	if (url_state_is(&now, &t->pointer) && !is_missed(u, t) &&
	    (u->o->no_download || !pointer_is_awaited(&t->pointer)))
		return tell_same(u, t);
	err = repo_hold_store(u->repo, &held);
	if (!err && u->o->no_download)
		url_source_await(&s, &now, checksum, &i.pointer);
	else if (!err)
		err = url_source_take(u->repo, &s, &now, checksum, u->o, &i);
	return err ? err : finish(u, t, "", &i);
}

/* What was imported is not ours to push, unless the user says so. */
static int no_push(const struct update *u, const struct dv_tracked *t)
{
	if (!u->named)
		return 0;
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "%s came from another "
			       "repository, whose remote has it", t->path),
		       "dv update, then dv push --imports");
}

static int no_rev(const struct dv_tracked *t, const char *url)
{
	return dv_fail(DV_E_UNSUPPORTED, "%s came from %s, which has no "
		       "branches, tags or commits", t->path, url);
}

static int update_path(struct update *u, const struct dv_tracked *t)
{
	DV_AUTO_BUF struct buf url = BUF_INIT;

	if (pointer_is_import(&t->pointer))
		return u->o->to_remote ? no_push(u, t) : update_one(u, t);
	if (pointer_line_get(&t->pointer, POINTER_URL, &url))
		return u->named && u->o->rev ? no_rev(t, url.data) :
			update_url(u, t, url.data);
	if (u->named && pointer_line_get(&t->pointer, "dvc.url", &url))
		return dv_hint(dv_fail(DV_E_INVALID, "%s was imported by DVC, "
				       "from %s", t->path, url.data),
			       "dvc update, then dv add; or dv import -f once "
			       "that repository uses dv");
	if (u->named)
		return dv_fail(DV_E_INVALID, "%s was not imported", t->path);
	return 0;
}

/* What was said of a place elsewhere does not say which path is meant. */
static void name_path(const char *path, struct error_state *why)
{
	struct error_state old = *why;
	size_t len = strlen(path);

	if (!strncmp(old.text, path, len) && strspn(old.text + len, ": "))
		return;
	dv_fail(old.code, "cannot update %s: %s", path, old.text);
	if (*old.hint)
		dv_hint(old.code, "%s", old.hint);
	error_save(old.code, why);
}

/* The next one may well be there: the first failure is for the end. */
static int go_on(struct update *u, const char *path, int err)
{
	struct dv_source_result r = { .path = (char *)path, .error = err };
	struct error_state why;

	if (u->over || err == DV_E_INTERRUPTED || err == DV_E_NOSPACE)
		return err;
	error_save(err, &why);
	name_path(path, &why);
	if (u->first.code)
		return tell(u, &r);
	u->first = why;
	return 0;
}

static int take_update(const struct dv_tracked *t, void *data)
{
	struct update *u = data;
	int err = cancel_check();

	if (err)
		return err;
	err = update_path(u, t);
	return err ? go_on(u, t->path, err) : 0;
}

int dv_update(struct dv_repo *repo, const struct dv_selection *what,
	      const struct dv_source_options *options, dv_source_cb *fn,
	      void *data)
{
	struct update u = { .repo = repo, .o = options, .fn = fn,
			    .data = data, .named = what->count };
	int err = import_push_check(repo, options);

	if (!err)
		err = dv_tracked_each(repo, what, take_update, &u);
	return !err && u.first.code ? error_restore(&u.first) : err;
}
