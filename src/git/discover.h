#ifndef GIT_DISCOVER_H
#define GIT_DISCOVER_H

#include <stdbool.h>

/*
 * Where a git repository is, found by plain code as git finds it: GIT_DIR
 * and its relatives, else a .git folder or file in this folder or above.
 * Linked work trees and submodules included.  All paths are absolute and
 * without symlinks.
 */
struct git_place {
	char *worktree;		/* owned; when bare: the git folder */
	char *git_dir;		/* owned: of this work tree */
	char *common_dir;	/* owned: shared by all work trees */
	bool explicit;		/* GIT_DIR or GIT_WORK_TREE said so */
	bool bare;		/* there is no work tree */
};

/*
 * Returns 0; DV_E_NOTFOUND outside of git; DV_E_UNSUPPORTED in the git folder
 * of a work tree, in a repository of a format dv does not know, and in a bare
 * one that safe.bareRepository keeps from being found; DV_E_INVALID when it
 * belongs to somebody else and safe.directory does not have it.  On failure
 * *out is empty.
 */
int git_discover(const char *start, struct git_place *out);
/*
 * The repository whose work tree or git folder `folder` is, whatever the
 * environment says of another one; nothing above is looked at.  Of a git
 * folder that does not say where its work tree is, `worktree` is that folder,
 * as of a bare one.  Returns as above.
 */
int git_discover_at(const char *folder, struct git_place *out);
void git_place_release(struct git_place *p);

#endif
