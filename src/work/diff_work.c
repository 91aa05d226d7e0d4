/* The work tree as the second side of a comparison. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/path_order.h"
#include "git/repo.h"
#include "work/below.h"
#include "work/diff.h"
#include "work/linked.h"
#include "work/reread.h"
#include "work/scan.h"

/* --- what differs from the pointers ---------------------------------- */

static int take_entry(const struct dv_status_entry *e, void *data)
{
	struct diff_overlay *o = data;

	if (e->state != DV_STATE_MODIFIED && e->state != DV_STATE_DELETED &&
	    e->state != DV_STATE_NEW)
		return 0;
	ARRAY_GROW(o->items, o->count + 1, o->room);
	o->items[o->count] = *e;
	o->items[o->count++].path = arena_copy(&o->arena, e->path,
					       strlen(e->path));
	return 0;
}

static int by_order(const void *a, const void *b)
{
	const struct dv_status_entry *x = a, *y = b;

	return path_order(x->path, y->path);
}

int diff_overlay_read(struct diff *d, const char *const *paths, size_t count)
{
	const struct dv_status_options options = {
		.what = { .paths = paths, .count = count },
		.threads = d->options->threads,
		.data_only = true,
		.progress = d->options->progress,
	};
	struct diff_overlay *o = &d->overlay;
	int err = dv_status(d->repo, &options, take_entry, o);

	if (!err && o->count)
		qsort(o->items, o->count, sizeof(*o->items), by_order);
	return err;
}

void diff_overlay_release(struct diff *d)
{
	arena_release(&d->overlay.arena);
	free(d->overlay.items);
}

static int order_entry(const void *path, const void *item)
{
	return path_order(path, ((const struct dv_status_entry *)item)->path);
}

size_t diff_overlay_lower(const struct diff *d, const char *path)
{
	return array_lower(path, d->overlay.items, d->overlay.count,
			   sizeof(*d->overlay.items), order_entry);
}

const struct dv_status_entry *diff_overlay_at(const struct diff *d,
					      const char *path)
{
	size_t n = diff_overlay_lower(d, path);

	return n < d->overlay.count &&
		!strcmp(d->overlay.items[n].path, path) ?
		&d->overlay.items[n] : NULL;
}

bool diff_overlay_below(const struct diff *d, const char *path)
{
	size_t n = diff_overlay_lower(d, path);

	return n < d->overlay.count &&
		path_below(d->overlay.items[n].path, path);
}

/* --- what lies there ------------------------------------------------- */

static int read_target(int fd, const char *path, const struct stat *st,
		       struct arena *arena, const char **out)
{
	char *target;
	ssize_t n;

	if (st->st_size > ENTRY_TARGET_MAX)
		return dv_fail(DV_E_INVALID, "%s: a target that cannot be "
			       "recorded", path);
	target = arena_alloc(arena, ENTRY_TARGET_MAX + 1);
	n = readlinkat(fd, path_name(path), target, ENTRY_TARGET_MAX);
	if (n < 0)
		return dv_fail_errno("cannot read symbolic link %s", path);
	target[n] = 0;
	*out = target;
	return 0;
}

/* The folder a path is in, and what stat says of it.  *fd -1: nothing there. */
static int look(struct diff *d, const char *path, int *fd, struct stat *st)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	int saved;

	buf_add(&parent, path, path_parent_len(path));
	*fd = open_below(d->top, parent.data);
	if (*fd >= 0 && !linked_stat(repo_store_real(d->repo), *fd,
				     path_name(path), st, NULL))
		return 0;
	saved = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	return dv_fail_errno("cannot stat %s", path);
}

static int scan_below(const struct diff *d, const char *path,
		      struct scan *out)
{
	struct ignore *ignore;
	int err = ignore_new(d->repo, &ignore);

	if (!err)
		err = scan_run(d->repo, path, "", NULL, ignore,
			       d->options->threads, out);
	ignore_free(ignore);
	return err;
}

/* Files and bytes below a directory of the work tree. */
static int sum_up(struct diff *d, const char *path, struct tree_entry *out)
{
	const struct dv_status_entry *e = diff_overlay_at(d, path);
	struct scan scan;
	int err;

	if (e && e->state == DV_STATE_NEW) {
		out->files = e->files;
		out->content.size = e->size;
		return 0;
	}
	err = scan_below(d, path, &scan);
	if (err)
		return err;
	out->files = scan.files;
	out->content.size = scan.size;
	scan_release(&scan);
	return 0;
}

int diff_disk_entry(struct diff *d, const char *path, struct arena *arena,
		    struct diff_side *out)
{
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;
	int err = look(d, path, &fd, &st);

	*out = (struct diff_side){ .path = path, .disk = true };
	if (err || fd < 0)
		return err;
	out->there = true;
	if (S_ISREG(st.st_mode)) {
		out->entry.type = ENTRY_FILE;
		out->entry.executable = st.st_mode & S_IXUSR;
		out->entry.content.size = (uint64_t)st.st_size;
	} else if (S_ISLNK(st.st_mode)) {
		out->entry.type = ENTRY_SYMLINK;
		err = read_target(fd, path, &st, arena, &out->entry.target);
	} else if (S_ISDIR(st.st_mode)) {
		out->entry.type = ENTRY_DIR;
		err = sum_up(d, path, &out->entry);
	} else {
		out->there = false;
	}
	return err;
}

static void take_content(void *data, const struct reread_file *file,
			 const struct content *content)
{
	struct content *out = data;

	(void)file;
	*out = *content;
}

int diff_disk_hash(struct diff *d, struct diff_side *side)
{
	struct reread_file file = {
		.path = side->path, .below = side->path, .row = -1,
	};
	DV_AUTO_CLOSE int fd = -1;
	struct reread reread;
	int err = look(d, side->path, &fd, &file.st);

	if (!err && (fd < 0 || !S_ISREG(file.st.st_mode)))
		err = dv_fail(DV_E_CHANGED, "%s: changed while it was looked "
			      "at", side->path);
	if (err)
		return err;
	file.read_ns = clock_real_ns();
	reread_init(&reread, repo_store_real(d->repo), take_content,
		    &side->entry.content);
	err = reread_add(&reread, fd, &file);
	if (!err)
		err = reread_flush(&reread);
	if (!err)
		err = reread_big(&reread, d->top, d->options->threads);
	reread_release(&reread);
	side->hashed = !err;
	return err;
}

/* --- all below a directory ------------------------------------------- */

static int add_file(struct diff *d, const char *path)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct diff_change c = { .before = { .there = false } };
	int err = diff_disk_entry(d, path, &arena, &c.after);

	return err || !c.after.there ? err : diff_add(d, &c);
}

static int add_scanned(struct diff *d, const char *path,
		       const struct scan *scan)
{
	DV_AUTO_BUF struct buf at = BUF_INIT;
	int err = 0;

	for (uint32_t i = 0; i < scan->count && !err; i++) {
		const struct scan_dir *dir = &scan->dirs[i];

		for (uint32_t k = 0; k < dir->count && !err; k++) {
			if (dir->entries[k].type == ENTRY_DIR ||
			    dir->entries[k].special)
				continue;
			path_join(&at, path, dir->path);
			path_append(&at, dir->entries[k].name);
			err = add_file(d, at.data);
		}
	}
	return err;
}

int diff_disk_expand(struct diff *d, const char *path)
{
	struct scan scan;
	int err = scan_below(d, path, &scan);

	if (err)
		return err;
	err = add_scanned(d, path, &scan);
	scan_release(&scan);
	return err;
}
