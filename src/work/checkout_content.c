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
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "dv/chunk.h"
#include "store/list.h"
#include "store/loose.h"
#include "work/checkout.h"

#define ALLOCATE_FROM	((uint64_t)8 << 20)	/* bytes */
#define RANGE_BYTES	((uint64_t)16 << 20)
/* To share less than that costs more than to write it. */
#define SHARED_MIN	((uint64_t)128 << 10)
#define SAMPLES		16	/* chunks looked for in loose files */

/*
 * Bytes go to the file whenever there are so many, up to a multiple of it:
 * what was just read and checked is still in the CPU's cache.
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
	uint64_t block;			/* bytes that can be shared at once; 0:
					   nothing is shared */
	_Atomic uint64_t next;		/* where the next range begins */
	/*
	 * The kernel lets one thread write into a file at a time, and those
	 * that wait for it burn their CPU.
	 */
	pthread_mutex_t mutex;
};

/* Neighbouring bytes that a loose file has in one piece too. */
struct run {
	uint64_t from;			/* in the loose file */
	uint64_t offset, len;		/* in the file being written; 0: none */
};

/* What one thread has read, checked, and not yet written. */
struct pieces {
	struct target *t;
	struct hand *h;
	uint8_t *data;			/* h's */
	uint64_t offset;		/* of data in the file */
	size_t len;
	unsigned written, waited;	/* times */
	struct loose_source *source;	/* owned; NULL: nothing is shared */
	struct run run;			/* follows data */
	bool measuring;			/* nothing is done */
	uint64_t measured;		/* bytes that would be written */
};

/* A chunk, or the part of it that a range has. */
struct part {
	struct dv_id id;
	uint64_t offset;		/* of the chunk in the file */
	uint32_t len;			/* of the chunk */
	uint64_t from, to;		/* of what is wanted, in the file */
};

typedef int part_fn(struct pieces *s, const struct part *part);

/* Calls fn for the bytes [from, to). */
static int each_part(struct pieces *s, uint64_t from, uint64_t to,
		     part_fn *fn)
{
	const struct content *c = s->t->content;
	struct list_walk *walk;
	struct part part;
	int err = list_walk_open(s->h->reader, c, from, &walk);

	if (err)
		return err;
	while (from < to && (err = list_walk_next(walk, &part.id, &part.offset,
						  &part.len)) == 1) {
		part.from = from;
		part.to = part.offset + part.len;
		if (part.to > to)
			part.to = to;
		from = part.to;
		err = fn(s, &part);
		if (err)
			break;
	}
	list_walk_close(walk);
	return err ? err : from < to ? wrong_size(c) : 0;
}

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
	err = file_pwrite_pieces(t->fd, s->data, len, s->offset, t->name);
	pthread_mutex_unlock(&t->mutex);
	s->offset += len;
	s->len -= len;
	memmove(s->data, s->data + len, s->len);
	return err;
}

static int add_part(struct pieces *s, const struct part *part)
{
	uint8_t *out = s->data + s->len;
	uint32_t got = part->len;
	size_t odd, end, len = part->to - part->from;
	int err = cancel_check();

	s->measured += len;
	if (err || s->measuring)
		return err;
	err = store_read_to(s->h->reader, OBJECT_DATA, &part->id, out, &got);
	if (err)
		return unreadable(err);
	if (got != part->len)
		return wrong_size(s->t->content);
	if (part->from > part->offset)
		memmove(out, out + (part->from - part->offset), len);
	meter_add(s->h->p->meter, len, 0);
	if (!s->len)
		s->offset = part->from;
	s->len += len;
	odd = s->offset % PIECE;
	end = (odd + s->len) / PIECE * PIECE;
	return end ? put_pieces(s, end - odd) : 0;
}

/* --- blocks of loose files ------------------------------------------------ */

/* Shares blocks [low, high); false: they are to be written after all. */
static bool clone_blocks(struct pieces *s, const struct run *run,
			 uint64_t low, uint64_t high, int *err)
{
	*err = put_pieces(s, s->len);
	if (*err || s->measuring)
		return !*err;
	pthread_mutex_lock(&s->t->mutex);
	*err = loose_source_clone(s->source, run->from + (low - run->offset),
				  high - low, s->t->fd, low);
	pthread_mutex_unlock(&s->t->mutex);
	if (!*err) {
		meter_add(s->h->p->meter, high - low, 0);
		return true;
	}
	loose_source_free(s->source);
	s->source = NULL;
	*err = 0;
	return false;
}

/* Shares what can be of the run, and writes its ends. */
static int end_run(struct pieces *s)
{
	const struct run run = s->run;
	uint64_t block = s->t->block, end = run.offset + run.len;
	uint64_t low, high;
	int err;

	if (!run.len)	/* always so where nothing is shared */
		return 0;
	s->run.len = 0;
	low = (run.offset + block - 1) / block * block;
	high = end / block * block;
	if (high < low + SHARED_MIN)
		return each_part(s, run.offset, end, add_part);
	err = each_part(s, run.offset, low, add_part);
	if (!err && !clone_blocks(s, &run, low, high, &err) && !err)
		err = each_part(s, low, high, add_part);
	return err ? err : each_part(s, high, end, add_part);
}

