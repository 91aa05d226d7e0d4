#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "remote/dir.h"

#define LIST_DEPTH	8

void dir_path(const struct remote *r, const char *name, struct buf *out)
{
	const struct dir *d = r->state;

	path_join(out, d->root, name);
}

int dir_fail(const struct remote *r, const char *name, const char *what)
{
	const struct dir *d = r->state;
	DV_AUTO_BUF struct buf root = BUF_INIT;
	int why = errno;
	int code = remote_fail_errno(r, name, what);

	path_word(d->root, &root);
	if (why == EACCES || why == EPERM)
		return dv_hint(code, "whose is it?  ls -ld %s", root.data);
	if (why == EROFS)
		return dv_hint(code, "it is mounted read-only");
	if (code == DV_E_NOSPACE)
		return dv_hint(code, "make room there: df -h %s", root.data);
	if (why == ESTALE || why == EIO || why == ENOTCONN || why == EHOSTDOWN)
		return dv_hint(code, "is its disk or share still there?  "
			       "df %s", root.data);
	/* "not there" is said of objects only, after a look at the folder */
	return code == DV_E_NOTFOUND ? DV_E_IO : code;
}

char *dir_parent_of(const char *path)
{
	size_t len = path_parent_len(path);
	char *parent = xstrdup(len ? path : "/");

	if (len)
		parent[len] = '\0';
	return parent;
}

int dir_check_parent(const struct remote *r)
{
	const struct dir *d = r->state;
	DV_AUTO_FREE char *parent = dir_parent_of(d->root);
	DV_AUTO_BUF struct buf word = BUF_INIT;
	struct stat st;

	if (!stat(parent, &st)) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return remote_fail(r, DV_E_IO, "", "%s is not a folder",
				   parent);
	}
	if (errno != ENOENT)
		return dir_fail(r, "", "cannot look");
	path_word(parent, &word);
	return dv_hint(remote_fail(r, DV_E_IO, "", "there is no folder %s",
				   parent),
		       "if it is on a disk or share, mount that; if it is "
		       "new: mkdir -p %s", word.data);
}

/* After ENOENT: an object that is not there, or no remote at all? */
static int missing(const struct remote *r, const char *name)
{
	const struct dir *d = r->state;
	struct stat st;

	if (stat(d->root, &st) && errno == ENOENT) {
		int err = dir_check_parent(r);

		if (err)
			return err;
	}
	return remote_fail(r, DV_E_NOTFOUND, name, "not there");
}

static int dir_open(struct remote *r, const struct remote_options *o)
{
	struct dir *d = xcalloc(1, sizeof(*d));
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	DV_AUTO_FREE char *parent = NULL;
	DV_AUTO_FREE char *real = NULL;

	int err;

	r->state = d;
	if (r->url.path[0] != '/' && !o->base_dir)
		return dv_fail(DV_E_UNSUPPORTED, "remote %s is the folder %s "
			       "beside that repository, which is not on this "
			       "machine", o->name, r->url.path);
	/* "../data" next to the work tree should read well */
	err = url_dir_path(r->url.path, o->base_dir, &path);
	if (err)
		return err;
	d->root = buf_detach(&path);
	free(r->shown);
	path_quote(d->root, &shown);
	r->shown = buf_detach(&shown);
	/* the same place however it is spelled, before it is there and after */
	parent = dir_parent_of(d->root);
	real = realpath(parent, NULL);
	buf_addf(&path, "dir %s/%s", real ? real : parent,
		 path_name(d->root));
	free(r->place);
	r->place = buf_detach(&path);
	return 0;
}

static void dir_close(struct remote *r)
{
	struct dir *d = r->state;

	if (d)
		free(d->root);
	free(d);
}

