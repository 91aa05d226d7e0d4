#include "migrate/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"

void held_release(struct held *h)
{
	buf_release(&h->memory);
	if (h->fd >= 0)
		close(h->fd);
	free(h->where);
	*h = (struct held)HELD_INIT;
}

int held_file(struct held *h, int fd, const char *where)
{
	DV_AUTO_CLOSE int owned = fd;
	struct stat st;

	held_release(h);
	if (fstat(fd, &st) < 0)
		return dv_fail_errno("cannot look at %s", where);
	if (!S_ISREG(st.st_mode))
		return dv_fail(DV_E_NOTFOUND, "%s is no file", where);
	h->where = xstrdup(where);
	h->size = st.st_size;
	if (h->size > HELD_MEMORY) {
		h->fd = owned;
		owned = -1;
		return 0;
	}
	buf_reserve(&h->memory, h->size);
	buf_setlen(&h->memory, h->size);
	return file_pread_all(fd, h->memory.data, h->size, 0, where);
}

int held_path(struct held *h, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		return held_file(h, fd, path);
	if (errno == ENOENT || errno == ENOTDIR)
		return dv_fail(DV_E_NOTFOUND, "there is no %s", path);
	return dv_fail_errno("cannot read %s", path);
}

/* --- received ---------------------------------------------------------- */

struct receiving {
	struct held *held;
	const char *temp_dir;
};

static int to_file(struct receiving *r)
{
	struct held *h = r->held;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addf(&path, "%s/migrate-XXXXXX", r->temp_dir);
	h->fd = mkostemp(path.data, O_CLOEXEC);
	if (h->fd < 0)
		return dv_fail_errno("cannot make a file in %s", r->temp_dir);
	unlink(path.data);
	return file_write_all(h->fd, h->memory.data, h->memory.len,
			      path.data);
}

static int receive(void *data, const uint8_t *bytes, size_t len)
{
	struct receiving *r = data;
	struct held *h = r->held;
	int err = 0;

	if (h->fd < 0 && h->memory.len + len > HELD_MEMORY) {
		err = to_file(r);
		buf_release(&h->memory);
	}
	if (!err && h->fd >= 0)
		err = file_write_all(h->fd, bytes, len, r->temp_dir);
	else if (!err)
		buf_add(&h->memory, bytes, len);
	h->size += len;
	return err;
}

static int restart(void *data)
{
	struct receiving *r = data;

	held_release(r->held);
	return 0;
}

int held_receive(struct held *h, const char *temp_dir,
		 int (*get)(void *data, const struct remote_sink *sink),
		 void *data)
{
	struct receiving r = { h, temp_dir };
	const struct remote_sink sink = {
		.write = receive, .restart = restart, .data = &r,
	};

	int err;

	held_release(h);
	err = get(data, &sink);
	return err || h->fd < 0 ? err : file_flush(h->fd, temp_dir);
}

int held_read(const struct held *h, uint64_t limit, struct buf *out)
{
	size_t start = out->len;

	if (h->size > limit)
		return dv_fail(DV_E_INVALID, "%s: %llu bytes are too many",
			       h->where ? h->where : "what was received",
			       (unsigned long long)h->size);
	if (h->fd < 0) {
		buf_add(out, h->memory.data, h->memory.len);
		return 0;
	}
	buf_reserve(out, h->size);
	buf_setlen(out, start + h->size);
	return file_pread_all(h->fd, out->data + start, h->size, 0,
			      h->where ? h->where : "a temporary file");
}
