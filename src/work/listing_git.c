/* dv_list() with git's own files: both are merged, folder by folder. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/files.h"
#include "git/filter.h"
#include "git/repo.h"
#include "work/listing.h"

#define DEPTH_MOST	512	/* folders of git's in one another */

/* One of the paths that were asked for. */
struct git_asked {
	struct listing *listing;
	struct git_files *git;
	struct arena arena;
	struct dv_tracked *tracked;	/* owned, with their pointers; sorted */
	size_t count, room;
};

/* An entry of a folder: one of these, or a folder that leads to some. */
struct child {
	const char *name;
	size_t len;
	const struct git_file *git;
	const struct dv_tracked *tracked;
};

static void git_asked_release(struct git_asked *a)
{
	for (size_t i = 0; i < a->count; i++)
		dv_pointer_release(&a->tracked[i].pointer);
	free(a->tracked);
	arena_release(&a->arena);
}

#define DV_AUTO_GIT_ASKED	__attribute__((cleanup(git_asked_release)))

/* --- what is tracked there -------------------------------------------- */

static int take_tracked(const struct dv_tracked *t, void *data)
{
	struct git_asked *a = data;
	struct dv_tracked *kept;

	ARRAY_GROW(a->tracked, a->count + 1, a->room);
	kept = &a->tracked[a->count++];
	*kept = *t;
	kept->path = arena_copy(&a->arena, t->path, strlen(t->path));
	kept->inside = arena_copy(&a->arena, t->inside, strlen(t->inside));
	if (t->pointer.rest)
		kept->pointer.rest = xstrdup(t->pointer.rest);
	return 0;
}

static int order_tracked(const void *path, const void *item)
{
	return strcmp(path, ((const struct dv_tracked *)item)->path);
}

/* The tracked paths are sorted by their bytes. */
static size_t tracked_lower(const struct git_asked *a, const char *path)
{
	return array_lower(path, a->tracked, a->count, sizeof(*a->tracked),
			   order_tracked);
}

static bool is_pointer(const struct git_asked *a, const char *folder,
		       const struct git_file *file)
{
	size_t len = strlen(file->name), at;
	size_t suffix = strlen(DV_POINTER_SUFFIX);
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (len <= suffix || file->type != GIT_FILE_PLAIN ||
	    strcmp(file->name + len - suffix, DV_POINTER_SUFFIX))
		return false;
	buf_addstr(&path, folder);
	path_append(&path, file->name);
	buf_setlen(&path, path.len - suffix);
	at = tracked_lower(a, path.data);
	return at < a->count && !strcmp(a->tracked[at].path, path.data);
}

/* --- the entries of a folder ------------------------------------------ */

struct children {
	struct child *items;	/* owned */
	size_t count, room;
};

static void add_child(struct children *c, const struct child *child)
{
	ARRAY_GROW(c->items, c->count + 1, c->room);
	c->items[c->count++] = *child;
}

/* Tracked paths in the folder, and folders that lead to some. */
static void add_tracked(const struct git_asked *a, const char *folder,
			struct children *c)
{
	DV_AUTO_BUF struct buf below = BUF_INIT;
	const char *last = NULL;
	size_t last_len = 0;

	if (*folder)
		buf_addf(&below, "%s/", folder);
	for (size_t i = tracked_lower(a, below.data); i < a->count &&
	     !strncmp(a->tracked[i].path, below.data, below.len); i++) {
		const char *name = a->tracked[i].path + below.len;
		struct child child = { name, strcspn(name, "/"), NULL, NULL };

		if (!name[child.len])
			child.tracked = &a->tracked[i];
		else if (last && last_len == child.len &&
			 !memcmp(last, name, child.len))
			continue;
		last = name[child.len] ? name : NULL;
		last_len = child.len;
		add_child(c, &child);
	}
}

/* Of one name what is tracked comes first, then what git has. */
static int by_name(const void *a, const void *b)
{
	const struct child *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->name, y->name, len);

	if (!order)
		order = (x->len > y->len) - (x->len < y->len);
	if (!order)
		order = (y->tracked != NULL) - (x->tracked != NULL);
	return order ? order : (y->git != NULL) - (x->git != NULL);
}

static int read_folder(struct git_asked *a, const char *folder,
		       struct arena *arena, struct children *c)
{
	struct git_file *files;
	size_t count;
	int err = git_files_folder(a->git, folder, arena, &files, &count);

	if (err && err != DV_E_NOTFOUND)
		return err;
	for (size_t i = 0; i < count; i++) {
		const struct child child = {
			files[i].name, strlen(files[i].name), &files[i], NULL,
		};

		if (!is_pointer(a, folder, &files[i]))
			add_child(c, &child);
	}
	add_tracked(a, folder, c);
	if (c->count)
		qsort(c->items, c->count, sizeof(*c->items), by_name);
	return 0;
}

/* --- telling ---------------------------------------------------------- */

