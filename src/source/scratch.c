#include "source/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "git/foreign.h"
#include "git/repo.h"

#define SCRATCH_PREFIX	".dv-get-"
#define SCRATCH_LOCK	".git/lock"

/* --- what dead processes have left --------------------------------------- */

/*
 * True when it is ours, nobody holds its lock, and nothing of the user's is in
 * it.  The lock is kept in *fd, so that no maker takes it meanwhile.
 */
static bool is_left_over(const char *path, int *fd)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;
	struct stat st;

	if (lstat(path, &st) || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	buf_addf(&file, "%s/" SCRATCH_LOCK, path);
	*fd = open(file.data, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (*fd < 0 || flock(*fd, LOCK_EX | LOCK_NB))
		return false;
	buf_clear(&file);
	buf_addf(&file, "%s/" SCRATCH_REPLACED, path);
	return lstat(file.data, &st) && errno == ENOENT;
}

/* A failure is not ours to report. */
static void sweep(const char *parent)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_DIR DIR *dir = opendir(parent);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		DV_AUTO_CLOSE int fd = -1;

		if (strncmp(entry->d_name, SCRATCH_PREFIX,
			    strlen(SCRATCH_PREFIX)))
			continue;
		buf_clear(&path);
		buf_addf(&path, "%s/%s", parent, entry->d_name);
		if (is_left_over(path.data, &fd))
			dir_remove(path.data);
	}
}

/* --- a folder of our own ------------------------------------------------- */

/* DV_E_LOCKED when a sweeper came between: to be tried again. */
static int make_one(struct scratch *s, const char *parent)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf file = BUF_INIT;
	struct stat st;
	int err;

	buf_addf(&path, "%s/" SCRATCH_PREFIX "XXXXXX", parent);
	if (!mkdtemp(path.data))
		return dv_fail_errno("cannot make a folder in %s", parent);
	s->dir = realpath(path.data, NULL);
	if (!s->dir)
		return dv_fail_errno("cannot look at %s", path.data);
	buf_addf(&file, "%s/" SCRATCH_LOCK, s->dir);
	err = dir_make_parents(file.data);
	if (!err)
		err = lock_take(&s->lock, file.data, "get", 0, NULL, NULL);
	if (!err && (fstat(s->lock.fd, &st) || !st.st_nlink))
		err = dv_fail(DV_E_LOCKED, "%s was removed meanwhile", s->dir);
	return err;
}

int scratch_make(struct scratch *s, const char *parent)
{
	int err;

	sweep(parent);
	err = make_one(s, parent);
	for (int i = 0; i < 8 && err == DV_E_LOCKED; i++) {
		scratch_release(s);
		err = make_one(s, parent);
	}
	return err;
}

int scratch_open(struct scratch *s, const char *store_path)
{
	struct foreign f = { .dir = s->dir, .store_path = store_path };

	return repo_open_foreign(&f, &s->repo);
}

void scratch_release(struct scratch *s)
{
	dv_repo_close(s->repo);
	if (s->dir)
		dir_remove(s->dir);
	lock_release(&s->lock);
	free(s->dir);
	*s = (struct scratch)SCRATCH_INIT;
}

static int check_out(struct scratch *s, const struct dv_progress *progress)
{
	struct dv_checkout_options o = { .progress = *progress };
	struct dv_checkout_result result;

	return dv_checkout(s->repo, &o, NULL, NULL, &result);
}

int scratch_put_pointer(struct scratch *s, const char *path,
			const struct dv_pointer *pointer,
			const struct dv_progress *progress)
{
	bool changed;
	int err = tracked_write(s->repo, path, pointer, &changed);

	return err ? err : check_out(s, progress);
}

/* --- git's files --------------------------------------------------------- */

struct below {
	struct scratch *scratch;
	struct path_list pointers;
};

static int take_below(const struct dv_tracked *t, void *data)
{
	struct below *b = data;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	bool changed;

	buf_addf(&name, "%s%s", t->path, DV_POINTER_SUFFIX);
	path_list_add(&b->pointers, name.data, name.len);
	return tracked_write(b->scratch->repo, t->path, &t->pointer, &changed);
}

static int put_tracked(struct scratch *s, const struct clone *c,
		       const struct source_entry *p,
		       const struct dv_progress *progress)
{
	struct below b = { s, PATH_LIST_INIT };
	const char *paths[] = { p->path };
	struct dv_selection what = { .paths = paths, .count = 1,
				     .rev = c->commit };
	int top, err = dv_tracked_each(c->repo, &what, take_below, &b);

	if (err == DV_E_NOTFOUND && !b.pointers.count)
		err = 0;
	else if (!err)
		err = check_out(s, progress);
	if (!err)
		err = repo_worktree_fd(s->repo, &top);
	for (size_t i = 0; i < b.pointers.count && !err; i++)
		if (unlinkat(top, b.pointers.items[i], 0))
			err = dv_fail_errno("cannot remove %s",
					    b.pointers.items[i]);
	path_list_release(&b.pointers);
	return err;
}

int scratch_put_git(struct scratch *s, const struct clone *c,
		    const struct source_entry *p,
		    const struct dv_progress *progress)
{
	/* git's own code puts a stranger's tree into the file system */
	const char *const args[] = {
		"-c", "core.hooksPath=/dev/null", "checkout", "-q", "-f",
		c->commit, "--", p->path, NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = foreign_git(c->dir, s->dir, FOREIGN_GIT_WORK |
			      (c->stranger ? FOREIGN_GIT_STRANGER : 0), args,
			      &out);

	if (err || !c->repo)
		return err;
	return put_tracked(s, c, p, progress);
}
