/* Going back to where a path came from: dv_update() and supply. */

#include <stdlib.h>
#include <string.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "source/import.h"
#include "source/entry.h"
#include "source/file.h"
#include "store/pointer_line.h"
#include "work/add_args.h"

/* --- dv_update() --------------------------------------------------------- */

struct update {
	struct dv_repo *repo;
	const struct dv_source_options *o;
	dv_source_cb *fn;
	void *data;
	bool named;		/* the user has said which paths */
};

/* The path as it was before, with only its source lines set anew. */
static void keep_lines(struct dv_pointer *p, const struct dv_pointer *old)
{
	static const char *const keys[] = { POINTER_URL, POINTER_PATH,
					    POINTER_REV, POINTER_ETAG };
	DV_AUTO_BUF struct buf value = BUF_INIT;
	char *mine = p->rest;
	struct dv_pointer from = { .rest = mine };

	p->rest = xstrdup(old->rest ? old->rest : "");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (pointer_line_get(&from, keys[i], &value))
			pointer_line_set(p, keys[i], value.data);
	free(mine);
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
	name = add_word(u->repo, t->path, &word);
	err = dv_fail(DV_E_EXISTS, "%s: changed here and not recorded; left "
		      "as it was", t->path);
	return dv_hint(err, "dv status %s shows what it is, dv update -f %s "
		       "overwrites it", name, name);
}

static int finish(const struct update *u, const struct dv_tracked *t,
		  const char *commit, struct import *i)
{
	bool check_out = !u->o->no_download &&
		!(dv_id_equal(&i->pointer.id, &t->pointer.id) &&
		  i->pointer.kind == t->pointer.kind);
	struct dv_source_result r = { .files = i->pointer.files,
				      .size = i->pointer.size,
				      .bytes = i->bytes };
	int err = 0;

	if (check_out && !u->o->force)
		err = check_unchanged(u, t, &i->pointer);
	if (err)
		return err;
	keep_lines(&i->pointer, &t->pointer);
	import_set_ref(&i->pointer, u->o->rev);
	err = import_write(u->repo, t->path, &i->pointer, &r.changed);
	if (!err && check_out)
		err = import_check_out(u->repo, t->path, u->o);
	if (err)
		return err;
	memcpy(r.commit, commit, strlen(commit) + 1);
	r.path = xstrdup(t->path);
	err = u->fn ? u->fn(&r, u->data) : 0;
	dv_source_result_release(&r);
	return err;
}

static int update_one(const struct update *u, const struct dv_tracked *t)
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

/* --- files at URLs ------------------------------------------------------- */

/* True when the server calls it as it did when this was recorded. */
static bool same_version(const struct dv_pointer *p,
			 const struct remote_facts *now)
{
	DV_AUTO_BUF struct buf etag = BUF_INIT;

	return pointer_line_get(p, POINTER_ETAG, &etag) &&
	       !strcmp(etag.data, now->version) && now->size == p->size;
}

static int tell_same(const struct update *u, const struct dv_tracked *t)
{
	struct dv_source_result r = {
		.path = xstrdup(t->path), .files = t->pointer.files,
		.size = t->pointer.size,
	};
	int err = u->fn ? u->fn(&r, u->data) : 0;

	dv_source_result_release(&r);
	return err;
}

static int update_file(const struct update *u, const struct dv_tracked *t,
		       const char *url)
{
	DV_AUTO_FILE_SOURCE struct file_source f = { NULL };
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_BUF struct buf sum = BUF_INIT;
	struct remote_facts now;
	bool has_sum = pointer_line_get(&t->pointer, POINTER_CHECKSUM, &sum);
	DV_AUTO_HOLD struct store *held = NULL;
	int err = file_source_open(u->repo, url, true, &f);

	if (!err)
		err = remote_look(f.remote, f.name, &now);
	if (err)
		return err;
	if (same_version(&t->pointer, &now))
		return tell_same(u, t);
	err = repo_hold_store(u->repo, &held);
	if (!err)
		err = file_source_pointer(u->repo, &f, has_sum ? sum.data :
					  NULL, u->o, &i);
	return err ? err : finish(u, t, "", &i);
}

