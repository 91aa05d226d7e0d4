/* dv_import_url(): a file at a URL, tracked here. */

#include <string.h>

#include "dv/source.h"

#include "base/buf.h"
#include "base/error.h"
#include "git/repo.h"
#include "source/file.h"

/* Straight on to the remote; the work tree never has it. */
static int push(struct dv_repo *repo, const char *path,
		const struct dv_source_options *o)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	const char *paths[1];
	struct dv_transfer_options t = {
		.what = { .paths = paths, .count = 1 },
		.remote = o->remote, .jobs = o->jobs, .progress = o->progress,
		.notice = o->notice, .notice_data = o->notice_data,
	};
	struct dv_transfer_result result;

	buf_addf(&full, "%s/%s", dv_repo_worktree(repo), path);
	paths[0] = full.data;
	return dv_push(repo, &t, &result);
}

int dv_import_url(struct dv_repo *repo, const char *url, const char *out,
		  const char *checksum,
		  const struct dv_source_options *options,
		  struct dv_source_result *result)
{
	DV_AUTO_FILE_SOURCE struct file_source f = { NULL };
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_BUF struct buf target = BUF_INIT;
	DV_AUTO_HOLD struct store *held = NULL;
	int err;

	memset(result, 0, sizeof(*result));
	err = file_source_open(repo, url, false, &f);
	if (!err)
		err = import_target(repo, f.name, out, options->force, &target);
	if (!err)
		err = repo_hold_store(repo, &held);
	if (!err)
		err = file_source_pointer(repo, &f, checksum, options, &i);
	if (!err)
		err = import_write(repo, target.data, &i.pointer,
				   &result->changed);
	if (err)
		return err;
	err = options->to_remote ? push(repo, target.data, options) :
		import_check_out(repo, target.data, options);
	result->path = buf_detach(&target);
	result->files = i.pointer.files;
	result->size = i.pointer.size;
	result->bytes = i.bytes;
	return err;
}
