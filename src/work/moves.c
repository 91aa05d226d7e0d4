/* Data follows its pointer to another name. */

#include "work/moves.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "store/pointer_line.h"
#include "work/below.h"
#include "work/linked.h"
#include "work/stat_index.h"

void moves_release(struct moves *m)
{
	path_list_release(&m->forsaken);
	free(m->pointers);
	path_list_release(&m->ignores);
}

int moves_forsaken(struct dv_repo *repo, struct path_list *out)
{
	DV_AUTO_PATH_LIST struct path_list tracked = PATH_LIST_INIT;
	DV_AUTO_PATH_LIST struct path_list others = PATH_LIST_INIT;
	int err = tracked_list(repo, &tracked);

	if (!err)
		err = stat_index_others(repo, &tracked, &others);
	/* what another repository has by now, a submodule, is its own */
	for (size_t i = 0; i < others.count && !err; i++)
		if (!repo_is_away(repo, others.items[i]))
			path_list_add(out, others.items[i],
				      strlen(others.items[i]));
	return err;
}

/* The folder that path is in, no symlink on the way; -1. */
static int open_parent(const struct moves *m, const char *path)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;

	buf_add(&dir, path, path_parent_len(path));
	return open_below(m->top, dir.data);
}

/* Is it there, and a directory or a file as the pointer says? */
static bool is_there(const struct moves *m, int dir, const char *name,
		     enum dv_kind kind)
{
	struct stat st;

	return !linked_stat(repo_store_real(m->repo), dir, name, &st, NULL) &&
		(kind == DV_KIND_TREE ? S_ISDIR(st.st_mode) :
					S_ISREG(st.st_mode));
}

static int note_ignores(struct moves *m, const char *from, const char *to)
{
	DV_AUTO_BUF struct buf changed = BUF_INIT;
	int err = repo_gitignore_remove(m->repo, from, &changed);

	if (changed.len && repo_can_stage(m->repo, changed.data))
		path_list_add(&m->ignores, changed.data, changed.len);
	if (!err)
		err = repo_gitignore_add(m->repo, to, &changed);
	if (!err && changed.len)
		path_list_add(&m->ignores, changed.data, changed.len);
	return err;
}

/* False: not this one, or it cannot be: then it is written anew. */
static bool rename_data(const struct moves *m, const char *from,
			const char *to, enum dv_kind kind)
{
	DV_AUTO_BUF struct buf which = BUF_INIT;
	DV_AUTO_CLOSE int source = open_parent(m, from);
	DV_AUTO_CLOSE int target = open_parent(m, to);

	/* what git has put there by now is git's */
	return source >= 0 && target >= 0 &&
		repo_git_tracks(m->repo, from, &which) == DV_E_NOTFOUND &&
		is_there(m, source, path_name(from), kind) &&
		!renameat2(source, path_name(from), target, path_name(to),
			   RENAME_NOREPLACE);
}

/* Each stat index is read once, however many pointers are looked for. */
static int load(struct moves *m)
{
	int err = moves_forsaken(m->repo, &m->forsaken);

	m->loaded = true;
	m->pointers = xcalloc(m->forsaken.count, sizeof(*m->pointers));
	for (size_t i = 0; i < m->forsaken.count && !err; i++) {
		DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;

		err = stat_index_open(m->repo, m->forsaken.items[i], &x);
		if (!err && x.dirs)
			m->pointers[i] = x.pointer;
	}
	return err;
}

static int try_one(struct moves *m, size_t i, const char *to,
		   const struct dv_pointer *pointer, bool *moved)
{
	const char *from = m->forsaken.items[i];
	int err;

	if (!dv_id_equal(&m->pointers[i], &pointer->id) ||
	    !rename_data(m, from, to, pointer->kind))
		return 0;
	*moved = true;
	memset(&m->pointers[i], 0, sizeof(m->pointers[i]));
	err = stat_index_move(m->repo, from, to,
			      pointer->kind == DV_KIND_FILE);
	return err ? err : note_ignores(m, from, to);
}

int moves_follow(struct moves *m, const char *path,
		 const struct dv_pointer *pointer, bool *moved)
{
	int err = 0;

	*moved = false;
	/* an id of zeros is that of an index of several versions, too */
	if (stat_index_is_there(m->repo, path) || pointer_is_awaited(pointer))
		return 0;
	if (!m->loaded)
		err = load(m);
	for (size_t i = 0; i < m->forsaken.count && !err && !*moved; i++)
		err = try_one(m, i, path, pointer, moved);
	return err;
}

int moves_stage(struct moves *m)
{
	int on = m->ignores.count ?
		dv_config_bool(m->repo, "core.autostage", false) : 0;

	if (on <= 0)
		return on;
	path_list_sort(&m->ignores);
	return repo_stage(m->repo, m->ignores.items, m->ignores.count);
}
