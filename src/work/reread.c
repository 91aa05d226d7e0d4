/* Content ids of files that are in the work tree, without storing anything. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/chunk.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "chunk/sha256.h"
#include "store/list.h"
#include "work/below.h"
#include "work/linked.h"
#include "work/reread.h"

#define SMALL_FILE	((uint64_t)1 << 20)	/* bytes, read whole */
#define BATCH_BYTES	((size_t)2 << 20)
#define BATCH_FILES	512

void reread_init(struct reread *r, const char *store, reread_cb *done,
		 void *data)
{
	memset(r, 0, sizeof(*r));
	r->store = store;
	r->bytes = (struct buf)BUF_INIT;
	r->done = done;
	r->data = data;
}

void reread_release(struct reread *r)
{
	arena_release(&r->arena);
	buf_release(&r->bytes);
	free(r->chunks);
	free(r->files);
	free(r->big);
	free(r->rows);
	free(r->dirs);
	reread_init(r, r->store, r->done, r->data);
}

bool content_equal(const struct content *a, const struct content *b)
{
	return a->size == b->size && a->list == b->list &&
		dv_id_equal(&a->id, &b->id);
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_ino == b->st_ino &&
		(a->st_mode & S_IFMT) == (b->st_mode & S_IFMT) &&
		(a->st_mode & S_IXUSR) == (b->st_mode & S_IXUSR) &&
		timespec_ns(&a->st_mtim) == timespec_ns(&b->st_mtim) &&
		timespec_ns(&a->st_ctim) == timespec_ns(&b->st_ctim);
}

static void finished(struct reread *r, const struct reread_file *f,
		     const struct content *content)
{
	if (f->row >= 0 && !f->changed && content_equal(content, &f->old) &&
	    !stat_is_racy(&f->st, f->read_ns)) {
		ARRAY_GROW(r->rows, r->row_count + 1, r->row_room);
		stat_change_set(&r->rows[r->row_count++], (uint32_t)f->row,
				&f->st, f->read_ns);
	}
	r->done(r->data, f, content);
}

/* Opens a file without waiting for, or being led away by, anything else. */
static int open_file(const char *store, int fd, const char *path, int *out,
		     struct stat *st)
{
	*out = linked_open(store, fd, path_name(path));
	if (*out < 0 && (errno == ENOENT || errno == ELOOP))
		return dv_fail(DV_E_CHANGED,
			       "%s: changed while it was looked at", path);
	if (*out < 0)
		return dv_fail_errno("cannot open %s", path);
	if (fstat(*out, st))
		return dv_fail_errno("cannot stat %s", path);
	if (!S_ISREG(st->st_mode))
		return dv_fail(DV_E_CHANGED,
			       "%s: changed while it was looked at", path);
	return 0;
}

static struct reread_file *push(struct reread *r, struct reread_file **files,
				size_t *count, size_t *room,
				const struct reread_file *file)
{
	struct reread_file *f;

	ARRAY_GROW(*files, *count + 1, *room);
	f = &(*files)[(*count)++];
	*f = *file;
	f->path = arena_copy(&r->arena, file->path, strlen(file->path));
	f->below = f->path + (file->below - file->path);
	f->changed = false;
	return f;
}

/* Reads a small file to its end behind what the batch has. */
static int read_small(struct reread *r, int fd, const char *path,
		      uint64_t size, size_t *len)
{
	*len = 0;
	buf_reserve(&r->bytes, size + 1);
	while (*len <= size) {
		ssize_t n = read(fd, r->bytes.data + r->bytes.len + *len,
				 size + 1 - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dv_fail_errno("cannot read %s", path);
		if (!n)
			break;
		*len += (size_t)n;
	}
	return 0;
}

int reread_add(struct reread *r, int fd, const struct reread_file *file)
{
	uint64_t size = (uint64_t)file->st.st_size;
	struct reread_file *f;
	struct stat st;
	size_t len;
	int err;

	if (size > SMALL_FILE) {
		push(r, &r->big, &r->big_count, &r->big_room, file);
		return 0;
	}
	if (r->bytes.len + size > BATCH_BYTES || r->count == BATCH_FILES) {
		err = reread_flush(r);
		if (err)
			return err;
	}
	DV_AUTO_CLOSE int in = -1;
	err = open_file(r->store, fd, file->path, &in, &st);
	if (!err)
		err = read_small(r, in, file->path, size, &len);
	if (err)
		return err;
	f = push(r, &r->files, &r->count, &r->room, file);
	f->at = r->bytes.len;
	f->len = len;
	f->changed = !same_stat(&st, &file->st) || len != size ||
		fstat(in, &st) || !same_stat(&st, &file->st);
	buf_setlen(&r->bytes, r->bytes.len + len);
	return 0;
}

static int put_nothing(void *data, const struct object *node)
{
	(void)data;
	(void)node;
	return 0;
}

static int content_of(const struct chunk *chunks, size_t count,
		      struct content *out)
{
	struct list_builder *b = list_builder_new(put_nothing, NULL);

	for (size_t i = 0; i < count; i++) {
		int err = list_builder_add(b, &chunks[i].id, chunks[i].len);

		if (err) {
			list_builder_free(b);
			return err;
		}
	}
	return list_builder_finish(b, out);
}

/* Cuts all files of the batch; returns how many chunks there are. */
static size_t cut_batch(struct reread *r, size_t *counts)
{
	size_t total = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct reread_file *f = &r->files[i];
		size_t room = f->len / DV_CHUNK_MIN + 1;

		ARRAY_GROW(r->chunks, total + room, r->chunk_room);
		counts[i] = chunk_memory((uint8_t *)r->bytes.data + f->at,
					 f->len, r->chunks + total, room, 0);
		total += counts[i];
	}
	return total;
}

