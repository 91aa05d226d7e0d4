/*
 * From full blocks to packs.  The syncer, a writer's own thread, adds the
 * index of a complete pack, waits for the disk and gives it its name.
 */

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/crash.h"
#include "base/trace.h"
#include "store/pack_sync.h"

void pack_file_free(struct pack_file *f)
{
	if (!f)
		return;
	pack_disk_release(&f->disk);
	free(f->frames);
	free(f->entries);
	free(f);
}

int pack_note_failure(struct pack_writer *w, int code)
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
		err = pack_disk_block(&b->file->disk, b->data, w->pool.size,
				      b->offset);
	pthread_mutex_lock(&w->mutex);
	if (err)
		pack_note_failure(w, err);
	if (!--b->file->unwritten && b->file->closed)
		pthread_cond_signal(&w->work);
	block_give_back(&w->pool, b);
	if (w->resting)
		block_pool_trim(&w->pool);
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
	const size_t rest = f->end % w->pool.size;
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
	/* the index, and what comes after it, takes memory as well */
	if (w->resting)
		block_pool_trim(&w->pool);
	pthread_mutex_unlock(&w->mutex);
	if (!atomic_load(&w->failed))
		err = seal(w, f);
	pthread_mutex_lock(&w->mutex);
	if (err)
		pack_note_failure(w, err);
	if (f->tail)
		block_give_back(&w->pool, f->tail);
	w->queued--;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->mutex);
	pack_file_free(f);
	pthread_mutex_lock(&w->mutex);
}

static void *syncer_main(void *data)
{
	struct pack_writer *w = data;

	pthread_mutex_lock(&w->mutex);
	while (!w->stop) {
		if (w->queue && !w->queue->unwritten)
			sync_next(w);
		else if (w->full && w->direct)
			write_next(w);
		else
			pthread_cond_wait(&w->work, &w->mutex);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
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
		return pack_note_failure(w, dv_fail(DV_E_IO,
					       "cannot start a thread: %s",
					       strerror(code)));
	w->running = true;
	return 0;
}

void pack_sync_block(struct pack_writer *w, struct block *b)
{
	b->file->unwritten++;
	*w->full_end = b;
	w->full_end = &b->next;
}

/*
 * Only one thread writes: the kernel lets no more into a file at a time.  The
 * others need not wait for it.
 */
int pack_sync_full(struct pack_writer *w)
{
	int err = 0;

	if (!w->full)
		return 0;
	if (w->direct) {
		err = start_syncer(w);
		pthread_cond_signal(&w->work);
	} else if (!w->writing) {
		w->writing = true;
		while (w->full)
			write_next(w);
		w->writing = false;
		err = w->error.code ? error_restore(&w->error) : 0;
	}
	return err;
}

int pack_sync_file(struct pack_writer *w, struct pack_file *f)
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

void pack_sync_stop(struct pack_writer *w)
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
