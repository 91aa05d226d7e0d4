/* struct newfile_batch of base/file.h: files that become durable together. */

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/path_list.h"

/*
 * From so many on the whole file system is synced: what others have written
 * goes to the disk with it, but there is one wait instead of one for each.
 */
#define TOGETHER	64
/* Commits of a file system's journal are shared by those who wait for one. */
#define WAITING		32

struct batched {
	char *path;		/* owned; final name */
	char *temp;		/* owned; NULL once it has that */
};

int newfile_batch_put(struct newfile_batch *b, struct newfile *f)
{
	struct stat st;
	int err;

	crash_point("batch-written");
	if (fstat(f->fd, &st) < 0)
		return dv_fail_errno("cannot look at %s", f->path);
	/* one stays open since before it was written to: it sees all errors */
	err = b->count ? file_close(&f->fd, f->path) :
		file_flush(f->fd, f->path);
	if (err)
		return err;
	if (!b->count) {
		b->fd = f->fd;
		b->device = st.st_dev;
	}
	b->mixed |= st.st_dev != b->device;
	ARRAY_GROW(b->items, b->count + 1, b->room);
	b->items[b->count++] = (struct batched){ f->path, f->temp };
	*f = (struct newfile)NEWFILE_INIT;
	return 0;
}

/*
 * Where syncfs(2) is known to wait for the disk, and to say what failed.  A
 * network's file system may leave it at sending, a union of two does not tell
 * of errors below.
 */
static bool syncs_whole(const struct newfile_batch *b, size_t count)
{
	struct statfs fs;

	if (count < TOGETHER || b->mixed || fstatfs(b->fd, &fs) < 0)
		return false;
	switch ((unsigned long)fs.f_type & 0xffffffff) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return false;
	}
}

static int sync_file(void *data, unsigned worker, size_t i)
{
	const struct newfile_batch *b = data;
	const struct batched *item = &b->items[i];
	DV_AUTO_CLOSE int fd = -1;

	(void)worker;
	fd = i ? open(item->temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) :
		fcntl(b->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 || fsync(fd) < 0 ?
		dv_fail_errno("cannot sync %s", item->path) : 0;
}

static int sync_files(struct newfile_batch *b)
{
	if (!syncs_whole(b, b->count))
		return crew_each_uncancelled(WAITING, b->count, sync_file, b);
	return syncfs(b->fd) < 0 ? dv_fail_errno("cannot sync %s",
						 b->items[0].path) : 0;
}

static int give_names(struct newfile_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct batched *item = &b->items[i];

		if (rename(item->temp, item->path) < 0)
			return dv_fail_errno("cannot make %s", item->path);
		free(item->temp);
		item->temp = NULL;
		crash_point("batch-named");
	}
	return 0;
}

/* --- their folders ----------------------------------------------------- */

/* Each of them once. */
static void list_folders(const struct newfile_batch *b, struct path_list *out)
{
	for (size_t i = 0; i < b->count; i++) {
		const char *path = b->items[i].path;
		size_t len = path_parent_len(path);

		if (len)
			path_list_add(out, path, len);
		else
			path_list_add(out, *path == '/' ? "/" : ".", 1);
	}
	path_list_sort(out);
}

static int sync_folder(void *data, unsigned worker, size_t i)
{
	const struct path_list *folders = data;

	(void)worker;
	return dir_sync(folders->items[i]);
}

static int sync_folders(struct newfile_batch *b)
{
	DV_AUTO_PATH_LIST struct path_list folders = PATH_LIST_INIT;

	list_folders(b, &folders);
	if (!syncs_whole(b, folders.count))
		return crew_each_uncancelled(WAITING, folders.count,
					     sync_folder, &folders);
	return syncfs(b->fd) < 0 ? dv_fail_errno("cannot sync %s",
						 folders.items[0]) : 0;
}

/* --- all of it --------------------------------------------------------- */

int newfile_batch_commit(struct newfile_batch *b)
{
	int err = b->count ? sync_files(b) : 0;

	crash_point("batch-synced");
	if (!err && b->count)
		err = give_names(b);
	if (!err && b->count)
		err = sync_folders(b);
	if (!err)
		newfile_batch_release(b);
	return err;
}

void newfile_batch_release(struct newfile_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (b->items[i].temp)
			unlink(b->items[i].temp);
		free(b->items[i].temp);
		free(b->items[i].path);
	}
	free(b->items);
	if (b->fd >= 0)
		close(b->fd);
	*b = (struct newfile_batch)NEWFILE_BATCH_INIT;
}
