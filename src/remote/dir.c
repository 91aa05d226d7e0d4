#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "remote/kind.h"

/*
 * A folder as a remote: a disk, a mounted share.  Files are written below
 * tmp/ inside it and renamed, so that what has a name is whole.
 */
#define BLOCK		((size_t)1 << 20)
#define COPY_BLOCK	((size_t)8 << 20)
#define LIST_DEPTH	8
#define STALE_S		86400	/* a temporary file so old is nobody's */

struct dir {
	char *root;		/* owned; absolute */
	_Atomic bool ready;	/* root and tmp/ are known to be there */
};

static void full_path(const struct remote *r, const char *name,
		      struct buf *out)
{
	const struct dir *d = r->state;

	buf_addstr(out, d->root);
	if (*name)
		path_append(out, name);
}

static int fail(const struct remote *r, const char *name, const char *what)
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

static char *parent_of(const char *path)
{
	size_t len = path_parent_len(path);
	char *parent = xstrdup(len ? path : "/");

	if (len)
		parent[len] = '\0';
	return parent;
}

/*
 * The folder itself may be made, the one above it never: when that is not
 * there, a disk is most likely not mounted.
 */
static int check_parent(const struct remote *r)
{
	const struct dir *d = r->state;
	DV_AUTO_FREE char *parent = parent_of(d->root);
	DV_AUTO_BUF struct buf word = BUF_INIT;
	struct stat st;

	if (!stat(parent, &st)) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return remote_fail(r, DV_E_IO, "", "%s is not a folder",
				   parent);
	}
	if (errno != ENOENT)
		return fail(r, "", "cannot look");
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
		int err = check_parent(r);

		if (err)
			return err;
	}
	return remote_fail(r, DV_E_NOTFOUND, name, "not there");
}

/*
 * Removes what pushes that died left in tmp/.  Times are compared with that
 * of a file made now, as this machine's clock may not be the server's.  Only
 * names that newfile_open() gives: the folder may have had a tmp/ before it
 * became a remote.
 */
