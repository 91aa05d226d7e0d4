#include "git/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/head.h"
#include "git/index_file.h"
#include "git/lib.h"
#include "git/private.h"

/* --- opening ----------------------------------------------------------- */

/* Where `start` is in the work tree. */
static int find_prefix(struct dv_repo *repo, const char *start)
{
	DV_AUTO_FREE char *real = realpath(start, NULL);
	DV_AUTO_BUF struct buf word = BUF_INIT;
	const char *below;

	if (!real)
		return dv_fail_errno("cannot look at %s", start);
	if (repo->place.bare) {	/* where one stands in it says nothing */
		repo->prefix = xstrdup("");
		return 0;
	}
	below = strcmp(repo->place.worktree, "/") ?
		path_below(real, repo->place.worktree) : real + 1;
	if (!below) {
		path_word(repo->place.worktree, &word);
		return dv_hint(dv_fail(DV_E_NOTFOUND, "not inside the work "
				       "tree %s", repo->place.worktree),
			       "cd %s", word.data);
	}
	repo->prefix = xstrdup(below);
	return 0;
}

/*
 * True when no symlink is on the way to this path in the work tree, or
 * nothing is there yet.
 */
static bool is_confined(const struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;
	size_t n = 0;
	struct stat st;

	if (!*path || *path == '~' || !path_relative_ok(path))
		return false;
	do {
		n += strcspn(path + n, "/");
		buf_clear(&part);
		buf_addf(&part, "%s/%.*s", repo->place.worktree, (int)n, path);
		if (lstat(part.data, &st) < 0)
			return errno == ENOENT;
		if (!S_ISDIR(st.st_mode))
			return false;
	} while (path[n++]);
	return true;
}

int repo_check_confined(const struct dv_repo *repo, const char *name,
			const char *value)
{
	if (is_confined(repo, value))
		return 0;
	return dv_hint(dv_fail(DV_E_INVALID, ".dvconfig: %s is not a plain "
			       "path inside the work tree: %s", name, value),
		       "dv config --local %s <path> is free to choose", name);
}

/* Who commits .dvconfig does not choose where on this machine we write. */
int repo_find_store_path(struct dv_repo *repo)
{
	const char *set = dv_config_get(repo, "store.path");
	const char *shared = dv_config_get_at(repo, DV_CONFIG_PROJECT,
					      "store.path");
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf expanded = BUF_INIT;
	int err;

	/* there a committed one is about work trees */
	if (!set || (set == shared && repo->place.bare)) {
		buf_addf(&path, "%s/dv", repo->place.common_dir);
	} else {
		err = set == shared ?
			repo_check_confined(repo, "store.path", set) : 0;
		if (err)
			return err;
		if (!config_expand_home(set, &expanded))
			return dv_fail(DV_E_INVALID,
				       "store.path: cannot expand %s", set);
		if (*expanded.data != '/')
			buf_addf(&path, "%s/", repo->place.worktree);
		buf_addstr(&path, expanded.data);
	}
	free(repo->store_path);
	free(repo->store_real);
	repo->store_real = NULL;
	repo->store_path = buf_detach(&path);
	return 0;
}

int repo_open_place(struct dv_repo *repo, const char *start)
{
	DV_AUTO_BUF struct buf config = BUF_INIT;
	int err = git_discover(start, &repo->place);

	if (err)
		return err;
	err = find_prefix(repo, start);
	if (err)
		return err;
	buf_addf(&config, "%s/dv", repo->place.git_dir);
	repo->state_dir = buf_detach(&config);
	return 0;
}

struct dv_repo *repo_new(void)
{
	struct dv_repo *repo = xcalloc(1, sizeof(*repo));

	repo->fd = -1;
	return repo;
}

/*
 * One work tree is one project: a .dvconfig further down would be passed
 * over, and whoever put it there would wonder.
 */
static int refuse_nested(const struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	DV_AUTO_BUF struct buf file = BUF_INIT;
	struct stat st;

	buf_addstr(&folder, repo->prefix);
	for (; folder.len; buf_setlen(&folder, path_parent_len(folder.data))) {
		buf_clear(&file);
		repo_path(repo, folder.data, &file);
		path_append(&file, ".dvconfig");
		if (!lstat(file.data, &st))
			return dv_hint(dv_fail(DV_E_UNSUPPORTED,
					       "%s/.dvconfig: a project "
					       "inside of another one is not "
					       "supported", folder.data),
				       "move its settings to the .dvconfig at "
				       "the top and remove it; dv works from "
				       "any folder");
	}
	return 0;
}

int repo_need_worktree(const struct dv_repo *repo)
{
	if (!repo->place.bare)
		return 0;
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "this operation must be run "
			       "in a work tree: %s is a bare repository",
			       repo->place.git_dir),
		       "git worktree add makes one of it; all of them share "
		       "the store");
}

static int not_set_up(const struct dv_repo *repo)
{
	return dv_fail(DV_E_NOTFOUND, "dv is not set up in %s",
		       repo->place.worktree);
}

int repo_check_lost_config(struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf found = BUF_INIT;
	int err = repo_git_tracks(repo, ".dvconfig", &found);

	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	return dv_hint(not_set_up(repo), "git has its .dvconfig: git checkout "
		       "-- :/.dvconfig, or in a sparse work tree git "
		       "sparse-checkout add /.dvconfig");
}

