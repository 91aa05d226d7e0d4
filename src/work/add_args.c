/* Which paths may be recorded, and as what. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "base/path_list.h"
#include "base/path_order.h"
#include "git/repo.h"
#include "work/add_args.h"
#include "work/below.h"
#include "work/linked.h"

void add_plans_release(struct add_plans *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct add_plan *plan = &p->items[i];

		for (size_t k = 0; k < plan->count; k++)
			free(plan->inside[k]);
		free(plan->inside);
		free(plan->path);
		if (!plan->is_new)
			dv_pointer_release(&plan->old);
	}
	free(p->items);
	*p = (struct add_plans){ NULL, 0, 0 };
}

/* --- gathering ------------------------------------------------------------ */

struct wish {
	char *path;		/* owned: tracked path */
	char *inside;		/* owned */
};

struct wishes {
	struct wish *items;	/* owned */
	size_t count, room;
};

#define DV_AUTO_WISHES __attribute__((cleanup(wishes_release)))

static void wishes_release(struct wishes *w)
{
	for (size_t i = 0; i < w->count; i++) {
		free(w->items[i].path);
		free(w->items[i].inside);
	}
	free(w->items);
}

static void wish_for(struct wishes *w, const char *path, const char *inside)
{
	ARRAY_GROW(w->items, w->count + 1, w->room);
	w->items[w->count++] = (struct wish){
		xstrdup(path), xstrdup(inside)
	};
}

static int by_path(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;
	int order = path_order(x->path, y->path);

	return order ? order : path_order(x->inside, y->inside);
}

static int start_plan(struct dv_repo *repo, const char *path,
		      struct add_plans *out)
{
	struct add_plan *plan;
	int err;

	ARRAY_GROW(out->items, out->count + 1, out->room);
	plan = &out->items[out->count++];
	*plan = (struct add_plan){ .path = xstrdup(path), .is_new = true };
	err = tracked_read(repo, path, &plan->old);
	plan->is_new = err;
	return err == DV_E_NOTFOUND ? 0 : err;
}

