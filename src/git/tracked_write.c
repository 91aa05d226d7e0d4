/*
 * Writing pointers, and the lines of .gitignore that go with them.  Many at
 * once wait for the disk together.
 */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/private.h"

/* A killed process leaves as many temporary files behind. */
#define BATCH	1024

struct writing {
	struct dv_repo *repo;
	struct pointer_write **items;	/* owned; those of a folder together */
	size_t count;
	size_t open;		/* the first of a folder that is not finished */
};

static bool same_folder(const char *a, const char *b)
{
	size_t len = path_parent_len(a);

	return len == path_parent_len(b) && !memcmp(a, b, len);
}

static int by_folder(const void *a, const void *b)
{
	const char *x = (*(struct pointer_write *const *)a)->path;
	const char *y = (*(struct pointer_write *const *)b)->path;
	size_t x_len = path_parent_len(x), y_len = path_parent_len(y);
	int order = memcmp(x, y, x_len < y_len ? x_len : y_len);

	if (!order && x_len != y_len)
		order = x_len < y_len ? -1 : 1;
	return order ? order : strcmp(x, y);
}

/* Returns 0 when it is this path's own, else code. */
static int note_failure(struct pointer_write *w, int code)
{
	if (code != DV_E_INVALID && code != DV_E_NOTFOUND)
		return code;
	if (!w->failed) {
		w->failed = xmalloc(sizeof(*w->failed));
		error_save(code, w->failed);
	}
	return 0;
}

/* --- before ------------------------------------------------------------ */

static int check_place(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;

	if (!*path || !path_relative_ok(path))
		return dv_fail(DV_E_INVALID, "cannot track %s",
			       *path ? path : "the whole work tree");
	buf_addf(&name, "%s%s", path, DV_POINTER_SUFFIX);
	return repo_check_parents(repo, name.data);
}

/* Known before they are there, so that a crash between loses nothing. */
static int expect(struct writing *g)
{
	DV_AUTO_FREE const char **paths = xcalloc(g->count + 1,
						  sizeof(*paths));
	size_t count = 0;
	int err = 0;

	for (size_t i = 0; i < g->count && !err; i++) {
		struct pointer_write *w = g->items[i];

		err = check_place(g->repo, w->path);
		if (!err && w->ignore &&
		    (!i || g->items[i - 1]->failed ||
		     !same_folder(g->items[i - 1]->path, w->path)))
			err = repo_gitignore_check(g->repo, w->path);
		if (err)
			err = note_failure(w, err);
		else
			paths[count++] = w->path;
	}
	return err ? err : tracked_expect(g->repo, paths, count);
}

/* --- a batch ----------------------------------------------------------- */

static int put_pointer(struct dv_repo *repo, struct pointer_write *w,
		       struct newfile_batch *batch)
{
	DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_FREE char *text = NULL;
	size_t len;
	int err;

	text = dv_pointer_format(&w->pointer, &len);
	if (!pointer_text(repo, w->path, &old)) {
		pointer_drop_returns(&old);
		if (old.len == len && !memcmp(old.data, text, len))
			return 0;
	}
	repo_path(repo, w->path, &full);
	buf_addstr(&full, DV_POINTER_SUFFIX);
	err = newfile_open(&f, full.data, NULL);
	if (!err)
		err = newfile_write(&f, text, len);
	if (!err)
		err = newfile_batch_put(batch, &f);
	w->changed = !err;
	return err;
}

/* How many of the batch are dealt with: all, unless one ends it. */
static int put_pointers(struct writing *g, size_t from, size_t *count,
			struct newfile_batch *batch)
{
	int err = 0;

	for (size_t i = 0; i < *count; i++) {
		struct pointer_write *w = g->items[from + i];

		err = cancel_check();
		if (!err && !w->failed)
			err = put_pointer(g->repo, w, batch);
		if (err)
			err = note_failure(w, err);
		if (err)
			*count = i;
	}
	return err;
}

