#ifndef GIT_HISTORY_H
#define GIT_HISTORY_H

#include "dv/repo.h"

/*
 * The commits in which a file that is a pointer changed, as the user's git
 * tells them: newest first, through renames, a merge only where it differs
 * from all of its parents (and then against the first).
 */
struct history_commit {
	const char *commit;	/* hex */
	const char *author, *date, *subject;
	const char *before, *after;	/* paths of the pointers; NULL: none */
	const char *before_blob, *after_blob;	/* hex */
};

typedef int history_cb(const struct history_commit *commit, void *data);

struct history_options {
	const char *pointer;	/* relative to the work tree */
	const char *range;	/* a revision, or two with ".."; NULL: HEAD */
	unsigned most;		/* commits; 0: all */
};

/* A non-zero return of fn ends it and is returned. */
int history_each(struct dv_repo *repo, const struct history_options *options,
		 history_cb *fn, void *data);

#endif
