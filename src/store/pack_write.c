/*
 * Writing packs.  One pack is open at a time: packers reserve a place in it
 * under the writer's mutex and copy their frames there outside of it, into
 * blocks of memory.  A full block goes to the syncer, a thread that writes it
 * while packers go on with others.  Once a pack is long enough it takes no
 * more frames; when the last one has arrived the syncer adds the index, waits
 * for the disk and gives the pack its name.
 */

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "store/claims.h"
#include "store/pack_block.h"
#include "store/pack_writer.h"

/* Most packs that wait for the syncer before packers do. */
#define QUEUE_MAX	3
/* A pack is closed with so many objects, however short they are. */
#define OBJECTS_AIM	(1u << 18)

struct pack_file {
	struct pack_file *next;		/* in the syncer's queue */
	struct pack_disk disk;
	uint64_t end;			/* where the next frame goes */
	struct block *tail;		/* where `end` is; NULL: in none yet */
	unsigned unwritten;		/* full blocks */
	unsigned writing;		/* frames on their way */
	bool closed;
	struct frame_info *frames;	/* owned */
	size_t frame_count, frame_room;
	struct pack_entry *entries;	/* owned */
	size_t entry_count, entry_room;
};

struct pack_writer {
	struct pack_writer_options o;
	bool direct;
	char *temp_dir, *dir;		/* owned */
	struct claims *claims;		/* owned */
	atomic_bool failed;
	pthread_mutex_t mutex;		/* guards what follows */
	pthread_cond_t work;		/* for the syncer */
	pthread_cond_t moved;		/* a queue is shorter, or a failure */
	struct error_state error;	/* the first failure */
	struct pack_file *open;
	struct pack_file *queue;	/* first of those that are complete */
	unsigned queued;		/* and not yet done with */
	struct block_pool pool;
	struct block *full, **full_end;	/* to be written */
	bool running, stop;
	pthread_t syncer;
	uint64_t raw, stored;
};

static void *syncer_main(void *data);

/* --- life -------------------------------------------------------------- */

int pack_writer_open(const struct pack_writer_options *o,
		     struct pack_writer **out)
{
	struct pack_writer *w = xcalloc(1, sizeof(*w));

	w->o = *o;
	if (!w->o.aim)
		w->o.aim = PACK_AIM;
	w->temp_dir = xstrdup(o->temp_dir);
	w->dir = xstrdup(o->dir);
	w->claims = claims_new();
	w->full_end = &w->full;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_cond_init(&w->moved, NULL);
	*out = w;
	return 0;
}

/* Closes and forgets; the file goes unless it was given its name. */
static void file_free(struct pack_file *f)
{
	if (!f)
		return;
	pack_disk_release(&f->disk);
	free(f->frames);
	free(f->entries);
	free(f);
}

static void stop_syncer(struct pack_writer *w)
{
	if (!w->running)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->syncer, NULL);
	w->running = false;
}

void pack_writer_free(struct pack_writer *w)
{
	if (!w)
		return;
	stop_syncer(w);
	while (w->queue) {
		struct pack_file *next = w->queue->next;

		file_free(w->queue);
		w->queue = next;
	}
	file_free(w->open);
	block_pool_release(&w->pool);
	claims_free(w->claims);
	pthread_cond_destroy(&w->moved);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->mutex);
	free(w->temp_dir);
	free(w->dir);
	free(w);
}

void pack_writer_direct(struct pack_writer *w)
{
	w->direct = true;
}

bool pack_writer_claim(struct pack_writer *w, const struct dv_id *id)
{
	return claims_add(w->claims, id);
}

void pack_writer_unclaim(struct pack_writer *w, const struct dv_id *id)
{
	claims_remove(w->claims, id);
}

void pack_writer_cost(struct pack_writer *w, uint64_t *raw, uint64_t *stored)
{
	pthread_mutex_lock(&w->mutex);
	*raw = w->raw;
	*stored = w->stored;
	pthread_mutex_unlock(&w->mutex);
}

/* w->mutex is held.  The text is that of the calling thread. */
static int note_failure(struct pack_writer *w, int code)
{
	if (code == DV_E_NOSPACE && !*dv_error_hint())
		dv_hint(code, "free some space, then run the same command "
			"again");
	if (!w->error.code)
		error_save(code, &w->error);
	atomic_store(&w->failed, true);
	pthread_cond_broadcast(&w->moved);
	return code;
}

/* --- the open pack ----------------------------------------------------- */

/*
 * Takes the next `len` bytes of the pack.  w->mutex is held, and there are
 * blocks enough.
 */
static void take_place(struct pack_writer *w, struct pack_file *f, size_t len,
		       struct block_span *span)
{
	unsigned count;

	*span = (struct block_span){ .offset = f->end, .len = len };
	count = block_span_count(span);
	assert(count <= BLOCK_SPAN);
	for (unsigned i = 0; i < count; i++) {
		if (!f->tail)
			f->tail = block_take(&w->pool, f, f->end + i *
					     PACK_BLOCK - f->end % PACK_BLOCK);
		span->blocks[i] = f->tail;
		if (i + 1 < count)
			f->tail = NULL;
	}
	f->end += len;
	w->stored += len;
	if (f->end % PACK_BLOCK == 0)
		f->tail = NULL;
}

