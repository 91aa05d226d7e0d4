/*
 * For LD_PRELOAD: a disk that fails, for files whose path matches a pattern
 * (fnmatch(3)).
 *
 *	LATE_CLOSE	when one that was open for writing is closed, close()
 *			says that a quota is used up, as NFS does
 *	BAD_SECTOR	pread() cannot read byte number BAD_SECTOR_AT
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The path of fd matches the variable of that name. */
static bool is_meant(int fd, const char *variable)
{
	const char *pattern = getenv(variable);
	char link[40], path[4096];
	ssize_t len;

	if (!pattern)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	return !fnmatch(pattern, path, 0);
}

int close(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	bool late = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY &&
		    is_meant(fd, "LATE_CLOSE");

	if (syscall(SYS_close, fd) < 0)
		return -1;
	errno = late ? EDQUOT : errno;
	return late ? -1 : 0;
}

/* What lies before it is read first, as the kernel does. */
ssize_t pread(int fd, void *out, size_t len, off_t offset)
{
	const char *text = getenv("BAD_SECTOR_AT");
	off_t bad = text ? atoll(text) : 0;

	if (bad >= offset && (size_t)(bad - offset) < len &&
	    is_meant(fd, "BAD_SECTOR")) {
		len = bad - offset;
		if (!len) {
			errno = EIO;
			return -1;
		}
	}
	return syscall(SYS_pread64, fd, out, len, offset);
}