int reread_flush(struct reread *r)
{
	DV_AUTO_FREE struct sha256_job *jobs = NULL;
	size_t counts[BATCH_FILES], total, room = 0, at = 0;
	int err = 0;

	total = cut_batch(r, counts);
	ARRAY_GROW(jobs, total, room);
	for (size_t i = 0; i < total; i++)
		jobs[i] = (struct sha256_job){
			r->chunks[i].data, r->chunks[i].len, &r->chunks[i].id
		};
	sha256_many(jobs, total);
	for (size_t i = 0; i < r->count && !err; at += counts[i++]) {
		struct content c;

		err = content_of(r->chunks + at, counts[i], &c);
		if (!err)
			finished(r, &r->files[i], &c);
	}
	r->count = 0;
	buf_clear(&r->bytes);
	return err;
}

/* --- big files ----------------------------------------------------------- */

struct big {
	int fd;
	const char *path;
	struct list_builder *list;
};

static int read_big(void *data, uint8_t *out, size_t len, uint64_t offset,
		    size_t *got)
{
	const struct big *b = data;

	for (*got = 0; *got < len;) {
		ssize_t n = pread(b->fd, out + *got, len - *got,
				  (off_t)(offset + *got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dv_fail_errno("cannot read %s", b->path);
		if (!n)
			break;
		*got += (size_t)n;
	}
	return 0;
}

static int put_big(void *data, unsigned worker, const struct chunk *chunks,
		   size_t count)
{
	(void)data;
	(void)worker;
	(void)chunks;
	(void)count;
	return 0;
}

static int emit_big(void *data, const struct chunk *chunks, size_t count)
{
	struct big *b = data;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = list_builder_add(b->list, &chunks[i].id, chunks[i].len);
	return err;
}

static int stream_big(struct big *b, unsigned threads, struct content *out)
{
	const struct chunk_sink sink = {
		.read = read_big, .put = put_big, .emit = emit_big, .data = b,
	};
	int err;

	b->list = list_builder_new(put_nothing, NULL);
	err = chunk_stream(&sink, threads, NULL);
	if (!err)
		return list_builder_finish(b->list, out);
	list_builder_free(b->list);
	return err;
}

static int one_big(struct reread *r, int top, unsigned threads,
		   struct reread_file *f)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	struct big b = { .path = f->path };
	struct content c;
	struct stat st;
	int err;

	buf_add(&parent, f->path, path_parent_len(f->path));
	DV_AUTO_CLOSE int fd = open_below(top, parent.data);
	if (fd < 0)
		return dv_fail_errno("cannot open %s", f->path);
	DV_AUTO_CLOSE int in = -1;
	err = open_file(r->store, fd, f->path, &in, &st);
	b.fd = in;
	if (!err)
		err = stream_big(&b, threads, &c);
	if (err)
		return err;
	f->changed = !same_stat(&st, &f->st) || fstat(in, &st) ||
		!same_stat(&st, &f->st);
	finished(r, f, &c);
	return 0;
}

int reread_big(struct reread *r, int top, unsigned threads)
{
	int err = 0;

	for (size_t i = 0; i < r->big_count && !err; i++)
		err = one_big(r, top, threads, &r->big[i]);
	r->big_count = 0;
	return err;
}
