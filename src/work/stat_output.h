#ifndef WORK_STAT_OUTPUT_H
#define WORK_STAT_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/file.h"

struct dv_repo;

/*
 * The new file of a stat index, for stat_write.c and stat_rewrite.c alone: the
 * header goes straight to `file`, all after it through stat_output_add().
 */
struct stat_output {
	struct newfile file;
	struct buf block, sums;	/* bytes on their way; sums of those before */
	int err;		/* the first one; 0 */
};

#define STAT_OUTPUT_INIT { NEWFILE_INIT, BUF_INIT, BUF_INIT, 0 }
#define DV_AUTO_STAT_OUTPUT __attribute__((cleanup(stat_output_release)))

/* Opens it where the index of `path` will be; the folder is made. */
int stat_output_open(struct stat_output *o, struct dv_repo *repo,
		     const char *path);
/* Adds len bytes; o->err says whether all went well. */
void stat_output_add(struct stat_output *o, const void *data, size_t len);
/* Writes the sums and gives the file its name.  Returns 0 or an error. */
int stat_output_finish(struct stat_output *o);
void stat_output_release(struct stat_output *o);

/* Puts the checksum into a header of STAT_HEADER bytes. */
void stat_seal_header(uint8_t *h);

#endif