static int by_plan(const void *a, const void *b)
{
	const struct add_plan *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Wishes by tracked path; what lies inside another one goes. */
static int group(struct dv_repo *repo, struct wishes *w,
		 struct add_plans *out)
{
	int err = 0;

	if (w->count)
		qsort(w->items, w->count, sizeof(*w->items), by_path);
	for (size_t i = 0; i < w->count && !err; i++) {
		const struct wish *wish = &w->items[i];
		struct add_plan *last = out->count ?
			&out->items[out->count - 1] : NULL;
		const char *below = last ? path_below(wish->path, last->path) :
			NULL;

		if (below && *below)
			continue;	/* becomes part of a new directory */
		if (!below) {
			err = start_plan(repo, wish->path, out);
			if (err)
				return err;
			last = &out->items[out->count - 1];
		} else if (path_below(wish->inside,
				      last->inside[last->count - 1])) {
			continue;
		}
		ARRAY_GROW(last->inside, last->count + 1, last->room);
		last->inside[last->count++] = xstrdup(wish->inside);
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_plan);
	return err;
}

/* --- checking ------------------------------------------------------------- */

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

static int check_name(struct dv_repo *repo, const char *path)
{
	static const char *const of_git[] = {
		".gitignore", ".gitattributes", ".gitmodules", ".dvignore",
		".dvconfig", NULL
	};
	const char *name = path_name(path);
	size_t len = strlen(name), suffix = strlen(DV_POINTER_SUFFIX);
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
	if (len <= suffix || strcmp(name + len - suffix, DV_POINTER_SUFFIX))
		return 0;
	err = dv_fail(DV_E_INVALID, "%s has the name of a pointer file", path);
	buf_add(&data, path, strlen(path) - suffix);
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

/* Inside of a tracked directory. */
static int check_inside(struct dv_repo *repo, const char *path,
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

static int check_whole(struct dv_repo *repo, char *path, bool tracked)
{
	struct stat st;
	bool there;
	int err = check_name(repo, path);

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

/* Is it the pointer file of a tracked path?  *data: that path. */
static bool is_pointer(struct dv_repo *repo, const char *path,
		       struct buf *data)
{
	size_t len = strlen(path), suffix = strlen(DV_POINTER_SUFFIX);
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	struct dv_pointer pointer;

	if (len <= suffix || strcmp(path + len - suffix, DV_POINTER_SUFFIX))
		return false;
	buf_add(&name, path, len - suffix);
	if (tracked_find(repo, name.data, data, &inside) || inside.len ||
	    tracked_read(repo, data->data, &pointer))
		return false;
	dv_pointer_release(&pointer);
	return true;
}

/* pointers: those named, by the paths of their data. */
static int check_arg(struct dv_repo *repo, const char *arg,
		     struct wishes *wishes, struct path_list *pointers)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf tracked = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	int found, err;

	err = path_inside(dv_repo_worktree(repo), dv_repo_prefix(repo), arg,
			  &path);
	if (err)
		return err;
	if (!path.len)
		return check_name(repo, "");
	found = tracked_find(repo, path.data, &tracked, &inside);
	if (found && found != DV_E_NOTFOUND)
		return found;
	if (!found && inside.len) {
		err = check_inside(repo, path.data, tracked.data);
		if (!err)
			wish_for(wishes, tracked.data, inside.data);
		return err;
	}
	if (found && is_pointer(repo, path.data, &tracked)) {
		path_list_add(pointers, tracked.data, tracked.len);
		return 0;
	}
	err = check_whole(repo, path.data, !found);
	if (!err)
		wish_for(wishes, path.data, "");
	return err;
}

/*
 * A glob of the shell names the pointers of an earlier run as well: beside its
 * data one means nothing more.  Alone it does not say what is meant.
 */
static int check_pointers(struct dv_repo *repo, const struct wishes *wishes,
			  const struct path_list *pointers)
{
	DV_AUTO_PATH_LIST struct path_list named = PATH_LIST_INIT;
	int err = 0;

	for (size_t i = 0; i < wishes->count && pointers->count; i++)
		path_list_add(&named, wishes->items[i].path,
			      strlen(wishes->items[i].path));
	path_list_sort(&named);
	for (size_t i = 0; i < pointers->count && !err; i++) {
		const char *data = pointers->items[i];
		DV_AUTO_BUF struct buf path = BUF_INIT;
		struct stat st;
		bool there;

		if (path_list_has(&named, data))
			continue;
		buf_addf(&path, "%s%s", data, DV_POINTER_SUFFIX);
		err = stat_path(repo, data, &st, &there);
		if (!err)
			err = there ? check_name(repo, path.data) :
				gone(repo, data, true);
	}
	return err;
}

int add_args_place(struct dv_repo *repo, const char *arg, bool again,
		   struct buf *path)
{
	DV_AUTO_BUF struct buf tracked = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	struct stat st;
	bool there = false;
	int found, err;

	err = path_inside(dv_repo_worktree(repo), dv_repo_prefix(repo), arg,
			  path);
	if (!err)
		err = check_name(repo, path->data);
	if (err)
		return err;
	found = tracked_find(repo, path->data, &tracked, &inside);
	if (found && found != DV_E_NOTFOUND)
		return found;
	if (!found && inside.len)
		return dv_fail(DV_E_EXISTS, "%s is inside of %s, which is "
			       "tracked", path->data, tracked.data);
	if (!found && again)
		return 0;
	err = stat_path(repo, path->data, &st, &there);
	if (!err && (there || !found))
		err = dv_hint(dv_fail(DV_E_EXISTS, "%s is there already",
				      path->data),
			      "-f replaces what is tracked; -o gives it "
			      "another name");
	if (!err)
		err = refuse_above(repo, path->data);
	if (!err)
		err = refuse_nested(repo, path->data);
	return err ? err : refuse_git(repo, path->data);
}

int add_args(struct dv_repo *repo, const char *const *paths, size_t count,
	     struct add_plans *out)
{
	DV_AUTO_PATH_LIST struct path_list pointers = PATH_LIST_INIT;
	DV_AUTO_WISHES struct wishes wishes = { NULL, 0, 0 };
	int err = 0;

	*out = (struct add_plans){ NULL, 0, 0 };
	for (size_t i = 0; i < count && !err; i++)
		err = check_arg(repo, paths[i], &wishes, &pointers);
	if (!err)
		err = check_pointers(repo, &wishes, &pointers);
	return err ? err : group(repo, &wishes, out);
}

static int take_tracked(const struct dv_tracked *t, void *data)
{
	wish_for(data, t->path, t->inside);
	return 0;
}

int add_args_tracked(struct dv_repo *repo, const char *const *paths,
		     size_t count, struct add_plans *out)
{
	DV_AUTO_WISHES struct wishes wishes = { NULL, 0, 0 };
	struct dv_selection what = { .paths = paths, .count = count };
	int err;

	*out = (struct add_plans){ NULL, 0, 0 };
	err = dv_tracked_each(repo, &what, take_tracked, &wishes);
	if (err == DV_E_NOTFOUND && !count)
		err = 0;
	return err ? err : group(repo, &wishes, out);
}

int add_args_inside(struct dv_repo *repo, const char *path,
		    const char *const *inside, size_t count,
		    struct add_plans *out)
{
	DV_AUTO_WISHES struct wishes wishes = { NULL, 0, 0 };

	*out = (struct add_plans){ NULL, 0, 0 };
	for (size_t i = 0; i < count; i++)
		wish_for(&wishes, path, inside[i]);
	return group(repo, &wishes, out);
}

int add_check_name(struct dv_repo *repo, const char *path)
{
	int err = check_name(repo, path);

	if (!err)
		err = refuse_above(repo, path);
	return err ? err : refuse_git(repo, path);
}
