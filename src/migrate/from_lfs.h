#ifndef MIGRATE_FROM_LFS_H
#define MIGRATE_FROM_LFS_H

#include "migrate/present.h"

/*
 * dv_migrate() of a work tree of git-lfs.  Files carried over leave git's
 * index.  *checkout: those that git-lfs had not fetched; their pointer text
 * is gone and they are to be checked out.  Owned, absolute, 0 behind each.
 */
int migrate_lfs(struct present *p, struct buf *checkout);
int migrate_lfs_history(struct present *p);

#endif
