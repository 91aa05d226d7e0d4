#ifndef MIGRATE_BLOBS_H
#define MIGRATE_BLOBS_H

#include <stddef.h>

#include "dv/repo.h"

/*
 * Reads files of git by the names of their blobs, or by <commit>:<path>
 * without line ends.  Calls fn with the number of each one that is there, in
 * order; a non-zero return stops and is returned.  text is NULL for what is
 * there and is not read: more than `most` bytes, or no file.
 */
typedef int blob_fn(void *data, size_t n, const char *text, size_t len);
int blobs_read(struct dv_repo *repo, const char *const *names, size_t count,
	       size_t most, blob_fn *fn, void *data);

#endif