static void remove_stale(const char *tmp)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_NEWFILE struct newfile made = NEWFILE_INIT;
	DV_AUTO_DIR DIR *dir = opendir(tmp);
	struct dirent *e;
	struct stat st;
	time_t now;

	buf_addf(&path, "%s/now", tmp);
	if (!dir || newfile_open(&made, path.data, NULL) ||
	    fstat(made.fd, &st))
		return;
	now = st.st_mtime;
	while ((e = readdir(dir))) {
		if (strncmp(e->d_name, NEWFILE_TEMP, strlen(NEWFILE_TEMP)) ||
		    fstatat(dirfd(dir), e->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (now > st.st_mtime && now - st.st_mtime > STALE_S)
			unlinkat(dirfd(dir), e->d_name, 0);
	}
}

static int make_ready(struct remote *r)
{
	struct dir *d = r->state;
	DV_AUTO_BUF struct buf tmp = BUF_INIT;
	struct stat st;
	int err;

	if (d->ready && !stat(d->root, &st))
		return 0;
	err = check_parent(r);
	if (err)
		return err;
	if (mkdir(d->root, 0777) && errno != EEXIST)
		return fail(r, "", "cannot make the folder");
	full_path(r, "tmp", &tmp);
	if (mkdir(tmp.data, 0777)) {
		if (errno != EEXIST)
			return fail(r, "tmp", "cannot make the folder");
		remove_stale(tmp.data);
	} else {
		DV_AUTO_FREE char *parent = parent_of(d->root);

		err = dir_sync(d->root);
		if (!err)
			err = dir_sync(parent);
	}
	d->ready = !err;
	return err;
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
	parent = parent_of(d->root);
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
	full_path(r, name, &path);
	if (stat(path.data, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return missing(r, name);
		return fail(r, name, "cannot look at it");
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

	buf_reserve(&block, len < BLOCK ? len : BLOCK);
	while (len) {
		size_t part = len < BLOCK ? len : BLOCK;
		ssize_t n = pread(fd, block.data, part, offset);
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(r, name, "cannot read it");
		if (!n)
			return remote_fail(r, DV_E_CORRUPT, name,
					   "it became shorter");
		err = sink->write(sink->data, (uint8_t *)block.data, n);
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
	full_path(r, name, &path);
	/* not to hang on a FIFO that somebody put there */
	fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return missing(r, name);
	if (fd < 0)
		return fail(r, name, "cannot open it");
	if (fstat(fd, &st))
		return fail(r, name, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return remote_fail(r, DV_E_IO, name, "not a plain file");
	size = st.st_size;
	if (offset > size || (len != UINT64_MAX && size - offset < len))
		return remote_fail(r, DV_E_CORRUPT, name, "it has %llu bytes, "
				   "too few for what was asked",
				   (unsigned long long)size);
	if (len == UINT64_MAX)
		len = size - offset;
	if (len > BLOCK)
		posix_fadvise(fd, offset, len, POSIX_FADV_SEQUENTIAL);
	return send_range(r, name, fd, offset, len, sink);
}

/* Inside the kernel where it can; shares blocks on file systems that do. */
static int copy_in_kernel(struct remote *r, const char *name,
			  const struct remote_source *s, int to,
			  uint64_t *done)
{
	loff_t from_at = s->offset;

	while (*done < s->len) {
		uint64_t left = s->len - *done;
		ssize_t n = copy_file_range(s->fd, &from_at, to, NULL,
					    left < COPY_BLOCK ? left :
					    COPY_BLOCK, 0);
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EXDEV || errno == EINVAL ||
			      errno == ENOSYS || errno == EOPNOTSUPP ||
			      errno == EPERM || errno == EBADF))
			return 0;
		if (n < 0)
			return fail(r, name, "cannot write it");
		if (!n)
			return 0;
		*done += n;
		err = cancel_check();
		if (err)
			return err;
	}
	return 0;
}

static int copy_source(struct remote *r, const char *name,
		       const struct remote_source *s, struct newfile *out)
{
	DV_AUTO_BUF struct buf block = BUF_INIT;
	uint64_t done = 0;
	int err;

	if (s->bytes)
		return newfile_write(out, s->bytes, s->len);
	err = copy_in_kernel(r, name, s, out->fd, &done);
	if (err || done == s->len)
		return err;
	buf_reserve(&block, BLOCK);
	while (done < s->len && !err) {
		size_t part = s->len - done < BLOCK ? s->len - done : BLOCK;

		err = file_pread_all(s->fd, block.data, part,
				     s->offset + done, "what is to be sent");
		if (!err)
			err = newfile_write(out, block.data, part);
		if (!err)
			err = cancel_check();
		done += part;
	}
	return err;
}

static int make_parents(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	for (const char *slash = strchr(name, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		buf_clear(&path);
		full_path(r, "", &path);
		buf_addf(&path, "/%.*s", (int)(slash - name), name);
		if (!mkdir(path.data, 0777)) {
			DV_AUTO_FREE char *above = parent_of(path.data);
			int err = dir_sync(above);

			if (err)
				return err;
		} else if (errno != EEXIST) {
			return fail(r, name, "cannot make its folder");
		}
	}
	return 0;
}

/* base's texts name the file; this one names the remote as well. */
static int put_failed(struct remote *r, const char *name, int code)
{
	DV_AUTO_BUF struct buf root = BUF_INIT;
	struct error_state last;
	const struct dir *d = r->state;

	error_save(code, &last);
	if (code == DV_E_INTERRUPTED || !strncmp(last.text, "remote ", 7))
		return error_restore(&last);
	if (code == DV_E_NOTFOUND)
		code = DV_E_IO;
	code = remote_fail(r, code, name, "%s", last.text);
	if (code != DV_E_NOSPACE)
		return code;
	path_word(d->root, &root);
	return dv_hint(code, "make room there: df -h %s", root.data);
}

static int put_file(struct remote *r, const char *name,
		    const struct remote_source *source)
{
	DV_AUTO_NEWFILE struct newfile out = NEWFILE_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf tmp = BUF_INIT;
	DV_AUTO_FREE char *parent = NULL;
	int err = make_ready(r);

	if (!err)
		err = make_parents(r, name);
	if (err)
		return err;
	full_path(r, name, &path);
	full_path(r, "tmp", &tmp);
	parent = parent_of(path.data);
	err = newfile_open(&out, path.data, tmp.data);
	if (!err)
		err = copy_source(r, name, source, &out);
	if (err)
		return err;
	crash_point("remote-dir-before-commit");
	err = newfile_commit(&out, 0);
	crash_point("remote-dir-after-commit");
	return err ? err : dir_sync(parent);
}

static int dir_put(struct remote *r, const char *name,
		   const struct remote_source *source,
		   void (*sent)(void *data, int64_t bytes), void *data)
{
	int err;

	r->requests++;
	err = put_file(r, name, source);
	if (err)
		return put_failed(r, name, err);
	if (sent)
		sent(data, source->len);
	return 0;
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
		return fail(w->r, name, "cannot look at it");
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
	full_path(w->r, w->name.data, &path);
	dir = opendir(path.data);
	if (!dir && (errno == ENOENT || errno == ENOTDIR))
		return depth ? 0 : check_parent(w->r);
	if (!dir)
		return fail(w->r, w->name.data, "cannot list it");
	while (!err && (errno = 0, e = readdir(dir)))
		err = walk_entry(w, dirfd(dir), e->d_name, depth);
	if (!err && errno)
		return fail(w->r, w->name.data, "cannot list it");
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

static int list_files(struct remote *r, remote_file_cb *fn, void *data)
{
	const struct dir *d = r->state;

	return dir_list_files(r, d->root, fn, data);
}

static int dir_remove_object(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	r->requests++;
	full_path(r, name, &path);
	if (!unlink(path.data))
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return missing(r, name);
	return fail(r, name, "cannot remove it");
}

/* One with something in it, or gone already, stays as it is. */
static int dir_remove_folder(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	full_path(r, name, &path);
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
	.list_files = list_files,
	.remove = dir_remove_object,
	.remove_folder = dir_remove_folder,
};