static int file_start(struct pack_writer *w)
{
	const struct pack_disk_way way = {
		.direct = w->direct, .nosync = w->o.nosync,
	};
	uint8_t header[PACK_HEADER_SIZE];
	struct pack_file *f = xcalloc(1, sizeof(*f));
	struct block_span span;
	int err = pack_disk_open(&f->disk, w->temp_dir, way);

	if (err) {
		file_free(f);
		return err;
	}
	pack_header_encode(header, w->o.class);
	take_place(w, f, sizeof(header), &span);
	block_copy(&span, 0, header, sizeof(header));
	block_arrived(&span, 0);
	w->open = f;
	return 0;
}

static void add_entries(struct pack_file *f, const struct frame_out *frame)
{
	struct frame_info *info;
	uint32_t offset = 0;

	ARRAY_GROW(f->frames, f->frame_count + 1, f->frame_room);
	info = &f->frames[f->frame_count];
	*info = frame->info;
	info->first = f->entry_count;
	info->offset = f->end + frame->parts[0].iov_len;
	ARRAY_GROW(f->entries, f->entry_count + info->count, f->entry_room);
	for (uint32_t i = 0; i < info->count; i++) {
		struct pack_entry *e = &f->entries[f->entry_count++];

		e->id = frame->ids[i];
		e->frame = f->frame_count;
		e->offset = offset;
		e->len = frame->lens[i];
		e->check = frame->checks[i];
		offset += e->len;
	}
	f->frame_count++;
}

/* Blocks that `len` more bytes begin. */
static unsigned blocks_begun(const struct pack_writer *w, uint64_t len)
{
	const uint64_t round = PACK_BLOCK - 1;
	uint64_t end = w->open ? w->open->end : 0;

	if (!w->open)
		len += PACK_HEADER_SIZE;
	return (end + len + round) / PACK_BLOCK - (end + round) / PACK_BLOCK;
}

/* w->mutex is held: waits until there is room, then finds a place. */
static int reserve_frame(struct pack_writer *w, const struct frame_out *frame,
			 struct pack_file **file, struct block_span *span)
{
	uint64_t len = frame->parts[0].iov_len + frame->parts[1].iov_len;
	struct pack_file *f;
	int err = block_pool_open(&w->pool);

	if (!err && w->o.room)
		err = w->o.room(w->o.data, len);
	if (err)
		return note_failure(w, err);
	while (!w->error.code &&
	       (w->queued >= QUEUE_MAX ||
		w->pool.free_count < blocks_begun(w, len)))
		pthread_cond_wait(&w->moved, &w->mutex);
	if (w->error.code)
		return error_restore(&w->error);
	if (!w->open) {
		err = file_start(w);
		if (err)
			return note_failure(w, err);
	}
	f = w->open;
	*file = f;
	add_entries(f, frame);
	take_place(w, f, len, span);
	f->writing++;
	w->raw += frame->info.raw;
	if (f->end >= w->o.aim || f->entry_count >= OBJECTS_AIM) {
		f->closed = true;
		w->open = NULL;
	}
	return 0;
}

/* w->mutex is held. */
static int start_syncer(struct pack_writer *w)
{
	sigset_t all, before;
	int code;

	if (w->running)
		return 0;
	/* signals are for the thread that knows what to do with them */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&w->syncer, NULL, syncer_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code)
		return note_failure(w, dv_fail(DV_E_IO,
					       "cannot start a thread: %s",
					       strerror(code)));
	w->running = true;
	return 0;
}

/* w->mutex is held; f is closed and nobody writes to it. */
static int enqueue(struct pack_writer *w, struct pack_file *f)
{
	struct pack_file **last = &w->queue;
	int err;

	while (*last)
		last = &(*last)->next;
	*last = f;
	w->queued++;
	err = start_syncer(w);
	if (!err)
		pthread_cond_signal(&w->work);
	return err;
}

/* w->mutex is held: what is complete now goes to the syncer. */
static int frame_arrived(struct pack_writer *w, struct pack_file *f,
			 const struct block_span *span)
{
	int err = 0;

	for (unsigned i = 0; i < block_span_count(span); i++) {
		struct block *b = span->blocks[i];

		block_arrived(span, i);
		if (b->filled < PACK_BLOCK)
			continue;
		f->unwritten++;
		*w->full_end = b;
		w->full_end = &b->next;
		err = start_syncer(w);
		pthread_cond_signal(&w->work);
	}
	f->writing--;
	if (f->closed && !f->writing) {
		int failed = enqueue(w, f);

		err = err ? err : failed;
	}
	return err;
}