/* The line of .gitignore of each, all in one folder. */
static int ignore_folder(struct writing *g, size_t from, size_t count,
			 struct newfile_batch *batch)
{
	DV_AUTO_FREE struct gitignore_item *lines = xcalloc(count + 1,
							    sizeof(*lines));
	size_t n = 0;
	int err;

	for (size_t i = from; i < from + count; i++) {
		struct pointer_write *w = g->items[i];

		if (w->ignore && !w->failed)
			lines[n++] = (struct gitignore_item){
				w->path, &w->ignored
			};
	}
	err = repo_gitignore_add_all(g->repo, lines, n, batch);
	for (size_t i = from; i < from + count && err; i++)
		if (g->items[i]->ignore && note_failure(g->items[i], err))
			return err;
	return 0;
}

/* What killed processes have left there goes once something is written. */
static void sweep_folder(struct writing *g, size_t from, size_t count)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	bool changed = false;

	for (size_t i = from; i < from + count; i++)
		changed |= g->items[i]->changed;
	if (!changed)
		return;
	repo_path(g->repo, g->items[from]->path, &full);
	buf_setlen(&full, path_parent_len(full.data));
	newfile_clean(full.data);
}

/*
 * Folders whose pointers are all put, of those before `end`.  The rest of one
 * comes with a later batch, which reads its .gitignore then.
 */
static int finish_folders(struct writing *g, size_t end,
			  struct newfile_batch *batch)
{
	int err = 0;

	for (size_t i = g->open, n; i < end && !err; i += n) {
		for (n = 1; i + n < end &&
		     same_folder(g->items[i]->path, g->items[i + n]->path);
		     n++)
			;
		if (i + n == end && end < g->count &&
		    same_folder(g->items[i]->path, g->items[end]->path))
			break;
		err = ignore_folder(g, i, n, batch);
		sweep_folder(g, i, n);
		g->open = i + n;
	}
	return err;
}

/* Where one ends it, those before it are finished still. */
static int write_batch(struct writing *g, size_t from, size_t count)
{
	DV_AUTO_NEWFILE_BATCH struct newfile_batch batch = NEWFILE_BATCH_INIT;
	struct error_state failed = { .code = 0 };
	size_t open = g->open;
	int err = put_pointers(g, from, &count, &batch);

	if (err) {
		error_save(err, &failed);
		g->count = from + count;
	}
	err = finish_folders(g, from + count, &batch);
	if (!err)
		err = newfile_batch_commit(&batch);
	for (size_t i = open; i < g->open && !err; i++)
		g->items[i]->done = !g->items[i]->failed;
	return failed.code ? error_restore(&failed) : err;
}

/* --- all of them ------------------------------------------------------- */

int tracked_write_all(struct dv_repo *repo, struct pointer_write *items,
		      size_t count)
{
	struct writing g = { .repo = repo, .count = count };
	int err;

	g.items = xcalloc(count + 1, sizeof(*g.items));
	for (size_t i = 0; i < count; i++) {
		struct pointer_write *w = g.items[i] = &items[i];

		w->done = w->changed = false;
		w->ignored = (struct buf)BUF_INIT;
		w->failed = NULL;
	}
	qsort(g.items, count, sizeof(*g.items), by_folder);
	err = expect(&g);
	for (size_t i = 0; i < count && !err; i += BATCH)
		err = write_batch(&g, i, count - i < BATCH ? count - i :
				  BATCH);
	free(g.items);
	return err;
}

void pointer_writes_release(struct pointer_write *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_release(&items[i].ignored);
		free(items[i].failed);
	}
}

int tracked_write(struct dv_repo *repo, const char *path,
		  const struct dv_pointer *p, bool *changed)
{
	struct pointer_write w = { .path = path, .pointer = *p };
	int err = tracked_write_all(repo, &w, 1);

	if (!err && w.failed)
		err = error_restore(w.failed);
	*changed = w.changed;
	pointer_writes_release(&w, 1);
	return err;
}
