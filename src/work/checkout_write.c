/*
 * Writing one file of the work tree: under a temporary name in its own
 * directory, then by rename.  Directories are opened without following
 * symlinks, so that nothing is ever written outside of the tree.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "work/below.h"
#include "work/checkout.h"
#include "work/linked.h"
#include "work/temp_name.h"

void hand_init(struct hand *h, const struct plan *p)
{
	*h = (struct hand){ .p = p, .dir_fd = -1 };
	h->reader = store_reader_new(p->r->store);
}

void hand_release(struct hand *h)
{
	if (h->dir_fd >= 0)
		close(h->dir_fd);
	store_reader_free(h->reader);
	free(h->pieces);
}

int hand_enter(struct hand *h, uint32_t n)
{
	const struct plan_dir *d = plan_dir_at(h->p, n);
	const char *path = d->staged ? d->staged : d->path;

	if (h->dir_fd >= 0 && h->dir == n)
		return 0;
	if (h->dir_fd >= 0)
		close(h->dir_fd);
	h->dir_fd = open_below(h->p->top, path);
	h->dir = n;
	if (h->dir_fd >= 0)
		return 0;
	if (errno == ELOOP || errno == ENOTDIR)
		return dv_fail(DV_E_EXISTS, "%s is no longer a directory",
			       path);
	return dv_fail(DV_E_IO, "cannot open %s: %s", path, strerror(errno));
}

int fail_entry(const struct hand *h, const struct plan_entry *e,
	       const char *what)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int code = errno;

	plan_path(h->p, e, &path);
	errno = code;
	return dv_fail_errno("cannot %s %s", what, path.data);
}

/* But for its ctime, which a change of mode moves as well. */
static bool same_bytes(const struct scan_entry *have, const struct stat *st)
{
	struct stat was;

	scan_entry_stat(have, &was);
	return (st->st_mode & S_IFMT) == (was.st_mode & S_IFMT) &&
		st->st_size == was.st_size && st->st_ino == was.st_ino &&
		timespec_ns(&st->st_mtim) == have->mtime_ns;
}

bool still_same(const struct hand *h, const struct plan_entry *e)
{
	struct stat st;
	struct dv_id id;

	if (h->p->o->force || temp_name_is(e->name))
		return true;
	/* the file it leads to may have come, or been replaced by a good one */
	if ((e->have->link || e->have->type == ENTRY_SYMLINK) &&
	    linked_name(h->dir_fd, e->name, &id))
		return true;
	if (linked_stat(h->p->r->store_real, h->dir_fd, e->name, &st, NULL))
		return errno == ENOENT;
	return scan_entry_still(e->have, &st);
}

/* What was wrong with the content of one file stops no other file. */
static int content_failed(struct plan_entry *e, int err)
{
	if (err == DV_E_NOTFOUND)
		e->action = ACT_MISSING;
	else if (err == DV_E_CORRUPT)
		e->action = ACT_CORRUPT;
	else
		return err;
	return 0;
}

/* --- names ---------------------------------------------------------------- */

void plan_note(struct plan_entry *e, const struct stat *st)
{
	e->mtime_ns = timespec_ns(&st->st_mtim);
	e->ctime_ns = timespec_ns(&st->st_ctim);
	e->inode = st->st_ino;
	e->done = true;
}

