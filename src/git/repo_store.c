/* The store of a repository: its fallbacks, who shares it, where it lies. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/private.h"
#include "git/repo.h"

struct fallbacks {
	struct dv_repo *repo;
	struct path_list *out;
};

static int take_fallback(enum dv_config_level level, const char *name,
			 const char *value, void *data)
{
	struct fallbacks *f = data;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf expanded = BUF_INIT;

	if (level == DV_CONFIG_PROJECT || strcmp(name, "store.fallback"))
		return 0;
	if (!config_expand_home(value, &expanded))
		return dv_fail(DV_E_INVALID, "store.fallback: cannot expand "
			       "%s", value);
	if (*expanded.data != '/')
		buf_addf(&path, "%s/", f->repo->place.worktree);
	buf_addstr(&path, expanded.data);
	path_list_add(f->out, path.data, path.len);
	return 0;
}

int repo_fallbacks(struct dv_repo *repo, struct path_list *out)
{
	struct fallbacks f = { repo, out };

	return dv_config_each(repo, take_fallback, &f);
}

static int add_fallbacks(struct dv_repo *repo)
{
	DV_AUTO_PATH_LIST struct path_list paths = PATH_LIST_INIT;
	int err = repo_fallbacks(repo, &paths);

	for (size_t i = 0; i < paths.count && !err; i++) {
		err = store_add_fallback(repo->store, paths.items[i]);
		if (err != DV_E_INTERRUPTED)
			err = 0;
	}
	return err;
}

/* What git makes of core.sharedRepository, for a store. */
static enum store_sharing git_sharing(const struct dv_repo *repo)
{
	const char *value = settings_git(repo, "core.sharedrepository");
	char *end;
	long mode;

	if (!config_find(&repo->git_config, "core.sharedrepository") ||
	    (value && !strcmp(value, "umask")))
		return STORE_PRIVATE;
	if (!value || !strcmp(value, "group"))
		return STORE_GROUP;
	if (!strcmp(value, "all") || !strcmp(value, "world") ||
	    !strcmp(value, "everybody"))
		return STORE_ALL;
	mode = strtol(value, &end, 8);
	if (*end || end == value)
		return config_truth(value) == 1 ? STORE_GROUP : STORE_PRIVATE;
	if (mode == 1 || mode == 2)
		return mode == 1 ? STORE_GROUP : STORE_ALL;
	/* who may only read cannot use a store */
	if ((mode & 0060) != 0060)
		return STORE_PRIVATE;
	return mode & 0004 ? STORE_ALL : STORE_GROUP;
}

static int sharing(struct dv_repo *repo, enum store_sharing *out)
{
	const char *value = dv_config_get(repo, "store.shared");

	*out = STORE_PRIVATE;
	if (!value)
		*out = git_sharing(repo);
	else if (!strcmp(value, "group"))
		*out = STORE_GROUP;
	else if (!strcmp(value, "all"))
		*out = STORE_ALL;
	else if (config_truth(value))
		return dv_fail(DV_E_INVALID, "store.shared: not one of group, "
			       "all, false: %s", value);
	return 0;
}

/*
 * A store in the work tree is none of git's: `git add -A` would commit it.
 * Where nothing can be written it works as well as before.
 */
static void hide_store(struct dv_repo *repo)
{
	static const char all[] = "*\n";
	DV_AUTO_FREE char *top = realpath(repo->place.worktree, NULL);
	DV_AUTO_BUF struct buf file = BUF_INIT;

	if (!top || !path_below(repo_store_real(repo), top))
		return;
	buf_addf(&file, "%s/.gitignore", repo_store_real(repo));
	if (access(file.data, F_OK))
		file_replace(file.data, all, sizeof(all) - 1, 0);
}

/* A store that does not lie in our own git folder: it may have other users. */
static int settle_outside(struct dv_repo *repo)
{
	hide_store(repo);
	return store_add_user(repo->store, repo->place.common_dir);
}

int repo_store(struct dv_repo *repo, struct store **out)
{
	enum store_sharing how;
	uint64_t limit;
	int err = repo_check_secrets(repo);

	if (err || repo->store) {
		*out = repo->store;
		return err;
	}
	err = dv_config_size(repo, "store.limit", 0, &limit);
	if (!err)
		err = sharing(repo, &how);
	if (!err)
		err = store_open(repo->store_path, STORE_CREATE,
				 &repo->store);
	if (!err)
		store_set_limit(repo->store, limit);
	if (!err)
		err = store_share(repo->store, how);
	if (!err)
		err = add_fallbacks(repo);
	/* what dv has made to read from (foreign.h) comes and goes */
	if (!err && !repo->foreign &&
	    !path_below(repo->store_path, repo->place.common_dir))
		err = settle_outside(repo);
	*out = repo->store;
	return err;
}

const char *repo_store_real(struct dv_repo *repo)
{
	if (!repo->store_real)
		repo->store_real = realpath(repo->store_path, NULL);
	return repo->store_real ? repo->store_real : repo->store_path;
}

int repo_hold_store(struct dv_repo *repo, struct store **held)
{
	struct store *store;
	int err = repo_store(repo, &store);

	if (!err)
		err = store_hold(store);
	*held = err ? NULL : store;
	return err;
}

void repo_let_go(struct store **held)
{
	if (*held)
		store_let_go(*held);
}
