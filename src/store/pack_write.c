/*
 * Writing packs.  One pack is open at a time: packers reserve a place in it
 * under the writer's mutex and write there outside of it.  Once it is long
 * enough it takes no more; when the last write into it is done it goes to
 * the syncer, a thread that adds the index, waits for the disk and gives it
 * its name.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/path.h"
#include "base/random.h"
#include "base/trace.h"
#include "store/claims.h"
#include "store/pack_writer.h"

/* Most packs that wait for the syncer before packers do. */
#define QUEUE_MAX	3
/* A pack is closed with so many objects, however short they are. */
#define OBJECTS_AIM	(1u << 18)
/* Disk space is reserved in steps, once a pack is longer than the first. */
#define RESERVE_FROM	((uint64_t)1 << 20)
#define RESERVE_STEP	((uint64_t)16 << 20)
/* Bytes after which the disk is asked to begin writing. */
#define KICK_STEP	((uint64_t)8 << 20)

struct pack_file {
	struct pack_file *next;		/* in the syncer's queue */
	char *path;			/* owned; the temporary name */
	int fd;
	uint64_t end;			/* where the next frame goes */
	uint64_t reserved;		/* disk space up to here */
	uint64_t written, kicked;	/* bytes; of them asked to be written */
	unsigned writing;		/* frames on their way */
	bool closed;
	struct frame_info *frames;	/* owned */
	size_t frame_count, frame_room;
	struct pack_entry *entries;	/* owned */
	size_t entry_count, entry_room;
};

struct pack_writer {
	struct pack_writer_options o;
	char *temp_dir, *dir;		/* owned */
	struct claims *claims;		/* owned */
	atomic_bool failed;
	pthread_mutex_t mutex;		/* guards what follows */
	pthread_cond_t work;		/* for the syncer */
	pthread_cond_t moved;		/* the queue is shorter, or a failure */
	struct error_state error;	/* the first failure */
	struct pack_file *open;
	struct pack_file *queue;	/* first of those that are complete */
	unsigned queued;		/* and not yet done with */
	bool kick;			/* open->written wants to go to disk */
	bool running, stop;
	pthread_t syncer;
	uint64_t raw, stored;
	bool no_reserve;
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
	if (f->fd >= 0)
		close(f->fd);
	if (f->path)
		unlink(f->path);
	free(f->path);
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
	claims_free(w->claims);
	pthread_cond_destroy(&w->moved);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->mutex);
	free(w->temp_dir);
	free(w->dir);
	free(w);
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
	if (code == DV_E_NOSPACE)
		dv_hint(code, "free some space, then run the same command "
			"again");
	if (!w->error.code)
		error_save(code, &w->error);
	atomic_store(&w->failed, true);
	pthread_cond_broadcast(&w->moved);
	return code;
}

/* --- the open pack ----------------------------------------------------- */

static int file_start(struct pack_writer *w)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	uint8_t header[PACK_HEADER_SIZE];
	struct pack_file *f = xcalloc(1, sizeof(*f));
	uint64_t number;
	int err = 0;

	random_bytes(&number, sizeof(number));
	buf_addf(&path, "%s/%016llx.pack", w->temp_dir,
		 (unsigned long long)number);
	f->fd = open(path.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (f->fd < 0) {
		err = dv_fail_errno("cannot make %s", path.data);
	} else {
		f->path = buf_detach(&path);
		pack_header_encode(header, w->o.class);
		err = file_pwrite_all(f->fd, header, sizeof(header), 0,
				      f->path);
	}
	if (err) {
		file_free(f);
		return err;
	}
	f->end = PACK_HEADER_SIZE;
	w->stored += PACK_HEADER_SIZE;
	w->open = f;
	return 0;
}

/*
 * Contiguous space, and cheaper writes.  Where there is not so much left it
 * is the write that says whether there is enough.
 */
