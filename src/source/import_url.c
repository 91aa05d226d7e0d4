/* dv_import_url(): a file or folder at a URL, tracked here. */

#include <string.h>

#include "dv/source.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "git/repo.h"
#include "source/url_source.h"

static int choose_target(struct dv_repo *repo, const struct url_source *u,
			 const char *out, bool force, struct buf *target)
{
	if (!*u->name && (!out || !*out || out[strlen(out) - 1] == '/'))
		return dv_hint(dv_fail(DV_E_INVALID, "%s has no name to track "
				       "it by", u->url),
			       "dv import-url <url> <out>");
	return import_target(repo, u->name, out, force, target);
}

static int take(struct dv_repo *repo, struct url_source *u,
		const char *checksum, const struct dv_source_options *o,
		struct import *out)
{
	DV_AUTO_URL_STATE struct url_state now = URL_STATE_INIT;
	int err = url_checksum_check(checksum);

	if (!err)
		err = url_source_look(u, &now);
	if (err)
		return err;
	if (!o->no_download)
		return url_source_take(repo, u, &now, checksum, o, out);
	url_source_await(u, &now, checksum, &out->pointer);
	return dir_make(u->dir);	/* named by the user: see stranger.h */
}

static int finish(struct dv_repo *repo, const char *path,
		  const struct dv_source_options *o)
{
	if (o->no_download)
		return 0;
	return import_left(repo, path, o, o->to_remote ?
			   import_push(repo, path, o) :
			   import_check_out(repo, path, o));
}

int dv_import_url(struct dv_repo *repo, const char *url, const char *out,
		  const char *checksum,
		  const struct dv_source_options *options,
		  struct dv_source_result *result)
{
	DV_AUTO_URL_SOURCE struct url_source u = { NULL };
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_BUF struct buf target = BUF_INIT;
	DV_AUTO_HOLD struct store *held = NULL;
	int err;

	memset(result, 0, sizeof(*result));
	err = import_push_check(repo, options);
	if (!err)
		err = url_source_open(repo, url, options->jobs, false, &u);
	if (!err)
		err = choose_target(repo, &u, out, options->force, &target);
	if (!err)
		err = repo_hold_store(repo, &held);
	if (!err)
		err = take(repo, &u, checksum, options, &i);
	if (!err)
		err = import_write(repo, target.data, &i.pointer,
				   &result->changed);
	if (err)
		return err;
	err = finish(repo, target.data, options);
	result->path = buf_detach(&target);
	result->files = i.pointer.files;
	result->size = i.pointer.size;
	result->bytes = i.bytes;
	return err;
}