int rename_new(int dir, const char *from, const char *to)
{
	struct stat st;

	if (!renameat2(dir, from, dir, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (!fstatat(dir, to, &st, AT_SYMLINK_NOFOLLOW)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(dir, from, dir, to);
}

/* Gives the temporary file its name, unless the user was faster. */
static int put_in_place(struct hand *h, struct plan_entry *e,
			const char *temp)
{
	bool replace = h->p->o->force || (e->have && !e->cleared);
	int err;

	if (e->have && !e->cleared && !still_same(h, e)) {
		e->action = ACT_KEEP;
		return 0;
	}
	err = replace ? renameat(h->dir_fd, temp, h->dir_fd, e->name) :
		rename_new(h->dir_fd, temp, e->name);
	if (!err)
		return 0;
	if (errno != EEXIST && errno != EISDIR && errno != ENOTDIR &&
	    errno != ENOTEMPTY)
		return fail_entry(h, e, "write");
	e->action = ACT_KEEP;
	return 0;
}

static int write_link(struct hand *h, struct plan_entry *e, const char *temp)
{
	struct stat st;
	int err;

	if (symlinkat(e->want->target, h->dir_fd, temp))
		return fail_entry(h, e, "make the symbolic link");
	err = temp == e->name ? 0 : put_in_place(h, e, temp);
	if (err || e->action != ACT_WRITE) {
		unlinkat(h->dir_fd, temp, 0);
		return err;
	}
	if (!fstatat(h->dir_fd, e->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISLNK(st.st_mode))
		plan_note(e, &st);
	e->done = true;
	return 0;
}

static int write_file(struct hand *h, struct plan_entry *e, const char *temp,
		      unsigned threads)
{
	DV_AUTO_CLOSE int fd = openat(h->dir_fd, temp, O_WRONLY | O_CREAT |
				      O_EXCL | O_NOFOLLOW | O_CLOEXEC |
				      O_NOCTTY,
				      e->want->executable ? 0777 : 0666);
	struct stat st;
	int err;

	if (fd < 0)
		return fail_entry(h, e, "write");
	err = content_failed(e, write_content(h, e, fd, threads));
	if (!err && e->action == ACT_WRITE) {
		file_set_mtime(fd);
		if (file_flush(fd, e->name))
			err = fail_entry(h, e, "write");
		else if (temp != e->name)
			err = put_in_place(h, e, temp);
	}
	if (err || e->action != ACT_WRITE) {
		unlinkat(h->dir_fd, temp, 0);
		return err;
	}
	/* the rename has changed ctime */
	if (fstat(fd, &st))
		return fail_entry(h, e, "stat");
	plan_note(e, &st);
	return 0;
}

/* What came of making a link under the temporary name. */
static int place_link(struct hand *h, struct plan_entry *e, const char *temp,
		      int err)
{
	struct stat st;

	err = content_failed(e, err);
	if (err || e->action != ACT_WRITE)
		return err;
	if (temp != e->name) {
		err = put_in_place(h, e, temp);
		/* a rename to another name of the same file does nothing */
		unlinkat(h->dir_fd, temp, 0);
	}
	if (err || e->action != ACT_WRITE)
		return err;
	if (linked_stat(h->p->r->store_real, h->dir_fd, e->name, &st, NULL))
		return fail_entry(h, e, "stat");
	plan_note(e, &st);
	return 0;
}

/* A link to a file of the store, or what store.link says where it cannot be. */
static int write_any(struct hand *h, struct plan_entry *e, const char *temp,
		     unsigned threads)
{
	enum link_kind kind;

	while (link_wanted(h->p, e->want) &&
	       (kind = record_link(h->p->r)) != LINK_COPY) {
		int err = link_make(h, e, kind, temp, threads);

		if (err > 0)
			break;
		if (err != DV_E_UNSUPPORTED)
			return place_link(h, e, temp, err);
		link_refused(h->p, kind);
	}
	return write_file(h, e, temp, threads);
}

int write_entry(struct hand *h, struct plan_entry *e, unsigned threads)
{
	bool staged = plan_dir_at(h->p, e->dir)->staged;
	char temp[TEMP_NAME_SIZE];
	const char *first = staged ? e->name : temp;
	int err = hand_enter(h, e->dir);

	if (err)
		return err;
	if (!staged)
		temp_name_make(temp);
	if (e->want->type == ENTRY_SYMLINK)
		err = write_link(h, e, first);
	else
		err = write_any(h, e, first, threads);
	meter_add(h->p->meter, 0, 1);
	return err;
}

int write_mode(struct hand *h, struct plan_entry *e)
{
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;
	mode_t mode;
	int err = hand_enter(h, e->dir);

	if (err)
		return err;
	fd = openat(h->dir_fd, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) || !same_bytes(e->have, &st) ||
	    timespec_ns(&st.st_ctim) != e->have->ctime_ns) {
		e->action = ACT_KEEP;
		return 0;
	}
	/* a mode is one of all names of a file */
	if (st.st_nlink > 1) {
		e->action = ACT_WRITE;
		return write_entry(h, e, 1);
	}
	mode = st.st_mode & 0777;
	if (e->want->executable)
		mode |= (mode & 0444) >> 2 | 0100;
	else
		mode &= ~(mode_t)0111;
	if (fchmod(fd, mode) || fstat(fd, &st))
		return fail_entry(h, e, "change the mode of");
	/* what is noted here is trusted to be the content recorded */
	if (same_bytes(e->have, &st))
		plan_note(e, &st);
	else
		e->action = ACT_KEEP;
	return 0;
}
