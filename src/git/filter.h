#ifndef GIT_FILTER_H
#define GIT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "dv/repo.h"

/*
 * What a dv_filter says of paths relative to the top of the work tree, so
 * that trees can be cut off before their nodes are asked for.  A filter NULL
 * wants everything.
 */
enum filter_verdict {
	FILTER_PASS_NONE = 0,	/* it is not wanted, nor anything in it */
	FILTER_PASS_SOME,	/* something in it may be */
	FILTER_PASS_MOST,	/* it is, but maybe not all in it */
	FILTER_PASS_ALL,
};

enum filter_verdict filter_folder(const struct dv_filter *f,
				  const char *path);
/* A file of this size; a symlink has none. */
bool filter_file(const struct dv_filter *f, const char *path, uint64_t size);

#endif
