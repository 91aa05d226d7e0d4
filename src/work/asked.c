#include "work/asked.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/path.h"
#include "base/path_order.h"

static int by_path(const void *a, const void *b)
{
	const struct asked_path *x = a, *y = b;

	return path_order(x->path, y->path);
}

int asked_read(struct dv_repo *repo, const char *const *paths, size_t count,
	       struct asked *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	out->items = xcalloc(count + 1, sizeof(*out->items));
	for (size_t i = 0; i < count && !err; i++) {
		err = path_inside(dv_repo_worktree(repo), dv_repo_prefix(repo),
				  paths[i], &path);
		if (err)
			break;
		out->items[out->count++] = (struct asked_path){
			.typed = paths[i],
			.path = arena_copy(&out->arena, path.data, path.len),
		};
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_path);
	return err;
}

void asked_release(struct asked *a)
{
	free(a->items);
	arena_release(&a->arena);
}

static int order_asked(const void *path, const void *item)
{
	return path_order(path, ((const struct asked_path *)item)->path);
}

/* Number of the first that is not before path. */
static size_t lower(const struct asked *a, const char *path)
{
	return array_lower(path, a->items, a->count, sizeof(*a->items),
			   order_asked);
}

/* Those that are this very path, all of which mean the tracked one. */
static int each_equal(const struct asked *a, const char *path, asked_cb *fn,
		      void *data)
{
	int err = 0;

	for (size_t i = lower(a, path); i < a->count && !err &&
	     !strcmp(a->items[i].path, path); i++)
		err = fn(&a->items[i], "", data);
	return err;
}

/* The folders above it, the top of the work tree first, and itself. */
static int each_above(const struct asked *a, const char *path, asked_cb *fn,
		      void *data)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;
	int err = each_equal(a, "", fn, data);

	for (size_t n = 0; path[n] && !err; n += path[n] == '/') {
		n += strcspn(path + n, "/");
		buf_clear(&part);
		buf_add(&part, path, n);
		err = each_equal(a, part.data, fn, data);
	}
	return err;
}

int asked_each(const struct asked *a, const char *path, asked_cb *fn,
	       void *data)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	int err;

	if (!a->count)
		return 0;
	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	err = each_above(a, path, fn, data);
	if (!err)
		err = each_equal(a, pointer.data, fn, data);
	/* what is below a path follows it */
	for (size_t i = lower(a, path); i < a->count && !err; i++) {
		const char *part = path_below(a->items[i].path, path);

		if (!part)
			break;
		if (*part)
			err = fn(&a->items[i], part, data);
	}
	return err;
}
