/* Whether a path may be recorded: its name, what lies there, what git has. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "work/add_check.h"
#include "work/below.h"
#include "work/linked.h"

/* lstat below the top without following a symlink; *there: it exists. */
static int stat_path(struct dv_repo *repo, const char *path, struct stat *st,
		     bool *there)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	int top, err = repo_worktree_fd(repo, &top);

	*there = false;
	if (err)
		return err;
	buf_add(&parent, path, path_parent_len(path));
	DV_AUTO_CLOSE int fd = open_below(top, parent.data);
	if (fd < 0 && (errno == ENOENT))
		return 0;
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return dv_fail(DV_E_INVALID, "%s is beyond a symbolic link or "
			       "a file", path);
	if (fd < 0)
		return dv_fail_errno("cannot open %s", parent.data);
	*there = !linked_stat(repo_store_real(repo), fd, path_name(path), st,
			      NULL);
	if (!*there && errno != ENOENT)
		return dv_fail_errno("cannot stat %s", path);
	return *there && S_ISLNK(st->st_mode) ?
		linked_refuse(repo_store_real(repo), fd, path) : 0;
}

int add_check_name(struct dv_repo *repo, const char *path)
{
	static const char *const of_git[] = {
		".gitignore", ".gitattributes", ".gitmodules", ".dvignore",
		".dvconfig", NULL
	};
	const char *name = path_name(path);
	size_t len = strlen(path);
	DV_AUTO_BUF struct buf data = BUF_INIT;
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	struct stat st;
	bool there;
	int err;

	if (!*path)
		return dv_hint(dv_fail(DV_E_INVALID, "the whole work tree "
				       "cannot be recorded"),
			       "name the files and folders that hold data");
	if (!path_relative_ok(path))
		return dv_fail(DV_E_INVALID, "%s is inside of .git", path);
	for (int i = 0; of_git[i]; i++)
		if (!strcmp(name, of_git[i]))
			return dv_fail(DV_E_INVALID, "%s is for git to keep",
				       path);
	if (!pointer_name(path, len))
		return 0;
	err = dv_fail(DV_E_INVALID, "%s has the name of a pointer file", path);
	buf_add(&data, path, len - strlen(DV_POINTER_SUFFIX));
	if (!stat_path(repo, data.data, &st, &there) && !there)
		return dv_hint(err, "give it another name, or add the folder "
			       "it is in");
	return dv_hint(err, "dv add %s", repo_word(repo, data.data, &typed));
}

static int refuse_kind(const char *path, const struct stat *st, bool inside)
{
	int err;

	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
		return 0;
	if (!S_ISLNK(st->st_mode))
		return dv_fail(DV_E_INVALID, "%s is no file, directory or "
			       "symbolic link", path);
	if (inside)
		return 0;
	err = dv_fail(DV_E_INVALID, "%s is a symbolic link", path);
	return dv_hint(err, "add what it leads to instead");
}

static int found_below(const struct dv_tracked *t, void *data)
{
	const char *path = data, *below = path_below(t->path, path);

	if (!below || !*below)
		return 0;
	return dv_fail(DV_E_EXISTS, "%s: %s in it is tracked already", path,
		       t->path);
}

/* A directory that becomes tracked may hold nothing that is. */
static int refuse_nested(struct dv_repo *repo, char *path)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	const char *paths[1];
	struct dv_selection what = { .paths = paths, .count = 1 };
	int err;

	buf_addstr(&full, dv_repo_worktree(repo));
	path_append(&full, path);
	paths[0] = full.data;
	err = dv_tracked_each(repo, &what, found_below, path);
	return err == DV_E_NOTFOUND ? 0 : err;
}

/* True for the top of another one, a submodule for one. */
static bool is_repository(struct dv_repo *repo, const char *path)
{
	int top;

	if (repo_worktree_fd(repo, &top))
		return false;
	DV_AUTO_CLOSE int fd = open_below(top, path);
	return fd >= 0 && !faccessat(fd, ".git", F_OK, AT_SYMLINK_NOFOLLOW);
}

static bool is_folder(struct dv_repo *repo, const char *path)
{
	int top;

	if (repo_worktree_fd(repo, &top))
		return false;
	DV_AUTO_CLOSE int fd = open_below(top, path);
	return fd >= 0;
}

/* A folder that is itself in git's index is nothing else. */
static int refuse_submodule(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int err = dv_fail(DV_E_EXISTS, "%s is a submodule", path);

	repo_word(repo, path, &word);
	if (is_repository(repo, path))
		return dv_hint(err, "cd %s, then dv add there what is in it "
			       "(dv init first where it has no dv)",
			       word.data);
	return dv_hint(err, "git submodule update --init %s", word.data);
}

