/*
 * dv_source_supply(): what no remote has, from where it came from, as it was
 * recorded.
 */

#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "source/entry.h"
#include "source/import.h"
#include "source/url_source.h"
#include "store/pointer_line.h"

/*
 * The part of it that is asked for.  Of what was changed here since, all that
 * it was made from: nobody knows where the part was.
 */
static int supply_part(struct dv_repo *repo, const struct clone *c,
		       const struct dv_tracked *missing, const char *path,
		       const struct dv_transfer_options *options)
{
	struct dv_source_options o = {
		.jobs = options->jobs, .progress = options->progress,
		.notice = options->notice, .notice_data = options->notice_data,
	};
	struct dv_id taken;
	DV_AUTO_BUF struct buf part = BUF_INIT;
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_SOURCE struct source_entry p = { 0 };
	int err;

	buf_addstr(&part, path);
	if (*missing->inside && !pointer_is_changed(&missing->pointer))
		path_append(&part, missing->inside);
	err = source_find(c, part.data, &p);
	o.no_download = !err && p.kind == SOURCE_TRACKED;
	if (!err)
		err = import_pointer(repo, c, path, &o, &i);
	pointer_taken_id(&missing->pointer, &taken);
	if (!err && !dv_id_equal(&i.pointer.id, &taken))
		err = dv_fail(DV_E_CORRUPT, "%s: what %s has at %s in %.12s "
			      "is not what the pointer says", missing->path,
			      c->url, path, c->commit);
	if (!err)
		err = source_fetch(c, &p, &o, options->metadata_only, &i.bytes);
	return err;
}

static void say_settled(struct dv_repo *repo, const char *path,
			const struct dv_transfer_options *o)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (!o->notice || dv_config_bool(repo, "core.autostage", false) > 0)
		return;
	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	buf_addf(&text, "%s has its id now: git add %s", pointer.data,
		 repo_word(repo, pointer.data, &word));
	o->notice(text.data, o->notice_data);
}

/* The work tree's pointer learns what it points to. */
static int settle(struct dv_repo *repo, const struct dv_tracked *missing,
		  struct import *i, const struct dv_transfer_options *o)
{
	bool changed;
	int err;

	if (missing->commit)
		return dv_hint(dv_fail(DV_E_NOTFOUND, "%s was not downloaded "
				       "yet when it was committed",
				       missing->path),
			       "without a revision it is, and can be "
			       "committed");
	import_keep_lines(&i->pointer, &missing->pointer);
	err = import_write(repo, missing->path, &i->pointer, &changed);
	if (!err && changed)
		say_settled(repo, missing->path, o);
	return err;
}

static int supply_url(struct dv_repo *repo, const struct dv_tracked *missing,
		      const char *url,
		      const struct dv_transfer_options *options)
{
	struct dv_source_options o = { .progress = options->progress,
				       .jobs = options->jobs };
	DV_AUTO_URL_SOURCE struct url_source u = { NULL };
	DV_AUTO_URL_STATE struct url_state now = URL_STATE_INIT;
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_HOLD struct store *held = NULL;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	const struct dv_pointer *p = &missing->pointer;
	bool has_etag = pointer_line_get(p, POINTER_ETAG, &text), has_sum;
	struct dv_id taken;
	int err = url_source_open(repo, url, o.jobs, true, &u);

	if (!err)
		err = url_source_look(&u, &now);
	/* without a name of the version only taking it tells */
	if (!err && has_etag && !url_state_is(&now, p))
		err = dv_hint(dv_fail(DV_E_CHANGED, "%s: %s has changed since",
				      missing->path, u.url),
			      "dv update takes what is there now");
	if (!err)
		err = repo_hold_store(repo, &held);
	has_sum = pointer_line_get(p, POINTER_CHECKSUM, &text);
	if (!err)
		err = url_source_take(repo, &u, &now, has_sum ? text.data :
				      NULL, &o, &i);
	if (!err && pointer_is_awaited(p))
		return settle(repo, missing, &i, options);
	pointer_taken_id(p, &taken);
	if (!err && !dv_id_equal(&i.pointer.id, &taken))
		err = dv_fail(DV_E_CORRUPT, "%s: what %s has is not what the "
			      "pointer says", missing->path, u.url);
	return err;
}

/* Through as many repositories that have imported it in their turn. */
#define SUPPLY_DEPTH	8

static _Thread_local unsigned depth;

static int supply_import(struct dv_repo *repo, const struct dv_tracked *missing,
			 const struct dv_transfer_options *options)
{
	const struct dv_pointer *p = &missing->pointer;
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf rev = BUF_INIT;
	DV_AUTO_CLONE struct clone *c = NULL;
	int err;

	if (pointer_line_get(p, POINTER_URL, &url) && !pointer_is_import(p))
		return supply_url(repo, missing, url.data, options);
	if (!pointer_line_get(p, POINTER_URL, &url) ||
	    !pointer_line_get(p, POINTER_PATH, &path) ||
	    !pointer_line_get(p, POINTER_REV, &rev))
		return dv_fail(DV_E_NOTFOUND, "%s was not imported",
			       missing->path);
	err = import_clone(repo, url.data, rev.data, true, &c);
	return err ? err : supply_part(repo, c, missing, path.data, options);
}

int dv_source_supply(struct dv_repo *repo, const struct dv_tracked *missing,
		     const struct dv_transfer_options *options)
{
	int err;

	if (depth == SUPPLY_DEPTH)
		return dv_fail(DV_E_UNSUPPORTED, "%s was imported through "
			       "more than %d repositories", missing->path,
			       SUPPLY_DEPTH);
	depth++;
	err = supply_import(repo, missing, options);
	depth--;
	return err;
}

int dv_source_supply_look(struct dv_repo *repo,
			  const struct dv_tracked *missing,
			  const struct dv_transfer_options *options)
{
	const struct dv_pointer *p = &missing->pointer;
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (!pointer_is_awaited(p) &&
	    (pointer_is_import(p) || !options->metadata_only))
		return dv_source_supply(repo, missing, options);
	return dv_hint(dv_fail(DV_E_NOTFOUND, "%s has not been downloaded from "
			       "its source yet", missing->path),
		       "dv fetch %s", repo_word(repo, missing->path, &word));
}
