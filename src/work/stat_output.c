/* A stat index on its way into its file. */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "chunk/check.h"
#include "work/stat_format.h"
#include "work/stat_index.h"
#include "work/stat_output.h"

void stat_output_release(struct stat_output *o)
{
	newfile_release(&o->file);
	buf_release(&o->block);
	buf_release(&o->sums);
}

static void block_done(struct stat_output *o)
{
	buf_add_u64(&o->sums, check64(o->block.data, o->block.len));
	if (!o->err)
		o->err = newfile_write(&o->file, o->block.data, o->block.len);
	buf_clear(&o->block);
}

void stat_output_add(struct stat_output *o, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		size_t n = STAT_BLOCK - o->block.len;

		if (n > len)
			n = len;
		buf_add(&o->block, p, n);
		p += n;
		len -= n;
		if (o->block.len == STAT_BLOCK)
			block_done(o);
	}
}

int stat_output_open(struct stat_output *o, struct dv_repo *repo,
		     const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err = stat_index_name(repo, path, &name);

	if (!err)
		err = dir_make_parents(name.data);
	return err ? err : newfile_open(&o->file, name.data, NULL);
}

int stat_output_finish(struct stat_output *o)
{
	uint8_t tail[8];

	if (o->block.len)
		block_done(o);
	store_u64(tail, check64(o->sums.data, o->sums.len));
	if (!o->err)
		o->err = newfile_write(&o->file, tail, sizeof(tail));
	crash_point("stat-index: before rename");
	if (!o->err)
		o->err = newfile_commit(&o->file, NEWFILE_NOSYNC);
	crash_point("stat-index: after rename");
	return o->err;
}

void stat_seal_header(uint8_t *h)
{
	store_u64(h + STAT_HEADER - 8, check64(h, STAT_HEADER - 8));
}
