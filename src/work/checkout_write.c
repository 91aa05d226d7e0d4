/*
 * Writing one file of the work tree: under a temporary name in its own
 * directory, then by rename.  Directories are opened without following
 * symlinks, so that nothing is ever written outside of the tree.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/clone.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "store/list.h"
#include "store/loose.h"
#include "work/below.h"
#include "work/checkout.h"
#include "work/temp_name.h"

#define ALLOCATE_FROM	((uint64_t)8 << 20)	/* bytes */
#define RANGE_BYTES	((uint64_t)16 << 20)

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
}

int hand_enter(struct hand *h, uint32_t n)
{
	const struct plan_dir *d = &h->p->dirs[n];
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

static int fail_file(const struct hand *h, const struct plan_entry *e,
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

	if (h->p->o->force || temp_name_is(e->name))
		return true;
	if (fstatat(h->dir_fd, e->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT;
	return scan_entry_still(e->have, &st);
}

/* --- content -------------------------------------------------------------- */

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

static int wrong_size(const struct content *c)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&c->id, hex);
	return dv_fail(DV_E_CORRUPT, "content %.16s: its size is not the one "
		       "recorded", hex);
}

/*
 * A disk that cannot be read is damage to one file; one that cannot be
 * written is the end.
 */
static int read_chunk(struct store_reader *r, const struct dv_id *id,
		      const uint8_t **data, uint32_t *len)
{
	int err = store_read(r, OBJECT_DATA, id, data, len);

	return err == DV_E_IO ? DV_E_CORRUPT : err;
}

/* Writes the chunks that begin in [from, to). */
static int write_range(struct store_reader *r, struct meter *meter,
		       const struct content *c, uint64_t from, uint64_t to,
		       int fd, const char *name)
{
	struct list_walk *walk;
	uint64_t offset, next = from;
	uint32_t len, got;
	struct dv_id id;
	int err = list_walk_open(r, c, from, &walk);

	if (err)
		return err;
	while ((err = list_walk_next(walk, &id, &offset, &len)) == 1) {
		const uint8_t *data;

		if (offset >= to)
			break;
		next = offset + len;
		if (offset < from)
			continue;	/* it began in the range before */
		err = cancel_check();
		if (!err)
			err = read_chunk(r, &id, &data, &got);
		if (!err && got != len)
			err = wrong_size(c);
		if (!err)
			err = file_pwrite_all(fd, data, len, offset, name);
		if (err)
			break;
		meter_add(meter, len, 0);
	}
	list_walk_close(walk);
	if (err == 1 || err == 0)
		err = next < to ? wrong_size(c) : 0;
	return err;
}

/* A file written by several threads. */
struct shared_file {
	const struct plan *p;
	struct store_reader *first;	/* of worker 0 */
	const struct content *content;
	const char *name;
	int fd;
	_Atomic uint64_t next;		/* where the next range begins */
};

static int write_shared(struct crew *crew, unsigned worker, void *data)
{
	struct shared_file *s = data;
	struct store_reader *r = worker ? store_reader_new(s->p->r->store) :
		s->first;
	int err = 0;

	while (!err && !crew_failed(crew)) {
		uint64_t from = atomic_fetch_add(&s->next, RANGE_BYTES);
		uint64_t to = from + RANGE_BYTES;

		if (from >= s->content->size)
			break;
		if (to > s->content->size)
			to = s->content->size;
		err = write_range(r, s->p->meter, s->content, from, to, s->fd,
				  s->name);
	}
	if (worker)
		store_reader_free(r);
	return err;
}

/* Shares the blocks of a loose file of this content, if there is one. */
static bool clone_content(const struct hand *h, const struct content *c,
			  int fd)
{
	DV_AUTO_CLOSE int from = -1;

	if (!h->p->r->clone || c->size < RECORD_CLONED ||
	    loose_open(h->p->r->store, c, &from)) {
		from = -1;
		return false;
	}
	if (clone_fd(from, fd))
		return false;
	meter_add(h->p->meter, c->size, 0);
	return true;
}

int write_content(struct hand *h, const struct plan_entry *e, int fd,
		  unsigned threads)
{
	const struct content *c = &e->want->content;
	const uint8_t *data;
	uint32_t len;
	int err;

	if (!c->size || clone_content(h, c, fd))
		return 0;
	if (c->size >= ALLOCATE_FROM &&
	    fallocate(fd, 0, 0, (off_t)c->size) && errno == ENOSPC)
		return fail_file(h, e, "make room for");
	if (c->list && threads > 1) {
		struct shared_file s = { .p = h->p, .first = h->reader,
					 .content = c, .name = e->name,
					 .fd = fd };

		return crew_run(threads, write_shared, &s);
	}
	if (c->list)
		return write_range(h->reader, h->p->meter, c, 0, c->size, fd,
				   e->name);
	err = read_chunk(h->reader, &c->id, &data, &len);
	if (!err && len != c->size)
		err = wrong_size(c);
	if (!err)
		err = file_write_all(fd, data, len, e->name);
	if (!err)
		meter_add(h->p->meter, len, 0);
	return err;
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
		return fail_file(h, e, "write");
	e->action = ACT_KEEP;
	return 0;
}

static int write_link(struct hand *h, struct plan_entry *e, const char *temp)
{
	struct stat st;
	int err;

	if (symlinkat(e->want->target, h->dir_fd, temp))
		return fail_file(h, e, "make the symbolic link");
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
		return fail_file(h, e, "write");
	err = content_failed(e, write_content(h, e, fd, threads));
	if (!err && e->action == ACT_WRITE) {
		file_set_mtime(fd);
		err = temp == e->name ? 0 : put_in_place(h, e, temp);
	}
	if (err || e->action != ACT_WRITE) {
		unlinkat(h->dir_fd, temp, 0);
		return err;
	}
	/* the rename has changed ctime */
	if (fstat(fd, &st))
		return fail_file(h, e, "stat");
	plan_note(e, &st);
	return 0;
}

/* A link to a file of the store; where that cannot be, a file of its own. */
static int write_hard(struct hand *h, struct plan_entry *e, const char *temp,
		      unsigned threads)
{
	struct stat st;
	int err = link_make(h, e, temp, threads);

	if (err == DV_E_UNSUPPORTED) {
		link_refused(h->p);
		return write_file(h, e, temp, threads);
	}
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
	if (fstatat(h->dir_fd, e->name, &st, AT_SYMLINK_NOFOLLOW))
		return fail_file(h, e, "stat");
	plan_note(e, &st);
	return 0;
}

int write_entry(struct hand *h, struct plan_entry *e, unsigned threads)
{
	bool staged = h->p->dirs[e->dir].staged;
	char temp[TEMP_NAME_SIZE];
	const char *first = staged ? e->name : temp;
	int err = hand_enter(h, e->dir);

	if (err)
		return err;
	if (!staged)
		temp_name_make(temp);
	if (e->want->type == ENTRY_SYMLINK)
		err = write_link(h, e, first);
	else if (link_wanted(h->p, e->want))
		err = write_hard(h, e, first, threads);
	else
		err = write_file(h, e, first, threads);
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
		return fail_file(h, e, "change the mode of");
	/* what is noted here is trusted to be the content recorded */
	if (same_bytes(e->have, &st))
		plan_note(e, &st);
	else
		e->action = ACT_KEEP;
	return 0;
}