static bool is_folder(const struct git_file *file)
{
	return !file || file->type == GIT_FILE_FOLDER;
}

/* file NULL: a folder that git has not. */
static int tell_git(struct listing *l, const char *path,
		    const struct git_file *file, unsigned depth)
{
	const struct dv_filter *f = l->what->filter;
	struct dv_entry out = {
		.path = path, .git = true, .depth = depth,
		.type = DV_ENTRY_DIR, .unsized = true,
	};

	if (is_folder(file) ? filter_folder(f, path) < FILTER_PASS_MOST :
	    !filter_file(f, path, file->size))
		return 0;
	if (file && !is_folder(file)) {
		out.type = file->type == GIT_FILE_PLAIN ? DV_ENTRY_FILE :
			file->type == GIT_FILE_SYMLINK ? DV_ENTRY_SYMLINK :
			DV_ENTRY_SUBMODULE;
		out.executable = file->executable;
		out.unsized = !file->sized;
		out.size = file->size;
		out.target = file->target;
	}
	return l->fn ? l->fn(&out, l->data) : 0;
}

static int list_folder(struct git_asked *a, struct buf *path, unsigned depth);

static int list_child(struct git_asked *a, const struct child *child,
		      struct buf *path, unsigned depth)
{
	struct listing *l = a->listing;
	int err;

	if (child->tracked)
		return listing_whole(l, child->tracked, depth);
	err = tell_git(l, path->data, child->git, depth);
	if (err == DV_LIST_SKIP)
		return 0;
	if (err || !is_folder(child->git) ||
	    !(l->flags & DV_LIST_RECURSIVE) ||
	    filter_folder(l->what->filter, path->data) == FILTER_PASS_NONE)
		return err;
	return list_folder(a, path, depth + 1);
}

/* path is as it was in the end. */
static int list_folder(struct git_asked *a, struct buf *path, unsigned depth)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct children c = { 0 };
	size_t len = path->len;
	int err = cancel_check();

	if (!err && depth > DEPTH_MOST)
		err = dv_fail(DV_E_INVALID, "%s: more than %d folders deep",
			      path->data, DEPTH_MOST);
	if (!err)
		err = read_folder(a, path->data, &arena, &c);
	for (size_t i = 0; i < c.count && !err; i++) {
		const struct child *child = &c.items[i];
		DV_AUTO_BUF struct buf name = BUF_INIT;

		if (i && child->len == child[-1].len &&
		    !memcmp(child->name, child[-1].name, child->len))
			continue;
		buf_add(&name, child->name, child->len);
		path_append(path, name.data);
		err = list_child(a, child, path, depth);
		buf_setlen(path, len);
	}
	free(c.items);
	return err;
}

/* --- what was asked for ----------------------------------------------- */

static int list_git_path(struct git_asked *a, const char *path, bool leads)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf at = BUF_INIT;
	struct git_file file;
	int err = 0;

	buf_addstr(&at, path);
	if (*path)
		err = git_files_find(a->git, path, &arena, &file);
	if (err == DV_E_NOTFOUND && leads)
		return list_folder(a, &at, 0);
	if (err == DV_E_NOTFOUND)
		return dv_fail(DV_E_NOTFOUND, "neither git nor dv has %s",
			       path);
	if (err)
		return err;
	if (!*path || is_folder(&file))
		return list_folder(a, &at, 0);
	return tell_git(a->listing, path, &file, 0);
}

/* The tracked path that this one is, is inside of, or is the pointer of. */
static bool is_inside(const struct dv_tracked *t, const char *path)
{
	return path_below(path, t->path) || is_pointer_of(path, t->path);
}

/* l->what is of one path at most. */
static int list_path(struct listing *l, struct git_files *git)
{
	DV_AUTO_GIT_ASKED struct git_asked a = { .listing = l, .git = git };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	if (l->what->count)
		err = path_inside(dv_repo_worktree(l->repo),
				  dv_repo_prefix(l->repo), l->what->paths[0],
				  &path);
	if (!err && !(l->flags & DV_LIST_GIT_ONLY))
		err = dv_tracked_each(l->repo, l->what, take_tracked, &a);
	if (err && err != DV_E_NOTFOUND)
		return err;
	if (*path.data && a.count && is_inside(&a.tracked[0], path.data))
		return listing_tracked(&a.tracked[0], l);
	return list_git_path(&a, path.data, a.count);
}

int listing_git(struct listing *l)
{
	struct dv_selection one = *l->what;
	const struct dv_selection *all = l->what;
	struct git_files *git;
	int err = git_files_open(l->repo, all->rev, &git);

	l->what = &one;
	one.count = all->count != 0;
	if (!err && !all->count)
		err = list_path(l, git);
	for (size_t i = 0; i < all->count && !err; i++) {
		one.paths = &all->paths[i];
		err = list_path(l, git);
	}
	git_files_close(git);
	return err;
}
