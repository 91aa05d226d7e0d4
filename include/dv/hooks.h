#ifndef DV_HOOKS_H
#define DV_HOOKS_H

#include "dv/repo.h"
#include "dv/work.h"

/*
 * dv's part in git's hooks: putting them there, and what they do.
 */

/* --- the scripts -------------------------------------------------------- */

enum dv_hook_state {
	DV_HOOK_NONE = 1,	/* there is no hook of this name */
	DV_HOOK_OURS,
	DV_HOOK_CHAINED,	/* ours, which calls the one that was there */
	DV_HOOK_OTHER,		/* one that is not ours */
	DV_HOOK_CALLED,		/* the one that is there calls ours */
};

struct dv_hook {
	const char *name;	/* "pre-push" */
	const char *file;	/* absolute */
	enum dv_hook_state state;	/* now */
	bool changed;		/* by this call */
};

/* True when ours runs as git calls the hook. */
bool dv_hook_runs(const struct dv_hook *hook);

typedef int dv_hook_cb(const struct dv_hook *hook, void *data);

/*
 * Puts a script for each hook of dv where git looks for hooks
 * (core.hooksPath).  A hook that is there becomes <name>.before-dv and is
 * called by ours.  fn may be NULL.
 */
int dv_hooks_install(struct dv_repo *repo, dv_hook_cb *fn, void *data);
/* Takes ours away and puts back what was there, byte for byte. */
int dv_hooks_uninstall(struct dv_repo *repo, dv_hook_cb *fn, void *data);
int dv_hooks_each(struct dv_repo *repo, dv_hook_cb *fn, void *data);

/* --- what they do ------------------------------------------------------- */

enum dv_precommit_problem {
	DV_PRECOMMIT_CHANGED = 1,	/* data is not as recorded */
	DV_PRECOMMIT_UNSTAGED,	/* recorded since the last git add */
	DV_PRECOMMIT_UNTRACKED,	/* git does not know the pointer */
	DV_PRECOMMIT_BROKEN,	/* the pointer cannot be read */
	DV_PRECOMMIT_NOT_STORED,	/* a new pointer names what is not in
					   the store */
	DV_PRECOMMIT_IN_GIT,	/* git is about to keep the data itself */
};

/*
 * path: relative to the work tree; of the pointer for UNSTAGED, UNTRACKED,
 * BROKEN and NOT_STORED, else of the data.
 */
typedef int dv_precommit_cb(enum dv_precommit_problem problem,
			    const char *path, void *data);

struct dv_precommit_options {
	unsigned threads;
	uint64_t files_most;	/* as in dv_status_options */
};

/*
 * Looks at what is about to be committed and calls fn once for each tracked
 * path and problem.  Of a commit of single paths (git commit <path>), which
 * leaves the rest of the index aside, only what is in it is looked at.
 */
int dv_precommit(struct dv_repo *repo,
		 const struct dv_precommit_options *options,
		 dv_precommit_cb *fn, void *data);

/*
 * Calls fn for each pointer that names another version than the one the work
 * tree was made for.  Data that was never put into this work tree, or of which
 * nothing is here any more, or whose pointer was written since, counts only if
 * the commit `before` (NULL: no commit) had not the same pointer: what was not
 * wanted then is not wanted now.  With `before` "" such data does not count at
 * all.  Of a directory that is here in part, fn is called for those entries of
 * it which are (t->inside).  Nothing in a directory is looked at.  A pointer
 * that cannot be read is passed over.
 */
int dv_outdated(struct dv_repo *repo, const char *before, dv_tracked_cb *fn,
		void *data);

/*
 * Removes the data whose pointer the commit `before` had, and neither HEAD nor
 * the work tree has any more: git has removed the pointer, and tracks nothing
 * of it itself.  As with dv_checkout(), which reads the same options but
 * `what`, files that were changed and what the store has not are kept; so is
 * data whose pointer was never committed.
 */
int dv_checkout_gone(struct dv_repo *repo, const char *before,
		     const struct dv_checkout_options *options,
		     struct dv_checkout_result *result);

/*
 * Calls fn for each path, relative to the work tree and sorted, whose data dv
 * has put there or recorded, and that lies there still without a pointer: git
 * ignores it no longer, and would add it.  Not for what git tracks itself.
 */
typedef int dv_left_cb(const char *path, void *data);
int dv_left_each(struct dv_repo *repo, dv_left_cb *fn, void *data);

#endif
