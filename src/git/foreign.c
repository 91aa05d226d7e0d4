#include "git/foreign.h"

#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/process.h"
#include "git/private.h"

/* What git sets for hooks, and would lead us back to the user's repository. */
static const char *const unset[] = {
	"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE",
	"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
};
#define UNSET_COUNT	(sizeof(unset) / sizeof(*unset))

_Static_assert(FOREIGN_ENVIRONMENT == 2 * UNSET_COUNT + 1, "env -u name ...");

size_t foreign_environment(const char *argv[FOREIGN_ENVIRONMENT])
{
	size_t n = 0;

	argv[n++] = "env";
	for (size_t i = 0; i < UNSET_COUNT; i++) {
		argv[n++] = "-u";
		argv[n++] = unset[i];
	}
	return n;
}

int foreign_git(const char *dir, const char *work,
		enum foreign_git_flags flags, const char *const args[],
		struct buf *out)
{
	const char *argv[FOREIGN_ENVIRONMENT + FOREIGN_GIT_ARGS + 8];
	DV_AUTO_BUF struct buf git_dir = BUF_INIT;
	DV_AUTO_BUF struct buf tree = BUF_INIT;
	DV_AUTO_BUF struct buf index = BUF_INIT;
	size_t n = foreign_environment(argv);

	if (flags & FOREIGN_GIT_STRANGER)
		argv[n++] = "GIT_PROTOCOL_FROM_USER=0";
	if (flags & FOREIGN_GIT_WORK) {
		buf_addf(&index, "GIT_INDEX_FILE=%s/.git/foreign-index", work);
		argv[n++] = index.data;
	}
	argv[n++] = "git";
	buf_addf(&git_dir, "--git-dir=%s/.git", dir);
	argv[n++] = git_dir.data;
	buf_addf(&tree, "--work-tree=%s", flags & FOREIGN_GIT_WORK ? work :
		 dir);
	argv[n++] = tree.data;
	argv[n++] = "--literal-pathspecs";
	for (size_t i = 0; args[i]; i++)
		argv[n++] = args[i];
	argv[n] = NULL;
	return process_run(argv, NULL, 0, out);
}

int repo_open_foreign(const struct foreign *f, struct dv_repo **out)
{
	struct dv_repo *repo = repo_new();
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	*out = NULL;
	repo->foreign = true;
	repo->place.explicit = true;
	repo->place.worktree = xstrdup(f->dir);
	buf_addf(&path, "%s/.git", f->dir);
	repo->place.git_dir = xstrdup(path.data);
	repo->place.common_dir = xstrdup(path.data);
	buf_addstr(&path, "/dv");
	repo->state_dir = xstrdup(path.data);
	repo->store_path = xstrdup(f->store_path ? f->store_path : path.data);
	repo->base_dir = f->base_dir ? xstrdup(f->base_dir) : NULL;
	repo->origin = f->url ? xstrdup(f->url) : NULL;
	repo->user = f->user;
	repo->prefix = xstrdup("");
	err = settings_load(repo);
	if (err)
		dv_repo_close(repo);
	else
		*out = repo;
	return err;
}

const char *repo_origin(const struct dv_repo *repo)
{
	return repo->origin;
}

struct dv_repo *repo_user(struct dv_repo *repo)
{
	return repo && repo->foreign ? repo->user : repo;
}

const char *repo_base_dir(const struct dv_repo *repo)
{
	return repo->foreign ? repo->base_dir : repo->place.worktree;
}

int foreign_stores(const char *folder, struct path_list *out)
{
	struct dv_repo *repo = repo_new();
	int err = git_discover_at(folder, &repo->place);

	repo->apart = true;
	if (!err)
		err = settings_load(repo);
	if (!err)
		err = repo_find_store_path(repo);
	if (!err) {
		path_list_add(out, repo->store_path, strlen(repo->store_path));
		err = repo_fallbacks(repo, out);
	}
	dv_repo_close(repo);
	return err;
}
