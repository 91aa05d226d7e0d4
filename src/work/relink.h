#ifndef WORK_RELINK_H
#define WORK_RELINK_H

#include <stddef.h>

#include "dv/repo.h"

/*
 * Makes links, as store.link says, of what dv add has just recorded.  The lock
 * of the work tree is held.
 */
int checkout_relink(struct dv_repo *repo, const struct dv_tracked *paths,
		    size_t count, unsigned threads);

#endif
