/* What the arguments of dv add mean: what is to be recorded, and in parts. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "base/path_list.h"
#include "base/path_order.h"
#include "git/repo.h"
#include "work/add_args.h"
#include "work/add_check.h"

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

/* Is it the pointer file of a tracked path?  *data: that path. */
static bool is_pointer(struct dv_repo *repo, const char *path,
		       struct buf *data)
{
	size_t len = strlen(path);
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	struct dv_pointer pointer;

	if (!pointer_name(path, len))
		return false;
	buf_add(&name, path, len - strlen(DV_POINTER_SUFFIX));
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
		return add_check_name(repo, "");
	found = tracked_find(repo, path.data, &tracked, &inside);
	if (found && found != DV_E_NOTFOUND)
		return found;
	if (!found && inside.len) {
		err = add_check_inside(repo, path.data, tracked.data);
		if (!err)
			wish_for(wishes, tracked.data, inside.data);
		return err;
	}
	if (found && is_pointer(repo, path.data, &tracked)) {
		path_list_add(pointers, tracked.data, tracked.len);
		return 0;
	}
	err = add_check_whole(repo, path.data, !found);
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

		if (!path_list_has(&named, data))
			err = add_check_pointer(repo, data);
	}
	return err;
}

int add_args_place(struct dv_repo *repo, const char *arg, bool again,
		   struct buf *path)
{
	DV_AUTO_BUF struct buf tracked = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	int found, err;

	err = path_inside(dv_repo_worktree(repo), dv_repo_prefix(repo), arg,
			  path);
	if (!err)
		err = add_check_name(repo, path->data);
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
	return add_check_place(repo, path->data, !found);
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