static int load_worktree(struct dv_repo *repo, bool unset)
{
	DV_AUTO_BUF struct buf config = BUF_INIT;
	struct stat st;
	int err;

	repo_path(repo, ".dvconfig", &config);
	if (lstat(config.data, &st) < 0 && !unset) {
		err = repo_check_lost_config(repo);
		return err ? err : dv_hint(not_set_up(repo), "dv init");
	}
	err = refuse_nested(repo);
	return err ? err : settings_load(repo);
}

static int load_bare(struct dv_repo *repo)
{
	int err = settings_load(repo);

	if (err || repo->project_there)
		return err;
	return dv_hint(not_set_up(repo), "HEAD has no .dvconfig: push a "
		       "branch that has, or git symbolic-ref HEAD "
		       "refs/heads/<branch>");
}

enum { MAY_BE_BARE = 1, MAY_BE_UNSET = 2 };

static int open_repo(const char *start, int may, struct dv_repo **out)
{
	TRACE_REGION("git: open");
	struct dv_repo *repo = repo_new();
	int err = repo_open_place(repo, start);

	*out = NULL;
	if (!err && !(may & MAY_BE_BARE))
		err = repo_need_worktree(repo);
	if (!err)
		err = repo->place.bare ? load_bare(repo) :
			load_worktree(repo, may & MAY_BE_UNSET);
	if (!err)
		err = repo_find_store_path(repo);
	if (err)
		dv_repo_close(repo);
	else
		*out = repo;
	return err;
}

int dv_repo_open(const char *start, struct dv_repo **out)
{
	return open_repo(start, 0, out);
}

int dv_repo_open_any(const char *start, struct dv_repo **out)
{
	return open_repo(start, MAY_BE_BARE, out);
}

int dv_repo_open_unset(const char *start, struct dv_repo **out)
{
	return open_repo(start, MAY_BE_UNSET, out);
}

int repo_open_git(const char *start, struct dv_repo **out)
{
	struct dv_repo *repo = repo_new();
	int err = repo_open_place(repo, start);

	if (!err && repo->place.explicit)
		err = dv_fail(DV_E_UNSUPPORTED, "GIT_DIR is set: %s cannot be "
			      "looked into", start);
	*out = err ? NULL : repo;
	if (err)
		dv_repo_close(repo);
	return err;
}

void dv_repo_close(struct dv_repo *repo)
{
	if (!repo)
		return;
	head_close(repo);
	index_names_free(repo->index);
	repo_git_close(repo);
	if (repo->store)
		store_close(repo->store);
	if (repo->fd >= 0)
		close(repo->fd);
	config_release(&repo->git_config);
	config_release(&repo->project);
	names_release(&repo->registry);
	path_list_release(&repo->promisors);
	git_place_release(&repo->place);
	free(repo->prefix);
	free(repo->state_dir);
	free(repo->store_path);
	free(repo->store_real);
	free(repo->base_dir);
	free(repo->origin);
	free(repo);
}

/* --- parts ------------------------------------------------------------- */

const char *dv_repo_worktree(const struct dv_repo *repo)
{
	return repo->place.worktree;
}

bool dv_repo_is_bare(const struct dv_repo *repo)
{
	return repo->place.bare;
}

const char *repo_revision(const struct dv_repo *repo, const char *rev)
{
	return !rev && repo->place.bare ? "HEAD" : rev;
}

const char *dv_repo_prefix(const struct dv_repo *repo)
{
	return repo->prefix;
}

const char *dv_repo_store_path(const struct dv_repo *repo)
{
	return repo->store_path;
}

const char *repo_git_dir(const struct dv_repo *repo)
{
	return repo->place.git_dir;
}

const char *repo_common_dir(const struct dv_repo *repo)
{
	return repo->place.common_dir;
}

int repo_state_dir(struct dv_repo *repo, const char **out)
{
	int err = repo->state_dir_made ? 0 : dir_make(repo->state_dir);

	repo->state_dir_made = !err;
	*out = repo->state_dir;
	return err;
}

const char *repo_spill_dir(struct dv_repo *repo)
{
	const char *dir;

	return repo_state_dir(repo, &dir) ? NULL : dir;
}

void repo_spill_init(struct dv_repo *repo, struct spill *s, size_t free)
{
	spill_init(s, repo_spill_dir(repo), free);
}

int repo_worktree_fd(struct dv_repo *repo, int *out)
{
	int err = repo_need_worktree(repo);

	if (err)
		return err;
	if (repo->fd < 0) {
		repo->fd = open(repo->place.worktree,
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (repo->fd < 0)
			return dv_fail_errno("cannot open %s",
					     repo->place.worktree);
	}
	*out = repo->fd;
	return 0;
}

static int take_lock(struct dv_repo *repo, const char *command, int seconds,
		     struct lock *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const char *dir;
	int err = repo_state_dir(repo, &dir);

	if (err)
		return err;
	buf_addf(&path, "%s/lock", dir);
	return lock_take(out, path.data, command, seconds, repo->waiting,
			 repo->waiting_data);
}

int repo_try_lock(struct dv_repo *repo, const char *command, struct lock *out)
{
	return take_lock(repo, command, 0, out);
}

int repo_lock(struct dv_repo *repo, const char *command, struct lock *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const char *dir = repo->state_dir;
	int err = take_lock(repo, command, -1, out);

	if (err)
		return err;
	/* a convenience: where it cannot be had, all else can */
	drivers_configure(repo, false);
	newfile_clean(dir);
	buf_addf(&path, "%s/stat", dir);
	newfile_clean(path.data);
	return 0;
}

void dv_repo_set_waiting(struct dv_repo *repo, dv_waiting_cb *fn, void *data)
{
	repo->waiting = fn;
	repo->waiting_data = data;
}
