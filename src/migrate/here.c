#include "migrate/here.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "work/below.h"

static int open_here(struct dv_repo *repo, const struct wanted *w, int *out)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	int top, fd, err = repo_worktree_fd(repo, &top);
	struct stat st;

	if (err)
		return err;
	buf_add(&parent, w->path, path_parent_len(w->path));
	DV_AUTO_CLOSE int dir = open_below(top, parent.data);
	fd = dir < 0 ? -1 : openat(dir, path_name(w->path), O_RDONLY |
				   O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				   O_CLOEXEC);
	if (fd < 0)
		return dv_fail(DV_E_NOTFOUND, "%s is not there", w->path);
	if (w->has_size && !fstat(fd, &st) && (uint64_t)st.st_size != w->size) {
		close(fd);
		return dv_fail(DV_E_NOTFOUND, "%s has changed", w->path);
	}
	*out = fd;
	return 0;
}

int held_here(struct dv_repo *repo, const struct wanted *w, struct held *out)
{
	int fd, err = open_here(repo, w, &fd);

	return err ? err : held_file(out, fd, w->path);
}

bool is_here(struct dv_repo *repo, const struct wanted *w)
{
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;

	return !open_here(repo, w, &fd) && !fstat(fd, &st) &&
		S_ISREG(st.st_mode);
}
