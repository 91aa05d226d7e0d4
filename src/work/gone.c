/* dv_checkout_gone(): data whose pointer git has removed. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/hooks.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/head.h"
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

/* The pointer for which the data was put here, not just one at this path. */
static int take_committed(const struct dv_tracked *t, void *data)
{
	struct gone *g = data;
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	bool removed;
	int err;

	if (!path_list_has(g->forsaken, t->path))
		return 0;
	err = removed_by_git(g->repo, t->path, &removed);
	if (!err && removed)
		err = stat_index_open(g->repo, t->path, &x);
	if (!err && x.dirs && dv_id_equal(&x.pointer, &t->pointer.id))
		path_list_add(&g->paths, t->path, strlen(t->path));
	return err;
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
	int err, failed = 0;

	for (size_t i = 0; i < g->paths.count; i++)
		given[i] = (struct dv_tracked){
			.path = g->paths.items[i], .inside = "",
			.pointer = { .kind = DV_KIND_TREE, .id = tree_empty },
		};
	o.what = (struct dv_selection){
		.given = given, .given_count = g->paths.count,
	};
	err = dv_checkout(g->repo, &o, NULL, NULL, result);
	for (size_t i = 0; i < g->paths.count && !failed; i++)
		failed = forget(g->repo, g->paths.items[i]);
	free(given);
	return err ? err : failed;
}

int dv_checkout_gone(struct dv_repo *repo, const char *before,
		     const struct dv_checkout_options *options,
		     struct dv_checkout_result *result)
{
	TRACE_REGION("gone");
	DV_AUTO_PATH_LIST struct path_list forsaken = PATH_LIST_INIT;
	const struct dv_selection what = { .rev = before };
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
