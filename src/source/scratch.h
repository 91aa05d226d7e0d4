#ifndef SOURCE_SCRATCH_H
#define SOURCE_SCRATCH_H

#include "dv/repo.h"

#include "base/lock.h"
#include "source/clone.h"
#include "source/entry.h"

/*
 * A work tree of our own, to put things together out of sight: what a path of
 * another repository holds, before it gets its name or is recorded.
 */
struct scratch {
	char *dir;		/* owned; absolute; removed in the end */
	struct dv_repo *repo;	/* owned; scratch_open() opens it */
	struct lock lock;	/* until it is removed */
};

#define SCRATCH_INIT	{ NULL, NULL, LOCK_INIT }
#define DV_AUTO_SCRATCH __attribute__((cleanup(scratch_release)))

/* What must outlive a crash is in there by this name: see get.c. */
#define SCRATCH_REPLACED	".git/replaced"

/*
 * Makes a folder of its own in `parent`, hidden there; removes those that dead
 * processes have left.
 */
int scratch_make(struct scratch *s, const char *parent);
/* Opens it as a repository.  Its store: store_path, NULL: its own. */
int scratch_open(struct scratch *s, const char *store_path);
void scratch_release(struct scratch *s);

/* The data of `pointer` at `path`. */
int scratch_put_pointer(struct scratch *s, const char *path,
			const struct dv_pointer *pointer,
			const struct dv_progress *progress);
/*
 * What git has at the place (SOURCE_GIT), under its path there, with the data
 * of all that is tracked below in place of pointers.  It must be in the
 * store.
 */
int scratch_put_git(struct scratch *s, const struct clone *c,
		    const struct source_entry *p,
		    const struct dv_progress *progress);

#endif
