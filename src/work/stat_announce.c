/*
 * What add is about to point to.  Between a pointer and its stat index a
 * command may be killed; then the pointer is not what the index was made for,
 * which else means that git has moved it.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "work/stat_index.h"

static int note_name(struct dv_repo *repo, const char *path, struct buf *out)
{
	int err = stat_index_name(repo, path, out);

	buf_addstr(out, ".next");
	return err;
}

int stat_index_announce(struct dv_repo *repo, const char *path,
			const struct dv_id *pointer)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err = note_name(repo, path, &name);

	return err ? err : file_replace(name.data, pointer->bytes, DV_ID_SIZE,
					NEWFILE_NOSYNC);
}

bool stat_index_was_announced(struct dv_repo *repo, const char *path,
			      const struct dv_id *pointer)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	return !note_name(repo, path, &name) &&
		!file_read(name.data, DV_ID_SIZE, &bytes) &&
		bytes.len == DV_ID_SIZE &&
		!memcmp(bytes.data, pointer->bytes, DV_ID_SIZE);
}

int stat_index_withdraw(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err = note_name(repo, path, &name);

	if (!err && unlink(name.data) && errno != ENOENT)
		return dv_fail_errno("cannot remove %s", name.data);
	return err;
}
