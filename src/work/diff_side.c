#include "work/diff_side.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "work/below.h"
#include "work/linked.h"

#define READ_STEP	((size_t)64 << 10)

static int write_disk(struct dv_repo *repo, const char *path,
		      content_write_fn *write, void *data)
{
	DV_AUTO_FREE uint8_t *bytes = xmalloc(READ_STEP);
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	int top, err = repo_worktree_fd(repo, &top);
	struct stat st;
	ssize_t n = 0;

	if (err)
		return err;
	buf_add(&parent, path, path_parent_len(path));
	DV_AUTO_CLOSE int dir = open_below(top, parent.data);
	if (dir >= 0)
		fd = linked_open(repo_store_real(repo), dir, path_name(path));
	if (fd < 0 || fstat(fd, &st))
		return dv_fail_errno("cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return dv_fail(DV_E_CHANGED, "%s: changed while it was looked "
			       "at", path);
	while (!err && (n = read(fd, bytes, READ_STEP)) > 0) {
		err = cancel_check();
		if (!err)
			err = write(data, bytes, (size_t)n);
	}
	return n < 0 ? dv_fail_errno("cannot read %s", path) : err;
}

int diff_side_write(struct dv_repo *repo, const struct dv_entry *e, bool disk,
		    content_write_fn *write, void *data)
{
	struct content c = { e->id, e->size, e->chunked };
	struct store *store;
	int err;

	if (disk)
		return write_disk(repo, e->path, write, data);
	err = repo_store(repo, &store);
	return err ? err : content_write(store, e->path, &c, write, data);
}

bool diff_side_differ(const struct dv_change *c)
{
	const struct dv_id none = { { 0 } };
	const struct dv_entry *a = c->before, *b = c->after;

	if (c->unlisted || (a && a->type != DV_ENTRY_FILE) ||
	    (b && b->type != DV_ENTRY_FILE))
		return false;
	if (!(a && a->size) && !(b && b->size))
		return false;
	return !a || !b || dv_id_equal(&b->id, &none) ||
		!dv_id_equal(&a->id, &b->id);
}
