/*
 * Whole files of the store that work trees have, or may have, symbolic links
 * to.  What can be reached is live in one copy; a link needs the very file.  A
 * stat index names the content of each file that was put into its work tree, so
 * a whole file that one of them names stays, unless it is certain that what
 * the row is of is a file of the user's own: it is there, and is not the
 * store's.
 */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "git/repo.h"
#include "keep/gc.h"
#include "store/loose.h"
#include "store/tree.h"
#include "work/stat_index.h"

#define GITDIR_MOST	8192	/* bytes of a path in a file of git's */

struct search {
	const struct dv_repo *repo;
	struct gc_whole *files;		/* by size */
	size_t count;
	const char *worktree;		/* that is looked at; NULL: not known */
};

static int by_size(const void *a, const void *b)
{
	const struct gc_whole *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

/* --- rows -------------------------------------------------------------- */

static bool is_file(const char *worktree, const char *path, uint64_t inode)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct stat st;

	buf_addf(&full, "%s/%s", worktree, path);
	return !lstat(full.data, &st) && S_ISREG(st.st_mode) &&
		st.st_ino == inode;
}

/*
 * What a link leads to gives a row its inode, so a file that is there and has
 * the row's is no link now, and none that was made since.
 */
static bool is_own_file(const struct search *s, const struct stat_index *x,
			const struct stat_dir *dir, const struct stat_row *row)
{
	const char *top = stat_index_path(x);
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (!s->worktree || !path_relative_ok(top))
		return false;
	/* of a single file the row has its name, as if it lay in a folder */
	if (x->rows == 1 && !strcmp(path_name(top), row->name) &&
	    is_file(s->worktree, top, row->inode))
		return true;
	path_join(&path, top, dir->path);
	path_append(&path, row->name);
	return is_file(s->worktree, path.data, row->inode);
}

static int look_at_row(struct search *s, const struct stat_index *x,
		       const struct stat_dir *dir, const struct stat_row *row)
{
	const struct gc_whole wanted = { .size = row->size };
	size_t n = array_lower(&wanted, s->files, s->count, sizeof(*s->files),
			       by_size);
	struct dv_id name;
	int err;

	if (!row->size || n == s->count || s->files[n].size != row->size)
		return 0;
	err = loose_name(&row->content, &name);
	for (; !err && n < s->count && s->files[n].size == row->size; n++) {
		struct gc_whole *w = &s->files[n];

		if (!w->linked && dv_id_equal(&w->name, &name))
			w->linked = row->inode == w->inode ||
				!is_own_file(s, x, dir, row);
	}
	return err;
}

static int look_at_index(void *data, const struct stat_index *x)
{
	int err = 0;

	for (uint32_t d = 0; d < x->dirs && !err; d++) {
		struct stat_dir dir;

		stat_index_dir(x, d, &dir);
		for (uint32_t n = 0; n < dir.count && !err; n++) {
			struct stat_row row;

			stat_index_row(x, dir.first + n, &row);
			if (row.type == ENTRY_FILE)
				err = look_at_row(data, x, &dir, &row);
		}
	}
	return err;
}

/* --- work trees -------------------------------------------------------- */

/* Those of the work tree whose `.git` this is; NULL: of one not known. */
static int look_in_tree(struct search *s, const char *git_dir,
			const char *dot_git)
{
	DV_AUTO_BUF struct buf worktree = BUF_INIT;

	s->worktree = NULL;
	if (dot_git && *dot_git == '/' &&
	    !strcmp(path_name(dot_git), ".git")) {
		buf_add(&worktree, dot_git, path_parent_len(dot_git));
		s->worktree = worktree.data;
	}
	return stat_index_each(git_dir, look_at_index, s);
}

static int look_in_linked(struct search *s, const char *git_dir)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	bool known;

	buf_addf(&file, "%s/gitdir", git_dir);
	known = !file_read(file.data, GITDIR_MOST, &text);
	if (known && text.len)
		buf_setlen(&text, strcspn(text.data, "\n"));
	return look_in_tree(s, git_dir, known ? text.data : NULL);
}

/* All work trees of one repository. */
static int look_in(struct search *s, const char *common)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	size_t len;
	int err = look_in_tree(s, common, common);

	buf_addf(&path, "%s/worktrees", common);
	len = path.len;
	dir = opendir(path.data);
	while (!err && dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		buf_setlen(&path, len);
		path_append(&path, entry->d_name);
		err = look_in_linked(s, path.data);
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
	struct search s = {
		.repo = g->live.repo, .files = files, .count = count,
	};
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
