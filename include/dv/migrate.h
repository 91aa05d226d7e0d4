#ifndef DV_MIGRATE_H
#define DV_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/progress.h"
#include "dv/repo.h"

/*
 * Moving in: what DVC or git-lfs track becomes tracked by dv.  Content is
 * read from their caches, the work tree or their remotes, held against the
 * hash they have of it, and taken into the store.  Their files, caches and
 * remotes stay as they are.
 */
enum dv_migrate_from {
	DV_MIGRATE_DVC = 1,	/* DVC 1 to 3 */
	DV_MIGRATE_LFS = 2,	/* git-lfs */
};

enum dv_migrate_state {
	DV_MIGRATE_DONE = 'M',	/* carried over (dry run: would be) */
	DV_MIGRATE_SAME = '=',	/* has been before */
	DV_MIGRATE_LEFT = '!',	/* could not be: see why */
	DV_MIGRATE_NOTE = 'N',	/* of the repository as a whole: see why */
};

struct dv_migrate_entry {
	enum dv_migrate_state state;
	const char *path;	/* of the data, relative to the work tree; of a
				   note: what it is about */
	const char *source;	/* the file that tracks it now, or NULL */
	const char *pointer;	/* of dv, when it was written, or NULL */
	const char *ignore;	/* the .gitignore that was changed, or NULL */
	const char *why;	/* one line, or NULL */
	const char *hint;	/* the next step, or NULL */
	uint64_t files, size;	/* 0 in a dry run where it is not known */
};

typedef int dv_migrate_cb(const struct dv_migrate_entry *entry, void *data);

struct dv_migrate_options {
	enum dv_migrate_from from;
	unsigned threads;	/* 0: as is useful */
	bool dry_run;		/* say what would be done */
	bool remove;		/* git rm the .dvc files that were carried
				   over; not for git-lfs */
	const char *branch;	/* not NULL: convert all of HEAD's history onto
				   this branch instead of the work tree */
	bool all_refs;		/* with a branch: that of all branches and tags,
				   each <x> as <branch>/<x> */
	struct dv_progress progress;
};

struct dv_migrate_result {
	uint64_t done, same, left;	/* tracked paths; with a branch:
					   versions of them */
	uint64_t read_bytes, new_bytes;	/* content; new to the store */
	uint64_t commits;		/* on the branch, or on all */
};

/*
 * Carries over what it can and calls fn for each path, and at the end for
 * notes.  Pointers are written after their content is durable, in batches,
 * so a run that was killed is continued by the next one, which reads nothing
 * twice.  A pointer of dv that is there and says something else is left
 * alone.  Returns 0 also when something was left: see *result.
 */
int dv_migrate(struct dv_repo *repo, const struct dv_migrate_options *options,
	       dv_migrate_cb *fn, void *data,
	       struct dv_migrate_result *result);

#endif
