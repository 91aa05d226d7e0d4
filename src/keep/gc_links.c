/*
 * Whole files of the store that work trees have, or may have, symbolic links
 * to.  What can be reached is live in one copy; a link needs the very file.  A
 * stat index names the content of each file that was put into its work tree, so
 * a whole file that one of them names stays.
 */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/path.h"
#include "git/repo.h"
#include "keep/gc.h"
#include "store/loose.h"
#include "store/tree.h"
#include "work/stat_index.h"

struct search {
	const struct dv_repo *repo;
	struct gc_whole *files;		/* by size */
	size_t count;
};

static int by_size(const void *a, const void *b)
{
	const struct gc_whole *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

static int look_at_row(struct search *s, const struct stat_row *row)
{
	const struct gc_whole wanted = { .size = row->size };
	size_t n = array_lower(&wanted, s->files, s->count, sizeof(*s->files),
			       by_size);
	struct dv_id name;
	int err;

	if (!row->size || n == s->count || s->files[n].size != row->size)
		return 0;
	err = loose_name(&row->content, &name);
	for (; !err && n < s->count && s->files[n].size == row->size; n++)
		s->files[n].linked |= dv_id_equal(&s->files[n].name, &name);
	return err;
}

static int look_at_index(void *data, const struct stat_index *x)
{
	int err = 0;

	for (uint32_t n = 0; n < x->rows && !err; n++) {
		struct stat_row row;

		stat_index_row(x, n, &row);
		if (row.type == ENTRY_FILE)
			err = look_at_row(data, &row);
	}
	return err;
}

/* All work trees of one repository. */
static int look_in(struct search *s, const char *common)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	size_t len;
	int err = stat_index_each(common, look_at_index, s);

	buf_addf(&path, "%s/worktrees", common);
	len = path.len;
	dir = opendir(path.data);
	while (!err && dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		buf_setlen(&path, len);
		path_append(&path, entry->d_name);
		err = stat_index_each(path.data, look_at_index, s);
	}
	return err;
}

static int look_in_user(void *data, const char *git_dir, const char *file)
{
	struct search *s = data;

	(void)file;
	return strcmp(git_dir, repo_common_dir(s->repo)) ?
		look_in(s, git_dir) : 0;
}

int gc_find_linked(struct gc *g, struct gc_whole *files, size_t count)
{
	struct search s = { g->live.repo, files, count };
	const char *store = store_path(g->live.store);
	DV_AUTO_BUF struct buf owner = BUF_INIT;
	int err;

	if (!count)
		return 0;
	qsort(files, count, sizeof(*files), by_size);
	err = look_in(&s, repo_common_dir(s.repo));
	/* the repository whose git folder the store lies in, as by default */
	buf_add(&owner, store, path_parent_len(store));
	if (!err)
		err = look_in_user(&s, owner.data, NULL);
	return err ? err : store_each_user(g->live.store, look_in_user, &s);
}
