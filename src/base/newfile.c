/* struct newfile of base/file.h: files that appear whole or not at all. */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/random.h"

#define TRIES	16	/* names of 64 random bits: one is enough, really */

static void temp_name(struct buf *name, const char *path, const char *tempdir)
{
	uint64_t number;
	size_t len;

	buf_clear(name);
	if (tempdir) {
		buf_addstr(name, tempdir);
		buf_addch(name, '/');
	} else {
		len = path_name(path) - path;	/* with its '/' */
		buf_add(name, path, len);
	}
	random_bytes(&number, sizeof(number));
	buf_addf(name, NEWFILE_TEMP "%016llx", (unsigned long long)number);
}

int newfile_open(struct newfile *f, const char *path, const char *tempdir)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int fd = -1;

	assert(f->fd < 0 && !f->temp);
	for (int i = 0; i < TRIES && fd < 0; i++) {
		temp_name(&name, path, tempdir);
		fd = open(name.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			  0666);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		return dv_fail_errno("cannot make a file for %s", path);
	f->fd = fd;
	f->path = xstrdup(path);
	f->temp = buf_detach(&name);
	return 0;
}

int newfile_write(struct newfile *f, const void *data, size_t len)
{
	return file_write_all(f->fd, data, len, f->path);
}

/* link() instead, for file systems without renameat2()'s flag. */
static int name_by_link(const char *temp, const char *path)
{
	if (link(temp, path) < 0)
		return -1;
	unlink(temp);
	return 0;
}

/*
 * Without either, as on FAT.  Two processes that come to the same name at
 * once hold the same bytes: only files named by their content are made so.
 */
static int name_by_look(const char *temp, const char *path)
{
	struct stat st;

	if (!lstat(path, &st)) {
		errno = EEXIST;
		return -1;
	}
	return rename(temp, path);
}

static int give_name_if_free(const char *temp, const char *path)
{
	int failed = renameat2(AT_FDCWD, temp, AT_FDCWD, path,
			       RENAME_NOREPLACE);

	if (failed && (errno == EINVAL || errno == ENOSYS ||
		       errno == EOPNOTSUPP)) {
		failed = name_by_link(temp, path);
		if (failed && (errno == EPERM || errno == EOPNOTSUPP ||
			       errno == ENOSYS))
			failed = name_by_look(temp, path);
	}
	if (failed && errno == EEXIST) {
		unlink(temp);
		failed = 0;
	}
	return failed;
}

int newfile_commit(struct newfile *f, enum newfile_flags flags)
{
	int failed;

	crash_point("newfile-written");
	if (flags & (NEWFILE_SHARED | NEWFILE_SHARED_WRITE)) {
		failed = file_share(f->fd, f->path,
				    flags & NEWFILE_SHARED_WRITE ?
				    SHARE_WRITE : SHARE_READ);
		if (failed)
			return failed;
	}
	if (!(flags & NEWFILE_NOSYNC) && fsync(f->fd) < 0)
		return dv_fail_errno("cannot sync %s", f->path);
	failed = file_close(&f->fd, f->path);
	if (failed)
		return failed;
	crash_point("newfile-synced");
	if (flags & NEWFILE_NOREPLACE)
		failed = give_name_if_free(f->temp, f->path);
	else
		failed = rename(f->temp, f->path);
	if (failed)
		return dv_fail_errno("cannot make %s", f->path);
	crash_point("newfile-named");
	free(f->temp);
	f->temp = NULL;
	newfile_release(f);
	return 0;
}

void newfile_release(struct newfile *f)
{
	if (f->temp)
		unlink(f->temp);
	if (f->fd >= 0)
		close(f->fd);
	free(f->temp);
	free(f->path);
	*f = (struct newfile)NEWFILE_INIT;
}

int file_replace(const char *path, const void *data, size_t len,
		 enum newfile_flags flags)
{
	DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;
	int err = newfile_open(&f, path, NULL);

	if (!err)
		err = newfile_write(&f, data, len);
	return err ? err : newfile_commit(&f, flags);
}

#define LEFT_BEHIND	3600	/* seconds */

void newfile_clean(const char *dir)
{
	DV_AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *entry;
	time_t before = time(NULL) - LEFT_BEHIND;
	struct stat st;

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, NEWFILE_TEMP,
			    strlen(NEWFILE_TEMP)) ||
		    fstatat(dirfd(d), entry->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode) || st.st_mtime > before)
			continue;
		unlinkat(dirfd(d), entry->d_name, 0);
	}
}
