#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"

#define READ_STEP	((size_t)64 << 10)
#define COPY_BLOCK	((size_t)1 << 20)
/*
 * For larger ones the kernel takes larger folios, and moves memory to make
 * them where the page cache fills it; smaller ones cost more each.
 */
#define WRITE_PIECE	((size_t)128 << 10)
#define REST_FROM	((size_t)16 << 10)	/* less is not worth a call */

static int open_regular(const char *path, struct stat *st)
{
	/* not to hang where somebody put a pipe */
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int opened;

	if (fd < 0 || fstat(fd, st) < 0)
		return dv_fail_errno("cannot open %s", path);
	if (!S_ISREG(st->st_mode))
		return dv_fail(DV_E_IO, "not a regular file: %s", path);
	if ((uintmax_t)st->st_size > SIZE_MAX)
		return dv_fail(DV_E_IO, "too large to map: %s", path);
	opened = fd;
	fd = -1;
	return opened;
}

static int map_file(struct filemap *map, int fd, size_t len, const char *path)
{
	void *data;

	if (!len)	/* which cannot be mapped */
		return 0;
	data = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return dv_fail_errno("cannot map %s", path);
	map->data = data;
	map->len = len;
	return 0;
}

int filemap_open(struct filemap *map, const char *path)
{
	struct stat st;
	DV_AUTO_CLOSE int fd = open_regular(path, &st);

	*map = (struct filemap)FILEMAP_INIT;
	return fd < 0 ? fd : map_file(map, fd, st.st_size, path);
}

int filemap_load(struct filemap *map, const char *path, struct stat *st)
{
	DV_AUTO_CLOSE int fd = open_regular(path, st);
	uint8_t *data;
	int err;

	*map = (struct filemap)FILEMAP_INIT;
	if (fd < 0)
		return fd;
	if (!st->st_size || (uintmax_t)st->st_size > REST_FROM)
		return map_file(map, fd, st->st_size, path);
	data = xmalloc(st->st_size);
	err = file_pread_all(fd, data, st->st_size, 0, path);
	if (err) {
		free(data);
		return err;
	}
	*map = (struct filemap){ data, st->st_size, true };
	return 0;
}

/* What was read is small. */
void filemap_rest(const struct filemap *map)
{
	if (map->len > REST_FROM)
		madvise((void *)map->data, map->len, MADV_DONTNEED);
}

void filemap_release(struct filemap *map)
{
	if (map->copied)
		free((void *)map->data);
	else if (map->len)
		munmap((void *)map->data, map->len);
	*map = (struct filemap)FILEMAP_INIT;
}

int file_pread_all(int fd, void *out, size_t len, uint64_t offset,
		   const char *name)
{
	char *p = out;

	while (len) {
		ssize_t n = pread(fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dv_fail_errno("cannot read %s", name);
		if (!n)
			return dv_fail(DV_E_CORRUPT, "%s: ends too early",
				       name);
		p += n;
		len -= n;
		offset += n;
	}
	return 0;
}

int file_write_all(int fd, const void *data, size_t len, const char *name)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dv_fail_errno("cannot write %s", name);
		p += n;
		len -= n;
	}
	return 0;
}

int file_pwrite_all(int fd, const void *data, size_t len, uint64_t offset,
		    const char *name)
{
	const char *p = data;

	while (len) {
		ssize_t n = pwrite(fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dv_fail_errno("cannot write %s", name);
		p += n;
		len -= n;
		offset += n;
	}
	return 0;
}

int file_pwrite_pieces(int fd, const void *data, size_t len, uint64_t offset,
		       const char *name)
{
	const char *p = data;
	int err = 0;

	while (len && !err) {
		size_t n = WRITE_PIECE - offset % WRITE_PIECE;

		if (n > len)
			n = len;
		err = file_pwrite_all(fd, p, n, offset, name);
		p += n;
		offset += n;
		len -= n;
	}
	return err;
}

int file_close(int *fd, const char *name)
{
	int failed = close(*fd);

	*fd = -1;
	/* after EINTR it is closed all the same */
	return failed && errno != EINTR ?
		dv_fail_errno("cannot write %s", name) : 0;
}

int file_flush(int fd, const char *name)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? dv_fail_errno("cannot write %s", name) :
		file_close(&copy, name);
}

int file_copy_range(int from, int to, uint64_t offset, uint64_t len,
		    const char *name)
{
	DV_AUTO_BUF struct buf block = BUF_INIT;
	int err = 0;

	buf_reserve(&block, COPY_BLOCK);
	while (len && !err) {
		size_t n = len < COPY_BLOCK ? len : COPY_BLOCK;

		err = cancel_check();
		if (!err)
			err = file_pread_all(from, block.data, n, offset, name);
		if (!err)
			err = file_pwrite_all(to, block.data, n, offset, name);
		offset += n;
		len -= n;
	}
	return err;
}

int file_read(const char *path, size_t limit, struct buf *out)
{
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t start = out->len;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return dv_fail_errno("cannot open %s", path);
	/* st_size is a guess only: /proc says 0, and files grow */
	if (S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uintmax_t)st.st_size <= limit)
		buf_reserve(out, (size_t)st.st_size + 1);
	for (;;) {
		ssize_t n;

		if (out->room < out->len + 2)
			buf_reserve(out, READ_STEP);
		n = read(fd, out->data + out->len, out->room - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			buf_setlen(out, start);
			return dv_fail_errno("cannot read %s", path);
		}
		if (!n)
			return 0;
		buf_setlen(out, out->len + n);
		if (out->len - start > limit) {
			buf_setlen(out, start);
			return dv_fail(DV_E_INVALID,
				       "%s: longer than %zu bytes", path,
				       limit);
		}
	}
}

void file_set_mtime(int fd)
{
	int64_t now = clock_real_ns();
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = now / 1000000000, .tv_nsec = now % 1000000000 },
	};

	(void)!futimens(fd, times);
}
