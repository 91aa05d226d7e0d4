#include <stdlib.h>

#include "base/process.h"
#include "git/foreign.h"
#include "git/private.h"

#define ENVIRONMENT	(FOREIGN_ENVIRONMENT + 2)
#define ARGV		(ENVIRONMENT + RUN_ARGS + 8)

/* "env ..." where git needs another environment; returns how many. */
static size_t environment(const struct dv_repo *repo, const char *index,
			  const char *argv[ENVIRONMENT])
{
	size_t n = repo->foreign ? foreign_environment(argv) : 0;

	if (index && !n)
		argv[n++] = "env";
	if (index)
		argv[n++] = index;
	return n;
}

/*
 * The user's git finds the repository by itself from the top of the work
 * tree, as we did.  Where the environment says otherwise it is told with
 * absolute paths, because -C comes before what GIT_DIR is relative to.
 */
static int run(const struct dv_repo *repo, const char *index,
	       const char *const args[], const struct buf *input,
	       struct buf *out)
{
	const char *argv[ARGV];
	DV_AUTO_BUF struct buf git_dir = BUF_INIT;
	DV_AUTO_BUF struct buf worktree = BUF_INIT;
	size_t n = environment(repo, index, argv);

	argv[n++] = "git";
	argv[n++] = "-C";
	argv[n++] = repo->place.worktree;

	if (repo->place.explicit) {
		buf_addf(&git_dir, "--git-dir=%s", repo->place.git_dir);
		argv[n++] = git_dir.data;
	}
	if (repo->place.explicit && !repo->place.bare) {
		buf_addf(&worktree, "--work-tree=%s", repo->place.worktree);
		argv[n++] = worktree.data;
	}
	for (size_t i = 0; args[i]; i++)
		argv[n++] = args[i];
	argv[n] = NULL;
	return process_run(argv, input->data, input->len, out);
}

int run_git(const struct dv_repo *repo, const char *const args[],
	    const void *input, size_t len, struct buf *out)
{
	const struct buf bytes = { .data = (char *)input, .len = len };

	return run(repo, NULL, args, &bytes, out);
}

int run_git_index(const struct dv_repo *repo, const char *index,
		  const char *const args[], const struct buf *input,
		  struct buf *out)
{
	DV_AUTO_BUF struct buf setting = BUF_INIT;

	buf_addf(&setting, "GIT_INDEX_FILE=%s", index);
	return run(repo, setting.data, args, input, out);
}
