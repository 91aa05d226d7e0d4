#ifndef MIGRATE_HERE_H
#define MIGRATE_HERE_H

#include "migrate/convert.h"
#include "migrate/held.h"

/*
 * The file at w->path in the work tree, no symlink on the way.  One of
 * another size than is wanted is another one: DV_E_NOTFOUND, unread.
 */
int held_here(struct dv_repo *repo, const struct wanted *w, struct held *out);
/* True when there is such a file. */
bool is_here(struct dv_repo *repo, const struct wanted *w);

#endif
