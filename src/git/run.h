#ifndef GIT_RUN_H
#define GIT_RUN_H

#include "dv/repo.h"

#include "base/buf.h"

/*
 * Runs the user's git at the top of the work tree; args ends with NULL and
 * has at most RUN_ARGS of them.  See process_run() for the rest.
 */
#define RUN_ARGS	16
int run_git(const struct dv_repo *repo, const char *const args[],
	    const void *input, size_t len, struct buf *out);
/* The same with `index`, an absolute path, in place of the user's index. */
int run_git_index(const struct dv_repo *repo, const char *index,
		  const char *const args[], const struct buf *input,
		  struct buf *out);

#endif
