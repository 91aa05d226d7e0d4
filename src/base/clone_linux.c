#ifdef __linux__

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clone.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"

#define COPY_STEP	((size_t)64 << 20)	/* between looks at cancel */

static int clone_failed(void)
{
	if (errno == EIO)
		return dv_fail_errno("cannot share blocks between files");
	return dv_fail(DV_E_UNSUPPORTED,
		       "this file system cannot share blocks here");
}

int clone_fd(int from, int to)
{
	return ioctl(to, FICLONE, from) ? clone_failed() : 0;
}

int clone_range(int from, uint64_t from_at, uint64_t len, int to,
		uint64_t to_at)
{
	const struct file_clone_range range = {
		.src_fd = from, .src_offset = from_at, .src_length = len,
		.dest_offset = to_at,
	};

	/* 0 would mean: up to the end */
	if (!len)
		return 0;
	return ioctl(to, FICLONERANGE, &range) ? clone_failed() : 0;
}

/* For these copying through memory may still work. */
static int kernel_cannot(int code)
{
	return code == EXDEV || code == EINVAL || code == ENOSYS ||
	       code == EOPNOTSUPP || code == EPERM;
}

int clone_copy(int from, int to, uint64_t len, const char *name)
{
	off_t in = 0, out = 0;
	int err;

	while ((uint64_t)in < len) {
		uint64_t left = len - in;
		ssize_t n;

		err = cancel_check();
		if (err)
			return err;
		n = copy_file_range(from, &in, to, &out,
				    left < COPY_STEP ? left : COPY_STEP, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !kernel_cannot(errno))
			return dv_fail_errno("cannot copy %s", name);
		/*
		 * 0 should mean the end of the file, but some file systems
		 * say so wherever they do not know.
		 */
		if (n <= 0)
			return file_copy_range(from, to, in, left, name);
	}
	return 0;
}

#endif