static void reserve_space(struct pack_writer *w, struct pack_file *f)
{
	if (f->end <= RESERVE_FROM || f->end <= f->reserved || w->no_reserve)
		return;
	while (f->reserved < f->end)
		f->reserved += RESERVE_STEP;
	if (fallocate(f->fd, 0, 0, f->reserved) < 0)
		w->no_reserve = true;
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

/* w->mutex is held: waits until there is room, then finds a place. */
static int reserve_frame(struct pack_writer *w, const struct frame_out *frame,
			 struct pack_file **file, uint64_t *offset)
{
	uint64_t len = frame->parts[0].iov_len + frame->parts[1].iov_len;
	struct pack_file *f;
	int err;

	while (!w->error.code && w->queued >= QUEUE_MAX)
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
	*offset = f->end;
	add_entries(f, frame);
	f->end += len;
	f->writing++;
	w->raw += frame->info.raw;
	w->stored += len;
	reserve_space(w, f);
	if (f->end >= w->o.aim || f->entry_count >= OBJECTS_AIM) {
		f->closed = true;
		w->open = NULL;
	}
	return 0;
}

static int write_parts(const struct pack_file *f,
		       const struct frame_out *frame, uint64_t offset)
{
	struct iovec parts[2] = { frame->parts[0], frame->parts[1] };
	size_t at = 0;

	while (at < 2) {
		ssize_t n = pwritev(f->fd, parts + at, 2 - at, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dv_fail_errno("cannot write %s", f->path);
		offset += n;
		for (; at < 2 && (size_t)n >= parts[at].iov_len; at++)
			n -= parts[at].iov_len;
		if (at < 2) {
			parts[at].iov_base = (char *)parts[at].iov_base + n;
			parts[at].iov_len -= n;
		}
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
		return dv_fail(DV_E_IO, "cannot start a thread: %s",
			       strerror(code));
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
	if (err)
		return note_failure(w, err);
	pthread_cond_signal(&w->work);
	return 0;
}

int pack_writer_frame(struct pack_writer *w, const struct frame_out *frame)
{
	struct pack_file *f = NULL;
	uint64_t offset = 0;
	int err;

	pthread_mutex_lock(&w->mutex);
	err = reserve_frame(w, frame, &f, &offset);
	pthread_mutex_unlock(&w->mutex);
	if (err)
		return err;
	err = write_parts(f, frame, offset);
	pthread_mutex_lock(&w->mutex);
	f->writing--;
	f->written += frame->parts[0].iov_len + frame->parts[1].iov_len;
	if (err)
		err = note_failure(w, err);
	if (f->closed && !f->writing) {
		int failed = enqueue(w, f);

		err = err ? err : failed;
	} else if (!err && !w->o.nosync && f == w->open &&
		   f->written - f->kicked >= KICK_STEP) {
		w->kick = true;
		err = start_syncer(w);
		if (err)
			err = note_failure(w, err);
		pthread_cond_signal(&w->work);
	}
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

static int write_index(struct pack_writer *w, struct pack_file *f,
		       struct dv_id *id)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct pack_index x = {
		.nonce = w->o.nonce, .class = w->o.class,
		.layout = PACK_PACKED, .frames = f->frame_count,
		.objects = f->entry_count,
	};
	int err;

	pack_index_encode(&x, f->frames, f->entries, f->end, &bytes, id);
	err = file_pwrite_all(f->fd, bytes.data, bytes.len, f->end, f->path);
	if (err)
		return err;
	f->end += bytes.len;
	/* what was reserved and not used */
	if (f->reserved > f->end && ftruncate(f->fd, f->end) < 0)
		return dv_fail_errno("cannot write %s", f->path);
	pthread_mutex_lock(&w->mutex);
	w->stored += bytes.len;
	pthread_mutex_unlock(&w->mutex);
	return 0;
}

static int sync_file(struct pack_writer *w, struct pack_file *f)
{
	TRACE_REGION("pack: sync");
	int failed;

	crash_point("pack-before-sync");
	if (!w->o.nosync && fdatasync(f->fd) < 0)
		return dv_fail_errno("cannot sync %s", f->path);
	failed = close(f->fd);
	f->fd = -1;
	if (failed && errno != EINTR)
		return dv_fail_errno("cannot write %s", f->path);
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
	int err = write_index(w, f, &id);

	if (!err)
		err = sync_file(w, f);
	if (err)
		return err;
	dv_id_to_hex(&id, hex);
	buf_addf(&path, "%s/%s.pack", w->dir, hex);
	crash_point("pack-before-rename");
	err = pack_give_name(f->path, path.data);
	if (err)
		return err;
	crash_point("pack-after-rename");
	free(f->path);
	f->path = NULL;
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
	w->queued--;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->mutex);
	file_free(f);
	pthread_mutex_lock(&w->mutex);
}

/*
 * Has the disk begin with what the open pack has by now, so that there is
 * less to wait for at its end.  w->mutex is held at both ends.  Frames that
 * are still on their way come with a later turn.
 */
static void kick_open(struct pack_writer *w)
{
	struct pack_file *f = w->open;
	uint64_t from, to;
	int fd;

	w->kick = false;
	if (!f || f->written - f->kicked < KICK_STEP)
		return;
	from = f->kicked;
	to = f->written;
	f->kicked = to;
	fd = dup(f->fd);	/* the pack may be done with meanwhile */
	pthread_mutex_unlock(&w->mutex);
	if (fd >= 0) {
		sync_file_range(fd, from, to - from, SYNC_FILE_RANGE_WRITE);
		close(fd);
	}
	pthread_mutex_lock(&w->mutex);
}

static void *syncer_main(void *data)
{
	struct pack_writer *w = data;

	pthread_mutex_lock(&w->mutex);
	while (!w->stop) {
		if (w->queue)
			sync_next(w);
		else if (w->kick)
			kick_open(w);
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
	w->open = NULL;
	if (f && !w->error.code) {
		f->closed = true;
		err = enqueue(w, f);
	} else {
		file_free(f);
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

/* --- names ------------------------------------------------------------- */

static int same_bytes(const char *a_path, const char *b_path, bool *same)
{
	DV_AUTO_CLOSE int a = open(a_path, O_RDONLY | O_CLOEXEC);
	DV_AUTO_CLOSE int b = open(b_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	DV_AUTO_FREE char *block = xmalloc((size_t)2 << 20);
	const size_t half = (size_t)1 << 20;
	struct stat sa, sb;
	int err = 0;

	*same = false;
	if (a < 0 || fstat(a, &sa) < 0)
		return dv_fail_errno("cannot read %s", a_path);
	if (b < 0 || fstat(b, &sb) < 0 || sa.st_size != sb.st_size)
		return 0;
	for (off_t at = 0; at < sa.st_size && !err; at += half) {
		size_t n = sa.st_size - at < (off_t)half ?
			(size_t)(sa.st_size - at) : half;

		err = file_pread_all(a, block, n, at, a_path);
		/* what cannot be read is damaged */
		if (!err && file_pread_all(b, block + half, n, at, b_path))
			return 0;
		if (!err && memcmp(block, block + half, n))
			return 0;
	}
	*same = !err;
	return err;
}

int pack_give_name(const char *temp, const char *path)
{
	bool same = false;
	int err;

	if (!access(path, F_OK)) {
		err = same_bytes(temp, path, &same);
		if (err)
			return err;
		if (same) {
			unlink(temp);
			return 0;
		}
	}
	if (rename(temp, path) < 0)
		return dv_fail_errno("cannot make %s", path);
	return 0;
}
