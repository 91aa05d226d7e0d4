#include "chunk/stream.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/trace.h"
#include "chunk/cut.h"
#include "chunk/sha256.h"

#define PAGE		((size_t)4096)
/* Read and scanned at once: half of a usual L2 cache. */
#define READ_PIECE	((size_t)512 << 10)	/* divides blocks */
/* Blocks that may be put before one that takes long is reported. */
#define AHEAD		64

/* The chunks of a block that was put, until it is its turn to be reported. */
struct report {
	struct chunk *chunks;	/* owned; when reported, for use again */
	size_t count, room;
	bool due;
};

/*
 * What the workers of one chunk_stream() share.  Block n is bytes
 * [n * block, (n + 1) * block) of the file.  The cuts of a block
 * are chosen when those of all blocks before it are; what lies behind the
 * last cut is carried to the block after it.
 */
struct stream {
	const struct chunk_sink *sink;
	size_t block;			/* bytes */
	atomic_uint_fast64_t next;	/* block to be taken */
	atomic_bool ended;		/* the end of the file was seen */

	struct turnstile choose;	/* guards these */
	uint64_t start;			/* of the first chunk not yet made */
	uint64_t size;			/* of the file, once `done` */
	bool done;			/* the last cut was chosen */
	size_t carry_len;		/* bytes from start to the block */
	uint8_t *carry;			/* owned; DV_CHUNK_MAX bytes */

	pthread_mutex_t mutex;		/* guards the rest */
	pthread_cond_t moved;		/* `reported` did */
	uint64_t reported;		/* blocks */
	bool reporting;			/* somebody does, or failed to */
	struct report reports[AHEAD];	/* of block n at n % AHEAD */
};

/* One worker's own. */
struct hand {
	uint8_t *buffer;	/* owned; carried bytes, then a block */
	struct cut_list cuts;
	struct chunk *chunks;	/* owned */
	struct sha256_job *jobs; /* owned */
	size_t count, chunk_room, job_room;
};

#define DV_AUTO_HAND	__attribute__((cleanup(hand_release)))

static void hand_release(struct hand *h)
{
	free(h->buffer);
	cut_list_release(&h->cuts);
	free(h->chunks);
	free(h->jobs);
}

/* Where a block lies in a hand's buffer. */
static uint8_t *block_of(struct hand *h)
{
	return h->buffer + DV_CHUNK_MAX;
}

static void add_chunk(struct hand *h, const uint8_t *data, size_t len)
{
	ARRAY_GROW(h->chunks, h->count + 1, h->chunk_room);
	h->chunks[h->count++] = (struct chunk){ .data = data, .len = len };
}

/* The longest go first: then the lanes end with short ones, together. */
static void name_chunks(struct chunk *chunks, struct sha256_job *jobs,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = i;

		for (; at && jobs[at - 1].len < chunks[i].len; at--)
			jobs[at] = jobs[at - 1];
		jobs[at] = (struct sha256_job){ chunks[i].data, chunks[i].len,
						&chunks[i].id };
	}
	sha256_many(jobs, count);
}

/*
 * Reads block n and finds its candidates, piece by piece, while what was read
 * is in the CPU's cache.  The window before the block goes to where carried
 * bytes go later; it is read by itself, because the kernel copies to the start
 * of a page a fifth faster than to any other place.
 */
