#ifndef DV_IGNORE_H
#define DV_IGNORE_H

#include <stdbool.h>

#include "dv/repo.h"

/*
 * Why a path is left out of tracked directories: the pattern of a .dvignore
 * (dvignore(5)).  Whether it is recorded already plays no part.
 */
struct dv_ignore;

struct dv_ignore_rule {
	bool found;		/* a pattern decides about the path */
	bool negated;		/* which takes it back in */
	const char *file;	/* the .dvignore, relative to the work tree;
				   NULL: it is dv's own */
	unsigned line;		/* in it, from 1 */
	const char *pattern;	/* as it was written */
};

int dv_ignore_open(struct dv_repo *repo, struct dv_ignore **out);
void dv_ignore_close(struct dv_ignore *ignore);

/*
 * `path` is relative to the prefix of the repository; one that ends in a '/'
 * is that of a directory, whatever is there.  *out lasts until the next
 * question.  DV_E_INVALID: outside of the work tree, or beyond a symbolic
 * link.
 */
int dv_ignore_ask(struct dv_ignore *ignore, const char *path,
		  struct dv_ignore_rule *out);

#endif
