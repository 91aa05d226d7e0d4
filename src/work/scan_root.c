/* Where a scan begins: what lies at the path itself, or at a part of it. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "work/below.h"
#include "work/folder.h"
#include "work/linked.h"
#include "work/scan.h"
#include "work/scan_inside.h"

static int root_directory(struct walk *w, const char *inside)
{
	const char *root = arena_copy(&w->arenas[0], inside, strlen(inside));
	int64_t dir = w->index ? stat_index_find_dir(w->index, inside) : -1;
	unsigned depth = *inside ? 1 : 0;
	struct job *job;
	int err;

	for (const char *p = inside; *p; p++)
		depth += *p == '/';
	err = scan_add_job(w, &w->arenas[0], root, (uint32_t)w->count, depth,
			   dir, &job);
	if (!err)
		work_queue_put(&w->queue, job);
	return err;
}

/* The row of a path that is no directory. */
static int64_t single_row(const struct walk *w, const char *inside,
			  const char *parent, const char *name,
			  int64_t *index_dir, struct stat_row *row)
{
	int64_t n = -1;

	*index_dir = w->index ? stat_index_find_dir(w->index, parent) : -1;
	if (*index_dir >= 0)
		n = stat_index_find(w->index, (uint32_t)*index_dir, name);
	if (n < 0)
		return -1;
	/* The name alone could also be that of a file in a directory. */
	if (!*inside && (w->index->dirs != 1 || w->index->rows != 1))
		return -1;
	stat_index_row(w->index, (uint32_t)n, row);
	return n;
}

static int root_single(struct walk *w, const char *inside,
		       const struct stat *st, bool link)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	const char *name = path_name(*inside ? inside : w->path);
	struct arena *arena = &w->arenas[0];
	struct disk_entry d = {
		.name = arena_copy(arena, name, strlen(name)),
		.mode = st->st_mode,
		.mtime_ns = timespec_ns(&st->st_mtim),
		.ctime_ns = timespec_ns(&st->st_ctim),
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.link = link,
	};
	struct scan_entry *e = arena_alloc(arena, sizeof(*e));
	struct stat_row row;
	struct job *job;
	int err;

	buf_add(&parent, inside, path_parent_len(inside));
	err = scan_add_job(w, arena,
			   arena_copy(arena, parent.data, parent.len),
			   (uint32_t)w->count, 0, -1, &job);
	if (err)
		return err;
	job->dir.entries = e;
	job->dir.count = 1;
	job->dir.read_ns = clock_real_ns();
	memset(e, 0, sizeof(*e));
	e->row = single_row(w, inside, parent.data, name, &job->dir.index_dir,
			    &row);
	scan_fill_entry(e, &d, e->row < 0 ? NULL : &row);
	return 0;
}

/* What is at worktree/full; its parents may not be symlinks. */
static int stat_root(const struct walk *w, const char *full,
		     struct stat *st, bool *link)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;

	buf_add(&parent, full, path_parent_len(full));
	DV_AUTO_CLOSE int fd = open_below(w->top, parent.data);
	if (fd < 0 && errno == ELOOP)
		return dv_fail(DV_E_INVALID, "%s is beyond a symbolic link",
			       full);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return dv_fail(DV_E_NOTFOUND, "no such file: %s", full);
	if (fd < 0)
		return dv_fail_errno("cannot open %s", parent.data);
	if (!linked_stat(w->store, fd, *full ? path_name(full) : ".", st,
			 link))
		return 0;
	if (errno == ENOENT)
		return dv_fail(DV_E_NOTFOUND, "no such file: %s", full);
	return dv_fail_errno("cannot stat %s", full);
}

int scan_ignore_above(struct dv_repo *repo, struct ignore *ignore,
		      const char *path)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	int top, err = repo_worktree_fd(repo, &top);

	for (const char *p = path; !err; p++) {
		size_t len = dir.len;

		p += strcspn(p, "/");
		path_append(&dir, ".dvignore");
		if (!faccessat(top, dir.data, F_OK, AT_SYMLINK_NOFOLLOW)) {
			buf_setlen(&dir, len);
			err = ignore_load(ignore, dir.data);
		}
		if (!*p)
			break;
		buf_clear(&dir);
		buf_add(&dir, path, (size_t)(p - path));
	}
	return err;
}

int scan_add_root(struct walk *w, struct dv_repo *repo,
		  struct scan_part *part)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	uint32_t n = (uint32_t)w->count;
	struct stat st;
	bool link;
	int err;

	scan_full_path(w, part->inside, &full);
	err = stat_root(w, full.data, &st, &link);
	part->there = !err;
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	part->root = n;
	part->single = !S_ISDIR(st.st_mode);
	if (part->single)
		return root_single(w, part->inside, &st, link);
	if (w->ignore)
		err = scan_ignore_above(repo, w->ignore, full.data);
	return err ? err : root_directory(w, part->inside);
}
