#include <stdlib.h>

#include "base/process.h"
#include "git/foreign.h"
#include "git/private.h"

/*
 * The user's git finds the repository by itself from the top of the work
 * tree, as we did.  Where the environment says otherwise it is told with
 * absolute paths, because -C comes before what GIT_DIR is relative to.
 */
int run_git(const struct dv_repo *repo, const char *const args[],
	    const void *input, size_t len, struct buf *out)
{
	const char *argv[FOREIGN_ENVIRONMENT + RUN_ARGS + 8];
	DV_AUTO_BUF struct buf git_dir = BUF_INIT;
	DV_AUTO_BUF struct buf worktree = BUF_INIT;
	size_t n = repo->foreign ? foreign_environment(argv) : 0;

	argv[n++] = "git";
	argv[n++] = "-C";
	argv[n++] = repo->place.worktree;

	if (repo->place.explicit) {
		buf_addf(&git_dir, "--git-dir=%s", repo->place.git_dir);
		buf_addf(&worktree, "--work-tree=%s", repo->place.worktree);
		argv[n++] = git_dir.data;
		argv[n++] = worktree.data;
	}
	for (size_t i = 0; args[i]; i++)
		argv[n++] = args[i];
	argv[n] = NULL;
	return process_run(argv, input, len, out);
}
