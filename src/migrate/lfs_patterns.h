#ifndef MIGRATE_LFS_PATTERNS_H
#define MIGRATE_LFS_PATTERNS_H

#include "base/names.h"
#include "migrate/present.h"

/*
 * What .gitattributes gives to git-lfs (filter=lfs), as the user's git tells.
 */

/* Appends git's answer on paths, which have a 0 behind each. */
int lfs_ask(struct dv_repo *repo, const struct buf *paths, struct buf *said);
/* Of the next path in an answer: does git-lfs get it? */
bool lfs_next(const struct buf *said, size_t *at);

/*
 * Excepts dv's files from the patterns in the text of a .gitattributes (`top`:
 * of the one at the top), when these may give some to git-lfs.
 */
void lfs_except(bool top, struct buf *text);

/*
 * Files of dv that git-lfs gets as well, by patterns for whole folders: git add
 * would put a pointer of git-lfs in their place.
 */
struct lfs_taken {
	struct names files;	/* each .gitattributes that is to except them */
	unsigned *kinds;	/* owned; of each: bits of what it gives away */
	size_t room;
};

#define DV_AUTO_LFS_TAKEN __attribute__((cleanup(lfs_taken_release)))

/* Looks at the pointers and .gitignore files of all outs of p. */
int lfs_taken_find(struct present *p, struct lfs_taken *out);
/* A note for each .gitattributes; the hint is what to append to it. */
int lfs_taken_note(struct present *p, const struct lfs_taken *t);
void lfs_taken_release(struct lfs_taken *t);

#endif
