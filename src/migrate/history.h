#ifndef MIGRATE_HISTORY_H
#define MIGRATE_HISTORY_H

#include "migrate/present.h"

/*
 * Converting history: what of it tracks data is told by the reader of DVC's
 * or git-lfs' files; the rest of each commit stays as it is.
 */
struct history_file {
	const char *path;
	bool executable;
	const char *text;
	size_t len;
};

struct history_reader {
	/* True when a file of this name may track data. */
	bool (*may)(struct history_reader *r, const char *path);
	/* It is a pointer only if it has no more bytes; 0: any size. */
	size_t most;
	/*
	 * Adds to *p what the file tracks (present_add(), its path as the
	 * source).  1: nothing, the file is no pointer.  Failures: it is left
	 * as it is, for the reason set.
	 */
	int (*read)(struct history_reader *r, struct present *p,
		    const struct history_file *file);
	/*
	 * Set: a file is a pointer only in commits in which git gives it to
	 * this filter, and only if its text looks so.
	 */
	const char *filter;
	bool (*looks)(const char *text, size_t len);
	/* What it tracks had its name in git: that is ignored from then on. */
	bool ignore;
};

/* Writes p->o->branch.  *p has been opened and has no outs yet. */
int history_run(struct present *p, struct history_reader *r);

#endif
