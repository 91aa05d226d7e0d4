/*
 * The content of one file: shared with a loose file where that can be, else
 * written chunk by chunk, each checked before.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clone.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "dv/chunk.h"
#include "store/list.h"
#include "store/loose.h"
#include "work/checkout.h"

#define ALLOCATE_FROM	((uint64_t)8 << 20)	/* bytes */
#define RANGE_BYTES	((uint64_t)16 << 20)

/*
 * Bytes go to the file in pieces of this size, which begin at multiples of
 * it: what was just read and checked is still in the CPU's cache, and the
 * kernel gets by with few large folios.  For larger ones it may have to move
 * memory about first.
 */
#define PIECE		((size_t)256 << 10)

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
static int unreadable(int err)
{
	return err == DV_E_IO ? DV_E_CORRUPT : err;
}

/* --- pieces --------------------------------------------------------------- */

/* A file written by one or several threads. */
struct target {
	struct hand *first;		/* of worker 0 */
	const struct content *content;
	const char *name;
	int fd;
	_Atomic uint64_t next;		/* where the next range begins */
	/*
	 * The kernel lets one thread write into a file at a time, and those
	 * that wait for it burn their CPU.
	 */
	pthread_mutex_t mutex;
};

/* What one thread has read, checked, and not yet written. */
struct pieces {
	struct target *t;
	struct hand *h;
	uint8_t *data;			/* h's */
	uint64_t offset;		/* of data in the file */
	size_t len;
	unsigned written, waited;	/* times */
};

/* Writes the first len bytes and keeps the others. */
static int put_pieces(struct pieces *s, size_t len)
{
	struct target *t = s->t;
	int err;

	if (!len)
		return 0;
	s->written++;
	if (pthread_mutex_trylock(&t->mutex)) {
		s->waited++;
		pthread_mutex_lock(&t->mutex);
	}
	err = file_pwrite_all(t->fd, s->data, len, s->offset, t->name);
	pthread_mutex_unlock(&t->mutex);
	s->offset += len;
	s->len -= len;
	memmove(s->data, s->data + len, s->len);
	return err;
}

static int add_chunk(struct pieces *s, const struct dv_id *id, uint32_t len)
{
	size_t odd, end;
	uint32_t got = len;
	int err = cancel_check();

	if (err)
		return err;
	err = store_read_to(s->h->reader, OBJECT_DATA, id, s->data + s->len,
			    &got);
	if (err)
		return unreadable(err);
	if (got != len)
		return wrong_size(s->t->content);
	meter_add(s->h->p->meter, len, 0);
	s->len += len;
	odd = s->offset % PIECE;
	end = (odd + s->len) / PIECE * PIECE;
	return end ? put_pieces(s, end - odd) : 0;
}

/* Writes the chunks that begin in [from, to). */
static int write_range(struct pieces *s, uint64_t from, uint64_t to)
{
	const struct content *c = s->t->content;
	struct list_walk *walk;
	uint64_t offset, next = from;
	uint32_t len;
	struct dv_id id;
	int err = list_walk_open(s->h->reader, c, from, &walk);

	if (err)
		return err;
	s->len = 0;
	while ((err = list_walk_next(walk, &id, &offset, &len)) == 1) {
		if (offset >= to)
			break;
		next = offset + len;
		if (offset < from)
			continue;	/* it began in the range before */
		if (!s->len)
			s->offset = offset;
		err = add_chunk(s, &id, len);
		if (err)
			break;
	}
	list_walk_close(walk);
	if (err != 1 && err != 0)
		return err;
	if (next < to)
		return wrong_size(c);
	return put_pieces(s, s->len);
}

/* One that mostly waits for the others to write is of no use. */
static bool is_idle(const struct pieces *s)
{
	return s->written >= 32 && s->waited > s->written / 4;
}

static int write_ranges(struct crew *crew, unsigned worker, void *data)
{
	struct target *t = data;
	struct pieces s = { .t = t, .h = t->first };
	struct hand own;
	int err = 0;

	if (worker) {
		hand_init(&own, t->first->p);
		s.h = &own;
	}
	if (!s.h->pieces)
		s.h->pieces = xmalloc(PIECE + DV_CHUNK_MAX);
	s.data = s.h->pieces;
	while (!err && !crew_failed(crew) && !(worker && is_idle(&s))) {
		uint64_t from = atomic_fetch_add(&t->next, RANGE_BYTES);
		uint64_t to = from + RANGE_BYTES;

		if (from >= t->content->size)
			break;
		if (to > t->content->size)
			to = t->content->size;
		err = write_range(&s, from, to);
	}
	if (worker)
		hand_release(&own);
	return err;
}

/* --- all of it ------------------------------------------------------------ */

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
	struct target t = { .first = h, .content = c, .name = e->name,
			    .fd = fd };
	const uint8_t *data;
	uint32_t len;
	int err;

	if (!c->size || clone_content(h, c, fd))
		return 0;
	if (c->size >= ALLOCATE_FROM &&
	    fallocate(fd, 0, 0, (off_t)c->size) && errno == ENOSPC)
		return fail_entry(h, e, "make room for");
	if (c->list) {
		pthread_mutex_init(&t.mutex, NULL);
		err = crew_run(threads, write_ranges, &t);
		pthread_mutex_destroy(&t.mutex);
		return err;
	}
	err = store_read(h->reader, OBJECT_DATA, &c->id, &data, &len);
	if (err)
		return unreadable(err);
	if (len != c->size)
		return wrong_size(c);
	err = file_write_all(fd, data, len, e->name);
	if (!err)
		meter_add(h->p->meter, len, 0);
	return err;
}
