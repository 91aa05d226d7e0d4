#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "remote/dir.h"

/* Writing into a folder: whole, or not at all. */

#define COPY_BLOCK	((size_t)8 << 20)
#define STALE_S		86400	/* a temporary file so old is nobody's */

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
	err = dir_check_parent(r);
	if (err)
		return err;
	if (mkdir(d->root, 0777) && errno != EEXIST)
		return dir_fail(r, "", "cannot make the folder");
	dir_path(r, "tmp", &tmp);
	if (mkdir(tmp.data, 0777)) {
		if (errno != EEXIST)
			return dir_fail(r, "tmp", "cannot make the folder");
		remove_stale(tmp.data);
	} else {
		DV_AUTO_FREE char *parent = dir_parent_of(d->root);

		err = dir_sync(d->root);
		if (!err)
			err = dir_sync(parent);
	}
	d->ready = !err;
	return err;
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
			return dir_fail(r, name, "cannot write it");
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
	buf_reserve(&block, DIR_BLOCK);
	while (done < s->len && !err) {
		uint64_t left = s->len - done;
		size_t part = left < DIR_BLOCK ? left : DIR_BLOCK;

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
		dir_path(r, "", &path);
		buf_addf(&path, "/%.*s", (int)(slash - name), name);
		if (!mkdir(path.data, 0777)) {
			DV_AUTO_FREE char *above = dir_parent_of(path.data);
			int err = dir_sync(above);

			if (err)
				return err;
		} else if (errno != EEXIST) {
			return dir_fail(r, name, "cannot make its folder");
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
	dir_path(r, name, &path);
	dir_path(r, "tmp", &tmp);
	parent = dir_parent_of(path.data);
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

int dir_put(struct remote *r, const char *name,
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