static int read_block(struct stream *s, struct hand *h, uint64_t n,
		      size_t *len)
{
	TRACE_REGION("chunk: read and scan");
	const struct chunk_sink *sink = s->sink;
	const uint64_t base = n * s->block;
	size_t before = n ? CUT_WINDOW : 0, want = before, got = 0;
	uint8_t *block;
	int err = 0;

	/* its pages are touched as far as there is a file, no further */
	if (!h->buffer)
		h->buffer = xmalloc_aligned(PAGE, DV_CHUNK_MAX + s->block);
	block = block_of(h);
	h->cuts.count = 0;
	if (before)
		err = sink->read(sink->data, block - before, before,
				 base - before, &got);
	for (*len = 0; !err && got == want && *len < s->block;) {
		want = READ_PIECE;
		err = sink->read(sink->data, block + *len, want, base + *len,
				 &got);
		if (err)
			break;
		assert(got <= want);
		cut_scan(block + *len, got, before + *len, base + *len,
			 &h->cuts);
		*len += got;
	}
	if (*len < s->block)
		atomic_store(&s->ended, true);
	return err;
}

/* In order: takes over the carried bytes, cuts, carries what is left. */
static void cut_block(struct stream *s, struct hand *h, uint64_t n, size_t len)
{
	struct cut_chooser chooser = { .start = s->start };
	const uint64_t known = n * s->block + len;
	const bool last = len < s->block;
	const uint8_t *at = block_of(h) - s->carry_len;
	uint64_t end;

	h->count = 0;
	if (s->carry_len)
		memcpy(block_of(h) - s->carry_len, s->carry, s->carry_len);
	while (cut_choose(&chooser, &h->cuts, known, last, &end)) {
		add_chunk(h, at, end - s->start);
		at += end - s->start;
		s->start = end;
	}
	s->carry_len = known - s->start;
	if (s->carry_len)
		memcpy(s->carry, at, s->carry_len);
	if (last) {
		s->done = true;
		s->size = known;
	}
}

/* The chunks of a block, once they are cut. */
static int put_block(struct stream *s, struct hand *h, unsigned worker)
{
	if (!h->count)
		return 0;
	{
		TRACE_REGION("chunk: hash");
		ARRAY_GROW(h->jobs, h->count, h->job_room);
		name_chunks(h->chunks, h->jobs, h->count);
	}
	TRACE_REGION("chunk: put");
	return s->sink->put(s->sink->data, worker, h->chunks, h->count);
}

/* s->mutex is held at both ends: reports what is due. */
static int emit_due(struct stream *s)
{
	struct report *r;
	int err = 0;

	s->reporting = true;
	while (!err && (r = &s->reports[s->reported % AHEAD])->due) {
		pthread_mutex_unlock(&s->mutex);
		if (r->count)
			err = s->sink->emit(s->sink->data, r->chunks,
					    r->count);
		pthread_mutex_lock(&s->mutex);
		r->due = false;
		s->reported++;
		pthread_cond_broadcast(&s->moved);
	}
	/* after a failure nobody else may report */
	s->reporting = err;
	return err;
}

/*
 * The chunks of block n are put.  Who is done before those with an earlier
 * block leaves the report to them and goes on.
 */
static int emit_block(struct stream *s, struct hand *h, struct crew *crew,
		      uint64_t n)
{
	struct report *r = &s->reports[n % AHEAD];
	struct report old;
	int err = 0;

	for (size_t i = 0; i < h->count; i++)
		h->chunks[i].data = NULL;
	pthread_mutex_lock(&s->mutex);
	while (!crew_failed(crew) && n >= s->reported + AHEAD)
		crew_wait(&s->moved, &s->mutex);
	if (!crew_failed(crew)) {
		old = *r;
		*r = (struct report){ h->chunks, h->count, h->chunk_room,
				      true };
		h->chunks = old.chunks;
		h->chunk_room = old.room;
		if (!s->reporting)
			err = emit_due(s);
	}
	pthread_mutex_unlock(&s->mutex);
	return err;
}

/* From the turn of block n on, which has been read. */
static int finish_block(struct stream *s, struct hand *h, struct crew *crew,
			unsigned worker, uint64_t n, size_t len)
{
	bool beyond;
	int err;

	if (!turnstile_enter(&s->choose, n, crew))
		return 0;
	/* a file that grew or shrank while it was read */
	beyond = s->done;
	if (!beyond)
		cut_block(s, h, n, len);
	turnstile_leave(&s->choose);
	if (beyond)
		return 0;

	err = put_block(s, h, worker);
	return err ? err : emit_block(s, h, crew, n);
}

