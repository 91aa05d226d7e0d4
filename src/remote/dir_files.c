#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>

#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "remote/dir.h"

/* What anybody has put into a folder of this machine. */

void dir_version(const struct stat *st, char out[160])
{
	snprintf(out, 160, "%lld-%lld.%09ld", (long long)st->st_size,
		 (long long)st->st_mtim.tv_sec, (long)st->st_mtim.tv_nsec);
}

static int no_file(struct remote *r, const char *path)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;

	path_quote(path, &shown);
	return remote_fail(r, DV_E_UNSUPPORTED, "", "%s is a symbolic link or "
			   "no file", shown.data);
}

static int take(struct remote *r, const FTSENT *e, const char *path,
		remote_file_cb *fn, void *data)
{
	struct remote_facts facts = { .size = 0 };

	switch (e->fts_info) {
	case FTS_D:
		r->requests++;
		return cancel_check();
	case FTS_DP:
		return 0;
	case FTS_F:
		facts.size = e->fts_statp->st_size;
		dir_version(e->fts_statp, facts.version);
		return fn(data, path, &facts);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = e->fts_errno;
		return remote_fail_errno(r, path, "cannot look at it");
	default:
		return no_file(r, path);
	}
}

int dir_list_files(struct remote *r, remote_file_cb *fn, void *data)
{
	const struct dir *d = r->state;
	char *const paths[] = { d->root, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW |
			    FTS_NOCHDIR, NULL);
	size_t len = strlen(d->root);
	const FTSENT *e;
	int err = 0;

	if (!fts)
		return remote_fail_errno(r, "", "cannot list it");
	while (!err && (errno = 0, e = fts_read(fts)))
		err = take(r, e, e->fts_path + len + (e->fts_level > 0), fn,
			   data);
	if (!err && errno)
		err = remote_fail_errno(r, "", "cannot list it");
	fts_close(fts);
	return err;
}
