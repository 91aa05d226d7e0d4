/*
 * What a crash leaves in loose/: a file whose index is not written yet, or
 * was removed before it, and later parts of an index without the first.
 * Nothing finds them, and they do no harm.
 */

#include "store/store_inside.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"

/* "<hex>" or "<hex>.<n>.idx", where there is no "<hex>.0.idx" in the folder */
static bool is_stray(const char *dir, const char *name)
{
	DV_AUTO_BUF struct buf first = BUF_INIT;
	struct dv_id id;
	size_t digits;

	if (strlen(name) < DV_ID_HEX || dv_id_from_hex(name, &id))
		return false;
	digits = name[DV_ID_HEX] == '.' ?
		 strspn(name + DV_ID_HEX + 1, "0123456789") : 0;
	if (name[DV_ID_HEX] && (!digits ||
				strcmp(name + DV_ID_HEX + 1 + digits, ".idx")))
		return false;
	buf_addf(&first, "%s/%.*s.0.idx", dir, DV_ID_HEX, name);
	return access(first.data, F_OK) && errno == ENOENT;
}

static int each_in(const char *path,
		   int (*fn)(const char *path, void *data), void *data)
{
	DV_AUTO_DIR DIR *dir = opendir(path);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 :
			dv_fail_errno("cannot list %s", path);
	while (!err && (errno = 0, entry = readdir(dir))) {
		DV_AUTO_BUF struct buf full = BUF_INIT;

		if (is_stray(path, entry->d_name)) {
			buf_addf(&full, "%s/%s", path, entry->d_name);
			err = fn(full.data, data);
		}
		errno = 0;
	}
	if (!err && errno)
		return dv_fail_errno("cannot list %s", path);
	return err;
}

int store_each_stray(struct store *s,
		     int (*fn)(const char *path, void *data), void *data)
{
	int err = 0;

	for (unsigned n = 0; n < LOOSE_DIRS && !err; n++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		buf_addf(&path, "%s/loose/%02x", s->path, n);
		err = each_in(path.data, fn, data);
	}
	return err;
}