/* The first block was read by the caller, into first. */
struct work {
	struct stream *stream;
	struct hand *first;
};

static int work(struct crew *crew, unsigned worker, void *data)
{
	struct work *w = data;
	struct stream *s = w->stream;
	DV_AUTO_HAND struct hand own = { .cuts = CUT_LIST_INIT };
	struct hand *h = worker ? &own : w->first;
	int err = 0;

	if (!worker)
		err = finish_block(s, h, crew, worker, 0, s->block);
	while (!err && !crew_failed(crew) && !atomic_load(&s->ended)) {
		uint64_t n = atomic_fetch_add(&s->next, 1);
		size_t len;

		err = read_block(s, h, n, &len);
		if (!err)
			err = finish_block(s, h, crew, worker, n, len);
	}
	return err;
}

/* Most files end in their first block and need nobody else. */
static int run(struct stream *s, unsigned threads)
{
	DV_AUTO_HAND struct hand first = { .cuts = CUT_LIST_INIT };
	struct work w = { s, &first };
	size_t len;
	int err = cancel_check();

	if (!err)
		err = read_block(s, &first, atomic_fetch_add(&s->next, 1),
				 &len);
	if (err)
		return err;
	if (len < s->block) {
		err = finish_block(s, &first, NULL, 0, 0, len);
		/* it does nothing, and says so to nobody, after that */
		return err ? err : cancel_check();
	}
	s->carry = xmalloc(DV_CHUNK_MAX);
	if (threads > STREAM_CREW)
		threads = STREAM_CREW;
	return crew_run(threads ? threads : 1, work, &w);
}

int chunk_stream(const struct chunk_sink *sink, unsigned threads,
		 uint64_t *size)
{
	struct stream s = {
		.sink = sink, .block = sink->block ? sink->block : STREAM_BLOCK,
	};
	int err;

	assert(s.block % READ_PIECE == 0);
	turnstile_init(&s.choose);
	pthread_mutex_init(&s.mutex, NULL);
	crew_cond_init(&s.moved);
	err = run(&s, threads);
	for (size_t i = 0; i < AHEAD; i++)
		free(s.reports[i].chunks);
	pthread_cond_destroy(&s.moved);
	pthread_mutex_destroy(&s.mutex);
	turnstile_release(&s.choose);
	free(s.carry);
	if (size)
		*size = s.size;
	return err;
}

static size_t cut_memory(const uint8_t *data, size_t len,
			 struct chunk *chunks, size_t room)
{
	struct cut_chooser chooser = { 0 };
	struct cut_list list = CUT_LIST_INIT;
	uint64_t start = 0, end;
	size_t count = 0;

	/* nothing is cut before that */
	if (len > DV_CHUNK_MIN)
		cut_scan(data + DV_CHUNK_MIN, len - DV_CHUNK_MIN, CUT_WINDOW,
			 DV_CHUNK_MIN, &list);
	while (cut_choose(&chooser, &list, len, true, &end)) {
		assert(count < room);
		chunks[count++] = (struct chunk){ .data = data + start,
						  .len = end - start };
		start = end;
	}
	cut_list_release(&list);
	return count;
}

#define NAME_AT_ONCE	64

size_t chunk_memory(const uint8_t *data, size_t len, struct chunk *chunks,
		    size_t room, int name)
{
	size_t count = cut_memory(data, len, chunks, room);

	for (size_t i = 0; name && i < count; i += NAME_AT_ONCE) {
		struct sha256_job jobs[NAME_AT_ONCE];
		size_t n = count - i;

		name_chunks(chunks + i, jobs,
			    n < NAME_AT_ONCE ? n : NAME_AT_ONCE);
	}
	return count;
}