static int dir_stat(struct remote *r, const char *name,
		    struct remote_facts *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;

	r->requests++;
	dir_path(r, name, &path);
	if (stat(path.data, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return missing(r, name);
		return dir_fail(r, name, "cannot look at it");
	}
	if (!S_ISREG(st.st_mode))
		return remote_fail(r, DV_E_IO, name, "not a plain file");
	out->size = st.st_size;
	dir_version(&st, out->version);
	return 0;
}

static int send_range(struct remote *r, const char *name, int fd,
		      uint64_t offset, uint64_t len,
		      const struct remote_sink *sink)
{
	DV_AUTO_BUF struct buf block = BUF_INIT;

	while (len) {
		size_t part = DIR_BLOCK;
		uint8_t *to = sink->room ? sink->room(sink->data, &part) : NULL;
		ssize_t n;
		int err;

		if (part > len)
			part = len;
		if (!to) {
			buf_reserve(&block, part);
			to = (uint8_t *)block.data;
		}
		n = pread(fd, to, part, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dir_fail(r, name, "cannot read it");
		if (!n)
			return remote_fail(r, DV_E_CORRUPT, name,
					   "it became shorter");
		err = sink->write(sink->data, to, n);
		if (!err)
			err = cancel_check();
		if (err)
			return err;
		offset += n;
		len -= n;
	}
	return 0;
}

static int dir_get(struct remote *r, const char *name, uint64_t offset,
		   uint64_t len, const struct remote_sink *sink)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	uint64_t size;
	struct stat st;

	r->requests++;
	dir_path(r, name, &path);
	/* not to hang on a FIFO that somebody put there */
	fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return missing(r, name);
	if (fd < 0)
		return dir_fail(r, name, "cannot open it");
	if (fstat(fd, &st))
		return dir_fail(r, name, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return remote_fail(r, DV_E_IO, name, "not a plain file");
	size = st.st_size;
	if (offset > size || (len != UINT64_MAX && size - offset < len))
		return remote_fail(r, DV_E_CORRUPT, name, "it has %llu bytes, "
				   "too few for what was asked",
				   (unsigned long long)size);
	if (len == UINT64_MAX)
		len = size - offset;
	if (len > DIR_BLOCK)
		posix_fadvise(fd, offset, len, POSIX_FADV_SEQUENTIAL);
	return send_range(r, name, fd, offset, len, sink);
}

struct walk {
	struct remote *r;
	remote_list_cb *fn;
	void *data;
	struct buf name;	/* of the folder, with '/' at its end, or "" */
};

static int walk_folder(struct walk *w, int depth);

static int walk_entry(struct walk *w, int dir, const char *name, int depth)
{
	size_t len = w->name.len;
	struct stat st;
	int err = 0;

	if (name[0] == '.' || (!len && !strcmp(name, "tmp")))
		return 0;
	if (fstatat(dir, name, &st, 0)) {
		if (errno == ENOENT || errno == ELOOP)
			return 0;
		return dir_fail(w->r, name, "cannot look at it");
	}
	buf_addstr(&w->name, name);
	if (!remote_object_name_ok(w->name.data)) {
		err = 0;		/* not one of ours */
	} else if (S_ISREG(st.st_mode)) {
		err = w->fn(w->data, w->name.data, st.st_size,
			    timespec_ns(&st.st_mtim));
	} else if (S_ISDIR(st.st_mode) && depth < LIST_DEPTH) {
		buf_addch(&w->name, '/');
		err = walk_folder(w, depth + 1);
	}
	buf_setlen(&w->name, len);
	return err;
}

static int walk_folder(struct walk *w, int depth)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_DIR DIR *dir = NULL;
	struct dirent *e;
	int err = cancel_check();

	if (err)
		return err;
	w->r->requests++;
	dir_path(w->r, w->name.data, &path);
	dir = opendir(path.data);
	if (!dir && errno == ENOENT)
		return depth ? 0 : dir_check_parent(w->r);
	if (!dir)
		return dir_fail(w->r, w->name.data, "cannot list it");
	while (!err && (errno = 0, e = readdir(dir)))
		err = walk_entry(w, dirfd(dir), e->d_name, depth);
	if (!err && errno)
		return dir_fail(w->r, w->name.data, "cannot list it");
	return err;
}

static int dir_list(struct remote *r, const char *prefix,
		    remote_list_cb *fn,
		    void *data)
{
	struct walk w = { r, fn, data, BUF_INIT };
	int err;

	buf_addstr(&w.name, prefix);
	err = walk_folder(&w, 0);
	buf_release(&w.name);
	return err;
}

static int dir_remove_object(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	r->requests++;
	dir_path(r, name, &path);
	if (!unlink(path.data))
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return missing(r, name);
	return dir_fail(r, name, "cannot remove it");
}

/* One with something in it, or gone already, stays as it is. */
static int dir_remove_folder(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	dir_path(r, name, &path);
	buf_setlen(&path, path_parent_len(path.data));
	rmdir(path.data);
	return 0;
}

const struct remote_kind remote_kind_dir = {
	.open = dir_open,
	.close = dir_close,
	.stat = dir_stat,
	.get = dir_get,
	.put = dir_put,
	.list = dir_list,
	.list_files = dir_list_files,
	.remove = dir_remove_object,
	.remove_folder = dir_remove_folder,
};
