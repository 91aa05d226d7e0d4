/* Files and folders that the members of a group share: base/file.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#define DEPTH_MOST	8	/* of folders that dv itself has made */

bool dir_is_shared(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_mode & S_ISGID) &&
		(st->st_mode & S_IWGRP);
}

/* The mode of the folder that path lies in if that is shared, else 0. */
static mode_t shared_mode(const char *path)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	struct stat st;

	buf_add(&parent, path, path_parent_len(path));
	if (stat(parent.len ? parent.data : ".", &st) < 0 ||
	    !dir_is_shared(&st))
		return 0;
	return st.st_mode;
}

/* Another's file has the bits that he gave it. */
static int set_bits(int fd, mode_t bits, mode_t without)
{
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st) < 0)
		return -1;
	mode = ((st.st_mode & 07777) & ~without) | bits;
	if (st.st_uid != geteuid() || mode == (st.st_mode & 07777))
		return 0;
	return fchmod(fd, mode);
}

/*
 * A file that is complete must stay as its owner has written it, also where
 * the umask would let the group write to it.
 */
static int share_file(int fd, mode_t folder, enum file_sharing how)
{
	mode_t bits = S_IRGRP | (folder & S_IROTH);

	if (how == SHARE_WRITE)
		bits |= S_IWGRP;
	return folder ? set_bits(fd, bits, S_IWGRP | S_IWOTH) : 0;
}

int file_share(int fd, const char *path, enum file_sharing how)
{
	if (share_file(fd, shared_mode(path), how))
		return dv_fail_errno("cannot share %s", path);
	return 0;
}

int file_create(const char *path, int flags, enum file_sharing how)
{
	int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);

	if (fd >= 0 && share_file(fd, shared_mode(path), how)) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int dir_create(const char *path)
{
	mode_t folder = shared_mode(path);
	DV_AUTO_CLOSE int fd = -1;

	if (mkdir(path, 0777) < 0)
		return -1;
	if (!folder)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -1 : set_bits(fd, S_ISGID | S_IRWXG |
				      (folder & (S_IROTH | S_IXOTH)), 0);
}

int dir_make_in(const char *path)
{
	struct stat st;

	if ((!stat(path, &st) && S_ISDIR(st.st_mode)) || !dir_create(path))
		return 0;
	return errno == EEXIST ? 0 : fail_access("cannot make", path);
}

/* Files that several processes write to; all others are complete. */
static enum file_sharing sharing_of(const char *name)
{
	const char *end = strrchr(name, '.');

	return !strcmp(name, "packs") ||
		(end && (!strcmp(end, ".lock") || !strcmp(end, ".bad"))) ?
		SHARE_WRITE : SHARE_READ;
}

static int share_below(int dir_fd, const char *name, mode_t others, int depth)
{
	DV_AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK |
				      O_NOFOLLOW | O_CLOEXEC);
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	struct stat st;
	int list, err = 0;

	/* what is another's, or no file of ours, is not ours to share */
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid())
		return 0;
	if (S_ISREG(st.st_mode))
		return share_file(fd, S_IWGRP | others, sharing_of(name));
	if (!S_ISDIR(st.st_mode) || depth > DEPTH_MOST)
		return 0;
	list = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (list < 0 || !(dir = fdopendir(list))) {
		if (list >= 0)
			close(list);
		return -1;
	}
	while (!err && (errno = 0, entry = readdir(dir)))
		/* "sources" are clones, which are their owner's */
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    strncmp(entry->d_name, "sources", strlen("sources")))
			err = share_below(fd, entry->d_name, others,
					  depth + 1);
	/* the mark comes last: killed before, it begins again */
	return err || errno ? -1 :
		set_bits(fd, S_ISGID | S_IRWXG | others, S_IWOTH);
}

int dir_share(const char *path, bool others)
{
	mode_t bits = others ? S_IROTH | S_IXOTH : 0;

	if (share_below(AT_FDCWD, path, bits, 0))
		return dv_fail_errno("cannot share what is in %s", path);
	return 0;
}

/* Of the file or, where that cannot be seen, of what it lies in. */
static bool owner_of(const char *path, struct stat *st)
{
	DV_AUTO_BUF struct buf at = BUF_INIT;

	buf_addstr(&at, path);
	while (lstat(at.data, st) < 0) {
		if (errno != ENOENT && errno != EACCES)
			return false;
		if (!path_parent_len(at.data))
			return false;
		buf_setlen(&at, path_parent_len(at.data));
	}
	return true;
}

void user_name(uid_t uid, char out[USER_NAME_SIZE])
{
	struct passwd *found = NULL, entry;
	char room[1024];

	if (getpwuid_r(uid, &entry, room, sizeof(room), &found) || !found)
		snprintf(out, USER_NAME_SIZE, "user %lu", (unsigned long)uid);
	else
		snprintf(out, USER_NAME_SIZE, "%s", entry.pw_name);
}

int fail_access(const char *what, const char *path)
{
	int saved = errno, err = dv_fail_errno("%s %s", what, path);
	char owner[USER_NAME_SIZE];
	struct stat st;

	if (saved != EACCES && saved != EPERM)
		return err;
	if (!owner_of(path, &st) || st.st_uid == geteuid())
		return err;
	user_name(st.st_uid, owner);
	errno = saved;
	err = dv_fail_errno("%s %s, which belongs to %s", what, path, owner);
	return dv_hint(err, "its owner can share the store: dv config --local "
		       "store.shared group, then dv store");
}
