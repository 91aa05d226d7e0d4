/* Opening a directory without following a symlink anywhere on the way. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "work/below.h"

#define OPEN_DIR	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | \
			 O_NONBLOCK | O_NOCTTY)

/* openat() says ENOTDIR of a symlink that may not be followed. */
static bool is_link(int fd, const char *name)
{
	struct stat st;
	bool yes = !fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) &&
		S_ISLNK(st.st_mode);

	errno = ENOTDIR;
	return yes;
}

/* Component by component: any kernel. */
static int open_steps(int top, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int fd = -1;

	while (*path) {
		size_t len = strcspn(path, "/");
		int next, saved;

		buf_clear(&name);
		buf_add(&name, path, len);
		next = openat(fd < 0 ? top : fd, name.data, OPEN_DIR);
		saved = next < 0 && errno == ENOTDIR &&
			is_link(fd < 0 ? top : fd, name.data) ? ELOOP : errno;
		if (fd >= 0)
			close(fd);
		if (next < 0) {
			errno = saved;
			return -1;
		}
		fd = next;
		path += len + (path[len] == '/');
	}
	return fd;
}

/*
 * One system call, for less than PATH_MAX bytes; -2 when this kernel or
 * sandbox has it not.
 */
static int open_once(int top, const char *path)
{
#ifdef SYS_openat2
	static atomic_bool missing;
	struct open_how how = {
		.flags = OPEN_DIR & ~O_NOFOLLOW,	/* ELOOP, then */
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	long fd;

	if (atomic_load_explicit(&missing, memory_order_relaxed))
		return -2;
	do {
		fd = syscall(SYS_openat2, top, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
		if (errno == ENOSYS)
			atomic_store(&missing, true);
		return -2;
	}
	return (int)fd;
#else
	(void)top;
	(void)path;
	return -2;
#endif
}

static int open_piece(int top, const char *path)
{
	int fd = open_once(top, path);

	return fd == -2 ? open_steps(top, path) : fd;
}

/* How much of a path fits into one system call: all, or whole components. */
static size_t piece_len(const char *path)
{
	size_t len = strnlen(path, PATH_MAX);

	if (len < PATH_MAX)
		return len;
	while (len > 1 && path[len - 1] != '/')
		len--;
	return len - 1;
}

int open_below(int top, const char *path)
{
	DV_AUTO_BUF struct buf piece = BUF_INIT;
	DV_AUTO_CLOSE int above = -1;

	if (!*path)
		return openat(top, ".", OPEN_DIR);
	for (size_t len; path[len = piece_len(path)]; path += len + 1) {
		int fd;

		buf_clear(&piece);
		buf_add(&piece, path, len);
		fd = open_piece(above < 0 ? top : above, piece.data);
		auto_close(&above);
		above = fd;
		if (fd < 0)
			return -1;
	}
	return open_piece(above < 0 ? top : above, path);
}

int make_below(int top, const char *path, size_t len)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;
	DV_AUTO_BUF struct buf at = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;

	buf_add(&all, path, len);
	DV_AUTO_CLOSE int there = open_below(top, all.data);
	if (there >= 0)
		return 0;
	for (const char *rest = all.data; *rest;) {
		size_t n = strcspn(rest, "/");
		DV_AUTO_CLOSE int fd = open_below(top, at.data);

		buf_clear(&name);
		buf_add(&name, rest, n);
		path_append(&at, name.data);
		if (fd < 0 || (mkdirat(fd, name.data, 0777) &&
			       errno != EEXIST))
			return dv_fail_errno("cannot make directory %s",
					     at.data);
		rest += n + (rest[n] == '/');
	}
	return 0;
}
