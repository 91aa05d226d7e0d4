/* Data whose pointer is gone. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/hooks.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/head.h"
#include "git/index_file.h"
#include "git/repo.h"
#include "store/tree.h"
#include "work/below.h"
#include "work/moves.h"
#include "work/stat_index.h"

struct gone {
	struct dv_repo *repo;
	const struct path_list *forsaken;
	struct path_list paths;	/* of these: had a pointer in that commit */
};

/* HEAD has it still: it was the user who removed it. */
static int removed_by_git(struct dv_repo *repo, const char *path, bool *out)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	uint8_t id[SHA1_SIZE];
	bool there;
	int err;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	err = head_lookup(repo, pointer.data, &there, id);
	*out = !there;
	return err;
}

/*
 * Some of it is git's now, as in a commit from before it was dv's: git has put
 * that there, and nobody else is to remove it.
 */
static int is_of_git(struct dv_repo *repo, const char *path,
		     const struct stat_index *x, bool *out)
{
	const struct index_names *index;
	int err = index_names_get(repo, true, &index);
	size_t len = strlen(path), i;

	*out = false;
	if (err)
		return err;
	i = index_names_lower(index, path);
	for (; i < index->path_count && !*out &&
	     !strncmp(index->paths[i], path, len); i++) {
		const char *inside = path_below(index->paths[i], path);

		*out = inside && (!*inside ||
				  stat_index_find_path(x, inside) >= 0);
	}
	return 0;
}

/* The pointer for which the data was put here, not just one at this path. */
static int take_committed(const struct dv_tracked *t, void *data)
{
	struct gone *g = data;
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	bool removed, theirs;
	int err;

	if (!path_list_has(g->forsaken, t->path))
		return 0;
	err = removed_by_git(g->repo, t->path, &removed);
	if (!err && removed)
		err = stat_index_open(g->repo, t->path, &x);
	if (err || !removed || !x.dirs ||
	    !dv_id_equal(&x.pointer, &t->pointer.id))
		return err;
	err = is_of_git(g->repo, t->path, &x, &theirs);
	/* what git removes of it later is not what was put here any more */
	if (!err && theirs)
		err = stat_index_remove(g->repo, t->path);
	else if (!err)
		path_list_add(&g->paths, t->path, strlen(t->path));
	return err;
}

/* A tracked file; false: a directory, or nothing is there. */
static bool is_file(struct dv_repo *repo, const char *path)
{
	struct stat st;
	int top;

	return !repo_worktree_fd(repo, &top) &&
		!fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW) &&
		!S_ISDIR(st.st_mode);
}

/* What is empty now goes, and with it what dv knew of it. */
static int forget(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	DV_AUTO_CLOSE int dir = -1;
	struct stat st;
	int top, err = repo_worktree_fd(repo, &top);

	if (err)
		return err;
	buf_add(&parent, path, path_parent_len(path));
	dir = open_below(top, parent.data);
	if (dir >= 0)
		unlinkat(dir, path_name(path), AT_REMOVEDIR);
	if (dir >= 0 && !fstatat(dir, path_name(path), &st,
				 AT_SYMLINK_NOFOLLOW))
		return 0;
	return stat_index_remove(repo, path);
}

/* As if the pointers were those of empty directories. */
static int empty(struct gone *g, const struct dv_checkout_options *options,
		 struct dv_checkout_result *result)
{
	struct dv_checkout_options o = *options;
	struct dv_tracked *given = xcalloc(g->paths.count, sizeof(*given));
	size_t files = 0;
	int err, failed = 0;

	for (size_t i = 0; i < g->paths.count; i++) {
		files += is_file(g->repo, g->paths.items[i]);
		given[i] = (struct dv_tracked){
			.path = g->paths.items[i], .inside = "",
			.pointer = { .kind = DV_KIND_TREE, .id = tree_empty },
		};
	}
	o.what = (struct dv_selection){
		.given = given, .given_count = g->paths.count,
	};
	err = dv_checkout(g->repo, &o, NULL, NULL, result);
	for (size_t i = 0; i < g->paths.count && !failed; i++)
		failed = forget(g->repo, g->paths.items[i]);
	/* those were replaced, by empty directories */
	for (size_t i = 0; i < g->paths.count && files; i++)
		files -= is_file(g->repo, g->paths.items[i]);
	result->removed += files;
	free(given);
	return err ? err : failed;
}

int dv_checkout_gone(struct dv_repo *repo, const char *before,
		     const struct dv_checkout_options *options,
		     struct dv_checkout_result *result)
{
	TRACE_REGION("gone");
	DV_AUTO_PATH_LIST struct path_list forsaken = PATH_LIST_INIT;
	const struct dv_selection what = {
		.rev = before, .broken = tracked_pass_broken,
	};
	struct gone g = {
		.repo = repo, .forsaken = &forsaken, .paths = PATH_LIST_INIT,
	};
	int err = moves_forsaken(repo, &forsaken);

	memset(result, 0, sizeof(*result));
	if (!err && forsaken.count)
		err = dv_tracked_each(repo, &what, take_committed, &g);
	path_list_sort(&g.paths);
	if (!err && g.paths.count)
		err = empty(&g, options, result);
	path_list_release(&g.paths);
	return err;
}

/* --- what is left ------------------------------------------------------ */

/* It lies there, and neither git nor another pointer has it. */
static int is_left(struct dv_repo *repo, int top, const char *path, bool *left)
{
	DV_AUTO_BUF struct buf other = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	struct stat st;
	int err;

	*left = false;
	if (fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !tracked_find(repo, path, &other, &inside))
		return 0;
	buf_clear(&other);
	err = repo_git_tracks(repo, path, &other);
	*left = err == DV_E_NOTFOUND;
	return *left ? 0 : err;
}

int dv_left_each(struct dv_repo *repo, dv_left_cb *fn, void *data)
{
	TRACE_REGION("left");
	DV_AUTO_PATH_LIST struct path_list forsaken = PATH_LIST_INIT;
	int top, err = repo_worktree_fd(repo, &top);

	if (!err)
		err = moves_forsaken(repo, &forsaken);
	for (size_t i = 0; i < forsaken.count && !err; i++) {
		bool left;

		err = is_left(repo, top, forsaken.items[i], &left);
		if (!err && left)
			err = fn(forsaken.items[i], data);
	}
	return err;
}
