#include "store/pack_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/trace.h"

/* Disk space is reserved in steps. */
#define RESERVE_STEP	((uint64_t)16 << 20)
/*
 * Written at once through the page cache.  For more the kernel takes pages as
 * large as it can get, and free memory in pieces of that size is what a virtual
 * machine has handed back to its host: to get it again costs several times
 * what the copy does.
 */
#define WRITE_STEP	PACK_BLOCK_CACHED
/* The disk is told to begin whenever there is so much more. */
#define BEGIN_STEP	((uint64_t)2 << 20)

int pack_disk_open(struct pack_disk *d, const char *temp_dir,
		   struct pack_disk_way way)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	uint64_t number;

	random_bytes(&number, sizeof(number));
	buf_addf(&path, "%s/%016llx.pack", temp_dir,
		 (unsigned long long)number);
	*d = (struct pack_disk){ .way = way };
	d->fd = file_create(path.data, O_RDWR | O_EXCL, SHARE_READ);
	if (d->fd < 0)
		return dv_fail_errno("cannot make %s", path.data);
	d->path = buf_detach(&path);
	return 0;
}

/* Changes between writing past the page cache and through it. */
static void set_direct(struct pack_disk *d, bool direct)
{
	int flags;

	if (d->is_direct == direct)
		return;
	flags = fcntl(d->fd, F_GETFL);
	flags = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
	if (fcntl(d->fd, F_SETFL, flags) < 0)
		d->way.direct = false;
	else
		d->is_direct = direct;
}

/*
 * Contiguous space, and cheaper writes.  Where there is not so much left it
 * is the write that says whether there is enough.
 */
static void reserve_space(struct pack_disk *d, uint64_t end)
{
	if (end <= d->reserved || d->no_reserve)
		return;
	while (d->reserved < end)
		d->reserved += RESERVE_STEP;
	if (fallocate(d->fd, 0, 0, d->reserved) < 0)
		d->no_reserve = true;
}

/* True when the block was written so; false: it is to go the usual way. */
static bool write_direct(struct pack_disk *d, const void *data, size_t len,
			 uint64_t offset)
{
	ssize_t n;

	set_direct(d, d->way.direct);
	if (!d->is_direct)
		return false;
	do
		n = pwrite(d->fd, data, len, offset);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return true;
	/* it is the usual way that finds out what is wrong */
	d->way.direct = false;
	set_direct(d, false);
	return false;
}

/*
 * There will be less to wait for at the end.  Blocks come nearly in order; one
 * that is late is left for then.
 */
static void begin_writing(struct pack_disk *d, uint64_t end)
{
	if (d->way.nosync || end < d->begun + BEGIN_STEP)
		return;
	sync_file_range(d->fd, d->begun, end - d->begun,
			SYNC_FILE_RANGE_WRITE);
	d->begun = end;
}

int pack_disk_block(struct pack_disk *d, const void *data, size_t len,
		    uint64_t offset)
{
	TRACE_REGION("pack: write");
	const uint8_t *bytes = data;
	int err = 0;

	reserve_space(d, offset + len);
	if (write_direct(d, data, len, offset))
		return 0;
	for (size_t at = 0; at < len && !err; at += WRITE_STEP)
		err = file_pwrite_all(d->fd, bytes + at, WRITE_STEP,
				      offset + at, d->path);
	if (!err)
		begin_writing(d, offset + len);
	return err;
}

int pack_disk_end(struct pack_disk *d, const void *data, size_t len,
		  const void *more, size_t more_len, uint64_t offset)
{
	uint64_t end = offset + len + more_len;
	int err;

	set_direct(d, false);
	err = file_pwrite_all(d->fd, data, len, offset, d->path);
	if (!err)
		err = file_pwrite_all(d->fd, more, more_len, offset + len,
				      d->path);
	/* what was reserved and not used */
	if (!err && d->reserved > end && ftruncate(d->fd, end) < 0)
		err = dv_fail_errno("cannot write %s", d->path);
	return err;
}

int pack_disk_sync(struct pack_disk *d)
{
	TRACE_REGION("pack: sync");

	crash_point("pack-before-sync");
	if (!d->way.nosync && fdatasync(d->fd) < 0)
		return dv_fail_errno("cannot sync %s", d->path);
	return file_close(&d->fd, d->path);
}

void pack_disk_keep(struct pack_disk *d)
{
	free(d->path);
	d->path = NULL;
}

void pack_disk_release(struct pack_disk *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	if (d->path)
		unlink(d->path);
	pack_disk_keep(d);
}
