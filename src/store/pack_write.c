/*
 * Writing packs.  One pack is open at a time: packers reserve a place in it
 * under the writer's mutex and copy their frames there outside of it, into
 * blocks of memory.  A full block is written to the file: by the packer that
 * filled it, which has it in its CPU's cache, or past the page cache by the
 * syncer, because that means waiting for the disk.  Once a pack is long enough
 * it takes no more frames; when the last one has arrived the syncer completes
 * it.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crash.h"
#include "base/file.h"
#include "store/pack_sync.h"

/* Most packs that wait for the syncer before packers do. */
#define QUEUE_MAX	2
/* A pack is closed with so many objects, however short they are. */
#define OBJECTS_AIM	(1u << 16)

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

void pack_writer_free(struct pack_writer *w)
{
	if (!w)
		return;
	pack_sync_stop(w);
	while (w->queue) {
		struct pack_file *next = w->queue->next;

		pack_file_free(w->queue);
		w->queue = next;
	}
	pack_file_free(w->open);
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

void pack_writer_rest(struct pack_writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->resting = true;
	block_pool_trim(&w->pool);
	pthread_mutex_unlock(&w->mutex);
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

/* --- the open pack ----------------------------------------------------- */

/*
 * Takes the next `len` bytes of the pack.  w->mutex is held, and there are
 * blocks enough.
 */
static void take_place(struct pack_writer *w, struct pack_file *f, size_t len,
		       struct block_span *span)
{
	const size_t block = w->pool.size;
	unsigned count;

	*span = (struct block_span){
		.block = block, .offset = f->end, .len = len,
	};
	count = block_span_count(span);
	assert(count <= BLOCK_SPAN);
	for (unsigned i = 0; i < count; i++) {
		if (!f->tail)
			f->tail = block_take(&w->pool, f, f->end + i * block -
					     f->end % block);
		span->blocks[i] = f->tail;
		if (i + 1 < count)
			f->tail = NULL;
	}
	f->end += len;
	w->stored += len;
	if (f->end % block == 0)
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
		pack_file_free(f);
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
	const size_t block = w->pool.size;
	uint64_t end = w->open ? w->open->end : 0;

	if (!w->open)
		len += PACK_HEADER_SIZE;
	return (end + len + block - 1) / block - (end + block - 1) / block;
}

/* w->mutex is held: waits until there is room, then finds a place. */
static int reserve_frame(struct pack_writer *w, const struct frame_out *frame,
			 struct pack_file **file, struct block_span *span)
{
	uint64_t len = frame->parts[0].iov_len + frame->parts[1].iov_len;
	struct pack_file *f;
	int err = block_pool_open(&w->pool, w->direct ? PACK_BLOCK_DIRECT :
				  PACK_BLOCK_CACHED);

	if (!err && w->o.room)
		err = w->o.room(w->o.data, len);
	if (err)
		return pack_note_failure(w, err);
	while (!w->error.code &&
	       (w->queued >= QUEUE_MAX ||
		w->pool.free_count < blocks_begun(w, len)))
		pthread_cond_wait(&w->moved, &w->mutex);
	if (w->error.code)
		return error_restore(&w->error);
	if (!w->open) {
		err = file_start(w);
		if (err)
			return pack_note_failure(w, err);
	}
	w->resting = false;
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

/* w->mutex is held: what is complete now goes to the syncer. */
static int frame_arrived(struct pack_writer *w, struct pack_file *f,
			 const struct block_span *span)
{
	int err = 0;

	for (unsigned i = 0; i < block_span_count(span); i++) {
		struct block *b = span->blocks[i];

		block_arrived(span, i);
		if (b->filled == w->pool.size)
			pack_sync_block(w, b);
	}
	f->writing--;
	if (f->closed && !f->writing)
		err = pack_sync_file(w, f);
	return err ? err : pack_sync_full(w);
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

int pack_writer_finish(struct pack_writer *w)
{
	struct pack_file *f;
	int err = 0;

	pthread_mutex_lock(&w->mutex);
	w->resting = true;
	f = w->open;
	/* after a failure a block of it may still be on its way */
	if (f && !w->error.code) {
		w->open = NULL;
		f->closed = true;
		err = pack_sync_file(w, f);
	}
	while (!err && !w->error.code && w->queued)
		pthread_cond_wait(&w->moved, &w->mutex);
	if (!err && w->error.code)
		err = error_restore(&w->error);
	pthread_mutex_unlock(&w->mutex);
	pack_sync_stop(w);
	crash_point("pack-before-dirsync");
	if (!err && !w->o.nosync)
		err = dir_sync(w->dir);
	crash_point("pack-after-dirsync");
	return err;
}
