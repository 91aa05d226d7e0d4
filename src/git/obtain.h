#ifndef GIT_OBTAIN_H
#define GIT_OBTAIN_H

#include <stdbool.h>

#include "dv/repo.h"

#include "base/buf.h"

/*
 * A partial clone has not all of git's objects.  The user's git fetches each
 * when it is read, by a process and a round trip; who is about to read many
 * has them fetched together first.
 */

/* True when there may be such objects: nothing is lost by asking first. */
bool repo_is_partial(struct dv_repo *repo);

/* Appends a name of 20 bytes to what repo_obtain() is asked for. */
void obtain_add(struct buf *ids, const void *oid);

/*
 * Fetches what is missing of these blobs and trees (with all trees below), an
 * id in hex a line.  What cannot be had is left to whoever reads it.  0,
 * DV_E_INTERRUPTED, or that git's objects cannot be opened.
 */
int repo_obtain(struct dv_repo *repo, const struct buf *ids);

/*
 * The trees of all commits that `git log` names with these arguments (ended by
 * NULL), before a git command that looks into all of them.
 */
int repo_obtain_trees(struct dv_repo *repo, const char *const revs[]);

#endif
