/* The dir_ functions of base/file.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

int dir_sync(const char *path)
{
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return dv_fail_errno("cannot open folder %s", path);
	/* EINVAL: a file system that has nothing to sync here */
	if (fsync(fd) < 0 && errno != EINVAL)
		return dv_fail_errno("cannot sync folder %s", path);
	return 0;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/*
 * One folder.  Whatever mkdir() says, one that is there is fine: a read-only
 * or automounted file system may not say EEXIST.
 */
static int make_one(const char *path)
{
	int saved;

	if (!mkdir(path, 0777))
		return 0;
	saved = errno;
	if (is_dir(path))
		return 0;
	if (saved == EEXIST)
		return dv_fail(DV_E_EXISTS, "%s: not a folder", path);
	errno = saved;
	return dv_fail_errno("cannot make folder %s", path);
}

int dir_make(const char *path)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;
	int err = 0;

	if (!*path || is_dir(path))
		return 0;
	for (size_t i = 0; path[i] && !err; i += strspn(path + i, "/")) {
		i += strcspn(path + i, "/");
		if (!i)
			continue;	/* the leading '/' */
		buf_clear(&part);
		buf_add(&part, path, i);
		err = make_one(part.data);
	}
	return err;
}

int dir_make_parents(const char *path)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;

	buf_add(&parent, path, path_parent_len(path));
	return parent.len ? dir_make(parent.data) : 0;
}

/*
 * A folder on the way down.  Going up is openat("..") and a look whether
 * that is where we came from.
 */
struct level {
	dev_t dev;
	ino_t ino;
	char *name;	/* owned; in the folder above */
};

struct remover {
	const char *path;	/* for messages */
	struct level *levels;	/* owned */
	size_t count, room;
	int fd;			/* of the folder at levels[count - 1] */
};

#define DV_AUTO_REMOVER	__attribute__((cleanup(remover_release)))

static void remover_release(struct remover *r)
{
	while (r->count)
		free(r->levels[--r->count].name);
	free(r->levels);
	if (r->fd >= 0)
		close(r->fd);
}

static int go_down(struct remover *r, int above, const char *name)
{
	struct stat st;
	int fd = openat(above, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return dv_fail_errno("cannot open a folder in %s", r->path);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	if (fstat(fd, &st) < 0)
		return dv_fail_errno("cannot look at a folder in %s", r->path);
	ARRAY_GROW(r->levels, r->count + 1, r->room);
	r->levels[r->count++] = (struct level){ st.st_dev, st.st_ino,
						xstrdup(name) };
	return 0;
}

/* Leaves the folder, now empty, for the one above, and removes it. */
static int go_up(struct remover *r)
{
	struct level *above = &r->levels[r->count - 2];
	struct level *done = &r->levels[r->count - 1];
	struct stat st;
	int fd = openat(r->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return dv_fail_errno("cannot go back up in %s", r->path);
	close(r->fd);
	r->fd = fd;
	if (fstat(fd, &st) < 0 || st.st_dev != above->dev ||
	    st.st_ino != above->ino)
		return dv_fail(DV_E_CHANGED,
			       "%s: moved about while it was removed",
			       r->path);
	if (unlinkat(fd, done->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return dv_fail_errno("cannot remove %s in %s", done->name,
				     r->path);
	free(done->name);
	r->count--;
	return 0;
}

/* Removes one entry; a folder that is not empty is gone into: returns 1. */
static int remove_entry(struct remover *r, const struct dirent *entry)
{
	const char *name = entry->d_name;

	if (!unlinkat(r->fd, name, 0) || errno == ENOENT)
		return 0;
	if (errno == EISDIR || errno == EPERM) {
		int saved = errno;

		if (!unlinkat(r->fd, name, AT_REMOVEDIR))
			return 0;
		if (errno == ENOTEMPTY || errno == EEXIST) {
			int err = go_down(r, r->fd, name);

			return err ? err : 1;
		}
		if (errno == ENOTDIR)
			errno = saved;
	}
	return dv_fail_errno("cannot remove %s in %s", name, r->path);
}

/* Empties the current folder or, returning 1, has gone into one in it. */
static int empty_folder(struct remover *r)
{
	DV_AUTO_DIR DIR *dir = NULL;
	int fd = openat(r->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	int err = 0;

	if (fd >= 0 && !(dir = fdopendir(fd)))
		close(fd);
	if (!dir)
		return dv_fail_errno("cannot list a folder in %s", r->path);
	while (!err) {
		errno = 0;
		entry = readdir(dir);
		if (!entry && errno)
			return dv_fail_errno("cannot list a folder in %s",
					     r->path);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = remove_entry(r, entry);
	}
	return err;
}

int dir_remove_at(int fd, const char *name)
{
	DV_AUTO_REMOVER struct remover r = { .path = name, .fd = -1 };
	struct stat st;
	int err;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT)
		return 0;
	if (!unlinkat(fd, name, 0) || errno == ENOENT)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return dv_fail_errno("cannot remove %s", name);
	err = go_down(&r, fd, name);
	while (!err) {
		err = empty_folder(&r);
		if (err > 0)
			err = 0;	/* one level further down */
		else if (!err && r.count == 1)
			break;
		else if (!err)
			err = go_up(&r);
	}
	if (err)
		return err;
	if (unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return dv_fail_errno("cannot remove %s", name);
	return 0;
}

int dir_remove(const char *path)
{
	return dir_remove_at(AT_FDCWD, path);
}

#define SUM_DEPTH_MOST	8	/* of folders that dv itself has made */

static int sum_below(const char *path, int depth, uint64_t *files,
		     uint64_t *bytes)
{
	DV_AUTO_DIR DIR *dir = opendir(path);
	const struct dirent *entry;
	int err = cancel_check();

	if (!dir)
		return errno == ENOENT ? err :
			dv_fail_errno("cannot list %s", path);
	while (!err && (errno = 0, entry = readdir(dir))) {
		DV_AUTO_BUF struct buf name = BUF_INIT;
		struct stat st;

		if (!strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		buf_addf(&name, "%s/%s", path, entry->d_name);
		if (lstat(name.data, &st) < 0)	/* it went meanwhile */
			continue;
		if (S_ISDIR(st.st_mode) && depth < SUM_DEPTH_MOST) {
			err = sum_below(name.data, depth + 1, files, bytes);
		} else if (S_ISREG(st.st_mode)) {
			*files += 1;
			*bytes += (uint64_t)st.st_size;
		}
	}
	return err;
}

int dir_sum(const char *path, uint64_t *files, uint64_t *bytes)
{
	return sum_below(path, 0, files, bytes);
}