static int take_update(const struct dv_tracked *t, void *data)
{
	const struct update *u = data;
	DV_AUTO_BUF struct buf url = BUF_INIT;
	int err = cancel_check();

	if (!err && pointer_is_import(&t->pointer))
		return update_one(u, t);
	if (!err && pointer_line_get(&t->pointer, POINTER_URL, &url))
		return update_file(u, t, url.data);
	if (!err && u->named)
		err = dv_fail(DV_E_INVALID, "%s was not imported", t->path);
	return err;
}

int dv_update(struct dv_repo *repo, const struct dv_selection *what,
	      const struct dv_source_options *options, dv_source_cb *fn,
	      void *data)
{
	struct update u = { repo, options, fn, data, what->count };

	return dv_tracked_each(repo, what, take_update, &u);
}

/* --- supply -------------------------------------------------------------- */

/* The part of it that is asked for. */
static int supply_part(struct dv_repo *repo, const struct clone *c,
		       const struct dv_tracked *missing, const char *path,
		       const struct dv_transfer_options *options)
{
	struct dv_source_options o = {
		.jobs = options->jobs, .progress = options->progress,
		.notice = options->notice, .notice_data = options->notice_data,
	};
	DV_AUTO_BUF struct buf part = BUF_INIT;
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_SOURCE struct source_entry p = { 0 };
	int err;

	buf_addstr(&part, path);
	if (*missing->inside)
		path_append(&part, missing->inside);
	err = source_find(c, part.data, &p);
	o.no_download = !err && p.kind == SOURCE_TRACKED;
	if (!err)
		err = import_pointer(repo, c, path, &o, &i);
	if (!err && !dv_id_equal(&i.pointer.id, &missing->pointer.id))
		err = dv_fail(DV_E_CORRUPT, "%s: what %s has at %s in %.12s "
			      "is not what the pointer says", missing->path,
			      c->url, path, c->commit);
	if (!err)
		err = source_fetch(c, &p, &o, options->metadata_only, &i.bytes);
	return err;
}

static int supply_file(struct dv_repo *repo, const struct dv_tracked *missing,
		       const char *url,
		       const struct dv_transfer_options *options)
{
	struct dv_source_options o = { .progress = options->progress };
	DV_AUTO_FILE_SOURCE struct file_source f = { NULL };
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	struct remote_facts now;
	int err = file_source_open(repo, url, true, &f);

	if (!err)
		err = remote_look(f.remote, f.name, &now);
	if (!err && !same_version(&missing->pointer, &now))
		err = dv_hint(dv_fail(DV_E_CHANGED, "%s: %s has changed since",
				      missing->path, f.url),
			      "dv update takes what is there now");
	if (!err)
		err = file_source_pointer(repo, &f, NULL, &o, &i);
	if (!err && !dv_id_equal(&i.pointer.id, &missing->pointer.id))
		err = dv_fail(DV_E_CORRUPT, "%s: what %s has is not what the "
			      "pointer says", missing->path, f.url);
	return err;
}

int dv_source_supply(struct dv_repo *repo, const struct dv_tracked *missing,
		     const struct dv_transfer_options *options)
{
	const struct dv_pointer *p = &missing->pointer;
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf rev = BUF_INIT;
	DV_AUTO_CLONE struct clone *c = NULL;
	int err;

	if (pointer_line_get(p, POINTER_URL, &url) && !pointer_is_import(p))
		return supply_file(repo, missing, url.data, options);
	if (!pointer_line_get(p, POINTER_URL, &url) ||
	    !pointer_line_get(p, POINTER_PATH, &path) ||
	    !pointer_line_get(p, POINTER_REV, &rev))
		return dv_fail(DV_E_NOTFOUND, "%s was not imported",
			       missing->path);
	err = import_clone(repo, url.data, rev.data, true, &c);
	return err ? err : supply_part(repo, c, missing, path.data, options);
}
