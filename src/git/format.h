#ifndef GIT_FORMAT_H
#define GIT_FORMAT_H

#include <stdbool.h>

/* What a repository's own configuration says about its form. */
struct git_format {
	bool bare;
	char *worktree;		/* owned: core.worktree, or NULL */
	bool worktree_config;	/* config.worktree is to be read */
};

/*
 * Reads <common dir>/config.  DV_E_UNSUPPORTED, naming the extension, when
 * the repository has one that dv cannot work with.
 */
int git_format_read(const char *git_dir, const char *common_dir,
		    struct git_format *out);
void git_format_release(struct git_format *f);

/*
 * Git's rule against being led into a stranger's repository: work tree, git
 * file (may be NULL) and git folder are the user's own, or safe.directory
 * of the user's or the system's configuration names the work tree.
 */
int git_owner_check(const char *worktree, const char *git_file,
		    const char *git_dir);

/*
 * Git's rule against a bare repository in somebody else's work tree: one that
 * GIT_DIR does not name may be used unless safe.bareRepository is "explicit".
 */
int git_bare_check(const char *git_dir);

#endif
