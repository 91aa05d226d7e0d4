#ifndef STORE_PACK_WRITER_H
#define STORE_PACK_WRITER_H

#include <sys/uio.h>

#include "store/pack_index.h"
#include "store/pack_write.h"

/*
 * What packers (packer.c) need of a writer (pack_write.c): a place in the
 * pack that is open, which they then write to at the same time.
 */
struct pack_file;

/* A frame that is ready to go out. */
struct frame_out {
	struct frame_info info;		/* first and offset are not set yet */
	const struct dv_id *ids;
	const uint32_t *lens;
	const uint64_t *checks;
	struct iovec parts[2];		/* header and lens; stored bytes */
};

/*
 * Writes a frame into the open pack.  Returns 0 or the failure of this call
 * or of an earlier one.
 */
int pack_writer_frame(struct pack_writer *w, const struct frame_out *frame);

/* 0 or the failure of an earlier call. */
int pack_writer_check(struct pack_writer *w);

#endif
