/* How a pack that is complete gets its name. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "store/pack_write.h"

static int same_bytes(const char *a_path, const char *b_path, bool *same)
{
	DV_AUTO_CLOSE int a = open(a_path, O_RDONLY | O_CLOEXEC);
	DV_AUTO_CLOSE int b = open(b_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	DV_AUTO_FREE char *block = xmalloc((size_t)2 << 20);
	const size_t half = (size_t)1 << 20;
	struct stat sa, sb;
	int err = 0;

	*same = false;
	if (a < 0 || fstat(a, &sa) < 0)
		return dv_fail_errno("cannot read %s", a_path);
	if (b < 0 || fstat(b, &sb) < 0 || sa.st_size != sb.st_size)
		return 0;
	for (off_t at = 0; at < sa.st_size && !err; at += half) {
		size_t n = sa.st_size - at < (off_t)half ?
			(size_t)(sa.st_size - at) : half;

		err = file_pread_all(a, block, n, at, a_path);
		/* what cannot be read is damaged */
		if (!err && file_pread_all(b, block + half, n, at, b_path))
			return 0;
		if (!err && memcmp(block, block + half, n))
			return 0;
	}
	*same = !err;
	return err;
}

int pack_give_name(const char *temp, const char *path)
{
	bool same = false;
	int err;

	if (!access(path, F_OK)) {
		err = same_bytes(temp, path, &same);
		if (err)
			return err;
		if (same) {
			unlink(temp);
			return 0;
		}
	}
	if (rename(temp, path) < 0)
		return dv_fail_errno("cannot make %s", path);
	return 0;
}