/* Where the bytes of the part begin in a loose file, in the same blocks. */
static bool find_shared(struct loose_source *source, const struct part *part,
			uint64_t block, uint64_t *from)
{
	if (!loose_source_turn(source, &part->id, part->len, from))
		return false;
	*from += part->from - part->offset;
	return *from % block == part->from % block;
}

static int share_part(struct pieces *s, const struct part *part)
{
	struct run *run = &s->run;
	uint64_t at;
	int err;

	if (run->len && loose_source_here(s->source, &part->id, part->len,
					  &at) &&
	    at + (part->from - part->offset) == run->from + run->len) {
		run->len += part->to - part->from;
		return 0;
	}
	err = end_run(s);
	if (err || !s->source ||
	    !find_shared(s->source, part, s->t->block, &at))
		return err ? err : add_part(s, part);
	*run = (struct run){ at, part->from, part->to - part->from };
	return 0;
}

/* Looks in some places whether loose files have what is wanted. */
static bool shares_any(struct target *t)
{
	const struct plan *p = t->first->p;
	const struct content *c = t->content;
	struct loose_source *source = loose_source_new(p->r->store);
	bool found = false;

	for (unsigned i = 0; i < SAMPLES && !found; i++) {
		struct list_walk *walk;
		struct part part;
		uint64_t from = c->size / SAMPLES * i;

		if (list_walk_open(t->first->reader, c, from, &walk))
			break;
		if (list_walk_next(walk, &part.id, &part.offset,
				   &part.len) == 1) {
			part.from = part.offset;
			found = find_shared(source, &part, t->block, &from);
		}
		list_walk_close(walk);
	}
	loose_source_free(source);
	return found;
}

/* --- ranges --------------------------------------------------------------- */

static int write_range(struct pieces *s, uint64_t from, uint64_t to)
{
	int err = each_part(s, from, to, s->source ? share_part : add_part);

	if (!err)
		err = end_run(s);
	return err ? err : put_pieces(s, s->len);
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
	if (t->block)
		s.source = loose_source_new(t->first->p->r->store);
	while (!err && !crew_failed(crew) && !(worker && is_idle(&s))) {
		uint64_t from = atomic_fetch_add(&t->next, RANGE_BYTES);
		uint64_t to = from + RANGE_BYTES;

		if (from >= t->content->size)
			break;
		if (to > t->content->size)
			to = t->content->size;
		err = write_range(&s, from, to);
	}
	loose_source_free(s.source);
	if (worker)
		hand_release(&own);
	return err;
}

/* --- all of it ------------------------------------------------------------ */

/* True when some blocks can be shared. */
static bool find_blocks(struct target *t, int fd)
{
	const struct content *c = t->content;
	struct statvfs fs;

	if (!c->list || !t->first->p->r->clone || c->size < RECORD_CLONED ||
	    fstatvfs(fd, &fs) || !fs.f_bsize)
		return false;
	t->block = fs.f_bsize;
	if (!shares_any(t))
		t->block = 0;
	return t->block;
}

uint64_t content_room(struct hand *h, const struct content *c)
{
	struct target t = { .first = h, .content = c };
	struct pieces s = { .t = &t, .h = h, .measuring = true };
	int err = 0;

	if (!find_blocks(&t, h->p->top))
		return c->size;
	s.source = loose_source_new(h->p->r->store);
	for (uint64_t from = 0; from < c->size && !err; from += RANGE_BYTES)
		err = write_range(&s, from, c->size - from < RANGE_BYTES ?
				  c->size : from + RANGE_BYTES);
	loose_source_free(s.source);
	return err ? c->size : s.measured;
}

/*
 * Shares the blocks of a loose file of this content: 1, or 0 if that cannot be
 * done.
 */
static int clone_content(const struct hand *h, const struct plan_entry *e,
			 int fd)
{
	const struct content *c = &e->want->content;

	if (!h->p->r->clone || c->size < RECORD_CLONED)
		return 0;
	if (!loose_clone(h->p->r->store, c, fd)) {
		meter_add(h->p->meter, c->size, 0);
		return 1;
	}
	return ftruncate(fd, 0) ? fail_entry(h, e, "write") : 0;
}

/*
 * Disk space comes first, so that a full disk is found before anything is
 * written; but not for blocks that are shared.  The size comes with what is
 * written: a file that has its size and zeros after the power failed would
 * count as the one that was put there.
 */
static int make_room(struct target *t, const struct plan_entry *e)
{
	uint64_t size = t->content->size;

	if (find_blocks(t, t->fd))
		return ftruncate(t->fd, (off_t)size) ?
			fail_entry(t->first, e, "write") : 0;
	if (size >= ALLOCATE_FROM &&
	    fallocate(t->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) &&
	    errno == ENOSPC)
		return fail_entry(t->first, e, "make room for");
	return 0;
}

int write_content(struct hand *h, const struct plan_entry *e, int fd,
		  unsigned threads)
{
	const struct content *c = &e->want->content;
	struct target t = { .first = h, .content = c, .name = e->name,
			    .fd = fd };
	const uint8_t *data;
	uint32_t len;
	int err = c->size ? clone_content(h, e, fd) : 1;

	if (err)
		return err > 0 ? 0 : err;
	err = make_room(&t, e);
	if (err)
		return err;
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