int pack_writer_frame(struct pack_writer *w, const struct frame_out *frame)
{
	struct pack_file *f = NULL;
	struct block_span span;
	int err;

	pthread_mutex_lock(&w->mutex);
	err = reserve_frame(w, frame, &f, &span);
	pthread_mutex_unlock(&w->mutex);
	if (err)
		return err;
	block_copy(&span, span.offset, frame->parts[0].iov_base,
		   frame->parts[0].iov_len);
	block_copy(&span, span.offset + frame->parts[0].iov_len,
		   frame->parts[1].iov_base, frame->parts[1].iov_len);
	pthread_mutex_lock(&w->mutex);
	err = frame_arrived(w, f, &span);
	pthread_mutex_unlock(&w->mutex);
	return err;
}

int pack_writer_check(struct pack_writer *w)
{
	int err = 0;

	if (!atomic_load(&w->failed))
		return 0;
	pthread_mutex_lock(&w->mutex);
	err = error_restore(&w->error);
	pthread_mutex_unlock(&w->mutex);
	return err;
}

/* --- the syncer -------------------------------------------------------- */

/* w->mutex is held at both ends. */
static void write_next(struct pack_writer *w)
{
	struct block *b = w->full;
	int err = 0;

	w->full = b->next;
	if (!w->full)
		w->full_end = &w->full;
	pthread_mutex_unlock(&w->mutex);
	if (!atomic_load(&w->failed))
		err = pack_disk_block(&b->file->disk, b->data, b->offset);
	pthread_mutex_lock(&w->mutex);
	if (err)
		note_failure(w, err);
	b->file->unwritten--;
	block_give_back(&w->pool, b);
	pthread_cond_broadcast(&w->moved);
}

/* Writes what no full block had, and the index. */
static int write_end(struct pack_writer *w, struct pack_file *f,
		     struct dv_id *id)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct pack_index x = {
		.nonce = w->o.nonce, .class = w->o.class,
		.layout = PACK_PACKED, .frames = f->frame_count,
		.objects = f->entry_count,
	};
	const size_t rest = f->end % PACK_BLOCK;
	int err;

	assert(rest == (f->tail ? f->tail->filled : 0));
	pack_index_encode(&x, f->frames, f->entries, f->end, &bytes, id);
	err = pack_disk_end(&f->disk, f->tail ? f->tail->data : NULL, rest,
			    bytes.data, bytes.len, f->end - rest);
	if (err)
		return err;
	pthread_mutex_lock(&w->mutex);
	w->stored += bytes.len;
	pthread_mutex_unlock(&w->mutex);
	return 0;
}

static int hand_over(struct pack_writer *w, const char *path,
		     const struct dv_id *id)
{
	struct pack *pack;
	int err;

	if (!w->o.finished)
		return 0;
	err = pack_open(path, id, &pack);
	return err ? err : w->o.finished(w->o.data, pack);
}

/* Makes a complete pack durable and visible. */
static int seal(struct pack_writer *w, struct pack_file *f)
{
	TRACE_REGION("pack: seal");
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	struct dv_id id;
	int err = write_end(w, f, &id);

	if (!err)
		err = pack_disk_sync(&f->disk);
	if (err)
		return err;
	dv_id_to_hex(&id, hex);
	buf_addf(&path, "%s/%s.pack", w->dir, hex);
	crash_point("pack-before-rename");
	err = pack_give_name(f->disk.path, path.data);
	if (err)
		return err;
	crash_point("pack-after-rename");
	pack_disk_keep(&f->disk);
	err = hand_over(w, path.data, &id);
	for (size_t i = 0; i < f->entry_count && !err; i++)
		claims_remove(w->claims, &f->entries[i].id);
	return err;
}

/* w->mutex is held at both ends. */
static void sync_next(struct pack_writer *w)
{
	struct pack_file *f = w->queue;
	int err = 0;

	w->queue = f->next;
	pthread_mutex_unlock(&w->mutex);
	if (!atomic_load(&w->failed))
		err = seal(w, f);
	pthread_mutex_lock(&w->mutex);
	if (err)
		note_failure(w, err);
	if (f->tail)
		block_give_back(&w->pool, f->tail);
	w->queued--;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->mutex);
	file_free(f);
	pthread_mutex_lock(&w->mutex);
}

static void *syncer_main(void *data)
{
	struct pack_writer *w = data;

	pthread_mutex_lock(&w->mutex);
	while (!w->stop) {
		if (w->queue && !w->queue->unwritten)
			sync_next(w);
		else if (w->full)
			write_next(w);
		else
			pthread_cond_wait(&w->work, &w->mutex);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

int pack_writer_finish(struct pack_writer *w)
{
	struct pack_file *f;
	int err = 0;

	pthread_mutex_lock(&w->mutex);
	f = w->open;
	/* after a failure a block of it may still be on its way */
	if (f && !w->error.code) {
		w->open = NULL;
		f->closed = true;
		err = enqueue(w, f);
	}
	while (!err && !w->error.code && w->queued)
		pthread_cond_wait(&w->moved, &w->mutex);
	if (!err && w->error.code)
		err = error_restore(&w->error);
	pthread_mutex_unlock(&w->mutex);
	stop_syncer(w);
	crash_point("pack-before-dirsync");
	if (!err && !w->o.nosync)
		err = dir_sync(w->dir);
	crash_point("pack-after-dirsync");
	return err;
}