static int refuse_git(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf which = BUF_INIT;
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	int err = repo_git_tracks(repo, path, &which);

	if (err == DV_E_NOTFOUND)
		return 0;
	if (err)
		return err;
	if (!strcmp(which.data, path) && is_folder(repo, path))
		return refuse_submodule(repo, path);
	if (strcmp(which.data, path))
		err = dv_fail(DV_E_EXISTS, "%s: git tracks %s in it", path,
			      which.data);
	else
		err = dv_fail(DV_E_EXISTS, "%s is tracked by git", path);
	return dv_hint(err, "git rm -r --cached %s",
		       repo_word(repo, path, &typed));
}

static int recorded_as_file(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	int err = dv_fail(DV_E_EXISTS, "%s is recorded as a file", path);

	return dv_hint(err, "dv add %s", repo_word(repo, path, &typed));
}

/*
 * Below a submodule or another repository git does not take the pointer; one
 * of a file that is a folder now has it for itself.
 */
static int refuse_above(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	DV_AUTO_BUF struct buf tracked = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	size_t len;
	int err;

	buf_addstr(&dir, path);
	while ((len = path_parent_len(dir.data)) > 0) {
		buf_setlen(&dir, len);
		if (!tracked_find(repo, dir.data, &tracked, &inside))
			return recorded_as_file(repo, dir.data);
		if (!is_repository(repo, dir.data))
			continue;
		err = dv_fail(DV_E_INVALID, "%s is in another repository, %s",
			      path, dir.data);
		return dv_hint(err, "cd %s, then dv add it there",
			       repo_word(repo, dir.data, &typed));
	}
	return 0;
}

static int gone(struct dv_repo *repo, const char *path, bool tracked)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int err = dv_fail(DV_E_NOTFOUND, "no such file: %s", path);

	if (!tracked)
		return err;
	path = repo_word(repo, path, &word);
	return dv_hint(err, "dv checkout %s puts it back; dv rm %s stops "
		       "tracking it", path, path);
}

int add_check_inside(struct dv_repo *repo, const char *path,
		     const char *tracked)
{
	struct dv_pointer p;
	struct stat st;
	bool there;
	int err = tracked_read(repo, tracked, &p);

	if (err)
		return err;
	if (p.kind != DV_KIND_TREE)
		err = recorded_as_file(repo, tracked);
	dv_pointer_release(&p);
	if (!err && !path_relative_ok(path))
		err = dv_fail(DV_E_INVALID, "%s is inside of .git", path);
	if (!err)
		err = stat_path(repo, path, &st, &there);
	if (!err && there)
		err = refuse_kind(path, &st, true);
	return err ? err : refuse_git(repo, path);
}

int add_check_whole(struct dv_repo *repo, char *path, bool tracked)
{
	struct stat st;
	bool there;
	int err = add_check_name(repo, path);

	if (!err)
		err = stat_path(repo, path, &st, &there);
	if (!err)
		err = refuse_above(repo, path);
	if (!err && !there)
		err = gone(repo, path, tracked);
	if (!err)
		err = refuse_kind(path, &st, false);
	if (!err && S_ISDIR(st.st_mode))
		err = refuse_nested(repo, path);
	return err ? err : refuse_git(repo, path);
}

int add_check_pointer(struct dv_repo *repo, const char *data)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;
	bool there;
	int err = stat_path(repo, data, &st, &there);

	if (err)
		return err;
	buf_addf(&path, "%s%s", data, DV_POINTER_SUFFIX);
	return there ? add_check_name(repo, path.data) :
		gone(repo, data, true);
}

int add_check_place(struct dv_repo *repo, char *path, bool tracked)
{
	struct stat st;
	bool there;
	int err = stat_path(repo, path, &st, &there);

	if (!err && (there || tracked))
		err = dv_hint(dv_fail(DV_E_EXISTS, "%s is there already",
				      path),
			      "-f replaces what is tracked; -o gives it "
			      "another name");
	if (!err)
		err = refuse_above(repo, path);
	if (!err)
		err = refuse_nested(repo, path);
	return err ? err : refuse_git(repo, path);
}

int add_check_path(struct dv_repo *repo, const char *path)
{
	int err = add_check_name(repo, path);

	if (!err)
		err = refuse_above(repo, path);
	return err ? err : refuse_git(repo, path);
}
