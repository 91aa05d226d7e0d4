#ifndef GIT_REACH_H
#define GIT_REACH_H

#include <stdbool.h>

#include "dv/repo.h"

/*
 * Every pointer that a repository can still come to, for those who decide
 * what may go: in the index and the work tree of each of its work trees, and
 * in all commits that can be reached from any ref, from any entry of any
 * reflog (stashes are such entries), from HEAD of any work tree, and from
 * what a merge, rebase, pick, revert or bisection under way has noted down.
 *
 * A file that has a pointer's name but is none, such as one with conflict
 * markers, is searched for ids, and each of them counts.
 */
struct reach_pointer {
	const char *path;	/* of the data, from the top of the work tree */
	const char *commit;	/* hex; NULL: an index or a work tree */
	const char *worktree;	/* absolute; where the path is */
	struct dv_id id;
	enum dv_kind kind;	/* 0: an id in a text that is no pointer */
	const char *source;	/* the URL that it came from; or NULL */
	bool import;		/* pointer_is_import(), and it is there */
	/*
	 * Only with REACH_LENIENT: cannot be read, dv_error_text() says why.
	 * `path` NULL: nor can anything of this work tree.
	 */
	bool unreadable;
};

typedef int reach_cb(const struct reach_pointer *p, void *data);

enum reach_flags {
	REACH_LENIENT = 1,	/* go on with what can be read */
};

/*
 * Calls fn for each; the same one may come more than once.  Refuses
 * (DV_E_UNSUPPORTED, DV_E_INVALID, with a hint) where something is out of
 * sight: a shallow clone, a ref or an object that is broken, a work tree that
 * is not there, a pointer that needs a newer dv.
 */
int reach_each(struct dv_repo *repo, enum reach_flags flags, reach_cb *fn,
	       void *data);

/*
 * The part of that which is about refs: refuses a shallow clone, and what lies
 * below refs/ of which git can make nothing.
 */
int reach_check(struct dv_repo *repo);

/*
 * Opens, for reach_each(), the repository with this folder: a work tree or
 * the git folder that work trees share.
 */
int reach_open(const char *folder, struct dv_repo **out);

#endif
