/*
 * One file of any size: cut, hashed and stored while it is read, by one
 * thread or by all.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/trace.h"
#include "store/list.h"
#include "store/loose.h"
#include "store/tree.h"
#include "work/record.h"

struct stream {
	const struct record_run *run;
	const struct record_item *item;
	struct record_worker *workers;	/* worker n of the stream is this + n */
	struct list_builder *list;	/* owned */
	struct session_hand *nodes;	/* of emit() */
	int fd;
	uint64_t size;			/* no more is read than it had */
	bool linked;			/* it is the store's, so hardly new */
	bool behind;			/* let go of pages that were read */
	struct loose *loose;		/* borrowed; NULL: chunks go to packs */
	_Atomic uint64_t fresh;		/* bytes the store has not, if loose */
	atomic_bool here;
};

static int read_part(void *data, uint8_t *out, size_t len, uint64_t offset,
		     size_t *got)
{
	struct stream *s = data;
	size_t want = len;

	*got = 0;
	if (offset >= s->size)
		return 0;
	if (want > s->size - offset)
		want = (size_t)(s->size - offset);
	while (*got < want) {
		ssize_t n = pread(s->fd, out + *got, want - *got,
				  (off_t)(offset + *got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			DV_AUTO_BUF struct buf path = BUF_INIT;
			int code = errno;

			record_path(s->run, s->item, &path);
			errno = code;
			return dv_fail_errno("cannot read %s", path.data);
		}
		if (!n)
			break;
		*got += (size_t)n;
	}
	if (s->behind)
		posix_fadvise(s->fd, (off_t)offset, (off_t)*got,
			      POSIX_FADV_DONTNEED);
	return 0;
}

/* Chunks of a loose file are not claimed, only counted. */
static int put_loose(struct stream *s, const struct chunk *chunks,
		     size_t count)
{
	struct place place;
	uint64_t fresh = 0;

	for (size_t i = 0; i < count; i++)
		if (!store_find(s->run->r->store, OBJECT_DATA, &chunks[i].id,
				&place))
			fresh += chunks[i].len;
	atomic_fetch_add(&s->fresh, fresh);
	loose_put(s->loose, chunks, count);
	return 0;
}

static int put_part(void *data, unsigned worker, const struct chunk *chunks,
		    size_t count)
{
	struct stream *s = data;
	struct recorder *r = s->run->r;
	struct record_worker *w = s->workers + worker;
	bool here = true;

	if (s->loose)
		return put_loose(s, chunks, count);
	for (size_t i = 0; i < count; i++)
		if (record_claim(r, OBJECT_DATA, &chunks[i].id, chunks[i].len,
				 &here))
			record_gather(w, &chunks[i]);
	if (!here)
		atomic_store(&s->here, false);
	return record_put(r, w);
}

static int emit_part(void *data, const struct chunk *chunks, size_t count)
{
	struct stream *s = data;
	uint64_t bytes = 0;
	int err = s->loose ? loose_emit(s->loose, chunks, count) : 0;

	for (size_t i = 0; i < count && !err; i++) {
		err = list_builder_add(s->list, &chunks[i].id, chunks[i].len);
		bytes += chunks[i].len;
	}
	meter_add(s->run->r->meter, bytes, 0);
	return err;
}

static int put_node(void *data, const struct object *node)
{
	struct stream *s = data;
	bool here = true;
	bool put = record_claim(s->run->r, OBJECT_META, &node->id, node->len,
				&here);

	if (!here)
		atomic_store(&s->here, false);
	return put ? session_put(s->nodes, OBJECT_META, node, 1) : 0;
}

/* Reads what is open once. */
static int stream_once(struct stream *s, unsigned threads,
		       struct content *content)
{
	size_t most = record_at_once(s->run->r);
	const struct chunk_sink sink = {
		.read = read_part, .put = put_part, .emit = emit_part,
		.data = s, .block = most < STREAM_BLOCK ? most : STREAM_BLOCK,
	};
	uint64_t size;
	int err;

	memset(content, 0, sizeof(*content));
	atomic_store(&s->here, true);
	posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	s->list = list_builder_new(put_node, s);
	err = chunk_stream(&sink, threads, &size);
	if (err || !size)
		list_builder_free(s->list);
	else
		err = list_builder_finish(s->list, content);
	s->list = NULL;
	atomic_fetch_add(&s->run->r->read_bytes, err ? 0 : size);
	return err;
}

static void take_stat(struct scan_entry *e, const struct stat *st)
{
	e->size = (uint64_t)st->st_size;
	e->mtime_ns = timespec_ns(&st->st_mtim);
	e->ctime_ns = timespec_ns(&st->st_ctim);
	e->inode = st->st_ino;
	e->executable = st->st_mode & S_IXUSR;
}

static int not_a_file(const struct stream *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	record_path(s->run, s->item, &path);
	return dv_fail(DV_E_CHANGED, "%s is no longer a file", path.data);
}

static int keeps_changing(const struct stream *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	record_path(s->run, s->item, &path);
	err = dv_fail(DV_E_CHANGED, "%s keeps changing while it is read",
		      path.data);
	return dv_hint(err, "stop what is writing to it and try again");
}

/*
 * Reads a clone of the file, which cannot change.  When most of it is new the
 * clone itself goes into the store; else its new chunks go to packs.
 */
static int stream_clone(struct stream *s, struct loose *loose,
			unsigned threads, struct content *content)
{
	int err;

	s->fd = loose_fd(loose);
	s->loose = loose;
	atomic_store(&s->fresh, 0);
	err = stream_once(s, threads, content);
	s->loose = NULL;
	if (err || !content->size)
		return err;
	if (atomic_load(&s->fresh) < content->size / 2)
		return stream_once(s, threads, content);
	err = loose_commit(loose, content);
	if (!err)
		atomic_fetch_add(&s->run->r->new_bytes,
				 atomic_load(&s->fresh));
	return err;
}

static bool same_file(const struct stream *s, int fd)
{
	struct stat st;

	return !fstat(fd, &st) && record_same(s->item->entry, &st);
}

/* Files of so many bytes are tried to be stored whole. */
static uint64_t whole_from(const struct recorder *r)
{
	if (record_link(r))
		return r->link_from;
	return r->clone ? RECORD_CLONED : UINT64_MAX;
}

/* Reads what is open; *again: it is not one version of the file. */
static int stream_any(struct stream *s, unsigned threads,
		      struct content *content, bool *again)
{
	const struct recorder *r = s->run->r;
	struct loose *loose = NULL;
	int fd = s->fd, err = DV_E_UNSUPPORTED;

	if (r->mode == RECORD_PUT && !s->linked && s->size >= whole_from(r))
		err = loose_begin(r->store, fd, record_link(r), &loose);
	if (err == DV_E_UNSUPPORTED) {
		err = stream_once(s, threads, content);
		*again = !err && (content->size != s->size ||
				  !same_file(s, fd));
		return err;
	}
	if (err)
		return err;
	/* once it is cloned it may change as it likes */
	*again = loose_size(loose) != s->size || !same_file(s, fd);
	if (!*again)
		err = stream_clone(s, loose, threads, content);
	loose_free(loose);
	return err;
}

/* One try. */
static int try_once(struct stream *s, struct record_worker *w,
		    struct record_item *item, unsigned threads, bool *again)
{
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;
	int err;

	item->read_ns = clock_real_ns();
	err = record_open(s->run, w, item, &fd);
	if (err)
		return err;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return not_a_file(s);
	take_stat(item->entry, &st);
	s->fd = fd;
	s->size = (uint64_t)st.st_size;
	s->linked = item->entry->link ||
		(record_link(s->run->r) == LINK_HARD && st.st_nlink > 1);
	s->behind = record_is_huge(s->size);
	err = stream_any(s, threads, &item->entry->content, again);
	item->here = atomic_load(&s->here);
	return err;
}

int record_stream(const struct record_run *run, struct record_worker *w,
		  struct record_item *item, bool all)
{
	TRACE_REGION("record: stream");
	struct recorder *r = run->r;
	struct stream s = {
		.run = run, .item = item, .workers = w, .fd = -1,
		.nodes = all ? r->nodes : record_hand(r, w),
	};
	bool again = true;
	int err = 0;

	for (int i = 0; i < RECORD_TRIES && again && !err; i++) {
		if (i)
			err = cancel_check();
		if (!err)
			err = try_once(&s, w, item, all ? r->threads : 1,
				       &again);
	}
	if (!err && again)
		err = keeps_changing(&s);
	if (err && r->mode == RECORD_CHECK) {
		item->failed = true;
		err = cancel_check();
	}
	meter_add(r->meter, 0, 1);
	return err;
}
