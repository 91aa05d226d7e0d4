/* Loose files; loose.h says how they are made. */

#include "store/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/clone.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/random.h"
#include "base/trace.h"
#include "chunk/check.h"
#include "store/pack_write.h"
#include "store/store_inside.h"

/* Most chunks of an index part. */
#define PART_CHUNKS	65536u
/* Parts of one file: 64 TiB even if all chunks are as short as can be. */
#define PARTS_MAX	65536u

/* A run that was put and not yet emitted. */
struct run {
	struct run *next;
	size_t count;
	struct loose_chunk chunks[];	/* without their offsets */
};

struct loose {
	struct store *store;
	const char *temp_dir;		/* of the store */
	char *temp;			/* owned; the clone, NULL: committed */
	int fd;
	uint64_t size;
	pthread_mutex_t mutex;		/* guards runs */
	struct run *runs;		/* owned */
	uint64_t offset;		/* of the next chunk to be emitted */
	struct loose_chunk *first;	/* owned; part 0, kept to the end */
	size_t first_count;
	struct loose_chunk *chunks;	/* owned; the part being gathered */
	size_t count, room;
	uint32_t parts;			/* begun, this one not counted */
	uint32_t written;		/* temporary parts, numbered from 1 */
	struct buf kept;		/* see loose_kept() */
};

/* --- cloning and chunks ------------------------------------------------ */

/* An empty temporary file. */
int loose_new(struct store *s, struct loose **out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct loose *l;
	const char *dir;
	uint64_t number;
	int err = store_temp_dir(s, &dir);

	*out = NULL;
	if (err)
		return err;
	random_bytes(&number, sizeof(number));
	buf_addf(&path, "%s/%016llx.loose", dir, (unsigned long long)number);
	l = xcalloc(1, sizeof(*l));
	l->store = s;
	l->temp_dir = dir;
	l->kept = (struct buf)BUF_INIT;
	pthread_mutex_init(&l->mutex, NULL);
	l->fd = file_create(path.data, O_RDWR | O_EXCL, SHARE_READ);
	if (l->fd < 0) {
		err = dv_fail_errno("cannot make %s", path.data);
		loose_free(l);
		return err;
	}
	l->temp = buf_detach(&path);
	*out = l;
	return 0;
}

/* Takes room, as a clone does not. */
static int copy_in(struct loose *l, int fd)
{
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return dv_fail_errno("cannot look at the file to be stored");
	err = store_take_room(l->store, st.st_size);
	return err ? err : clone_copy(fd, l->fd, st.st_size, l->temp);
}

int loose_begin(struct store *s, int fd, bool copy, struct loose **out)
{
	struct loose *l;
	struct stat st;
	int err = loose_new(s, &l);

	*out = NULL;
	if (err)
		return err;
	err = clone_fd(fd, l->fd);
	if (err == DV_E_UNSUPPORTED && copy)
		err = copy_in(l, fd);
	if (!err && fstat(l->fd, &st) < 0)
		err = dv_fail_errno("cannot look at %s", l->temp);
	if (err) {
		loose_free(l);
		return err;
	}
	l->size = st.st_size;
	*out = l;
	return 0;
}

int loose_fd(const struct loose *l)
{
	return l->fd;
}

uint64_t loose_size(const struct loose *l)
{
	return l->size;
}

static void temp_part(const struct loose *l, uint32_t part, struct buf *out)
{
	buf_clear(out);
	buf_addf(out, "%s.%u.idx", l->temp, part);
}

void loose_free(struct loose *l)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (!l)
		return;
	for (uint32_t n = 1; l->temp && n <= l->written; n++) {
		temp_part(l, n, &path);
		unlink(path.data);
	}
	if (l->temp)
		unlink(l->temp);
	if (l->fd >= 0)
		close(l->fd);
	while (l->runs) {
		struct run *next = l->runs->next;

		free(l->runs);
		l->runs = next;
	}
	pthread_mutex_destroy(&l->mutex);
	buf_release(&l->kept);
	free(l->temp);
	free(l->first);
	free(l->chunks);
	free(l);
}

void loose_put(struct loose *l, const struct chunk *chunks, size_t count)
{
	struct run *run = xmalloc(sizeof(*run) +
				  count * sizeof(run->chunks[0]));

	run->count = count;
	for (size_t i = 0; i < count; i++) {
		run->chunks[i] = (struct loose_chunk){
			.id = chunks[i].id, .len = chunks[i].len,
			.check = check64(chunks[i].data, chunks[i].len),
		};
	}
	pthread_mutex_lock(&l->mutex);
	run->next = l->runs;
	l->runs = run;
	pthread_mutex_unlock(&l->mutex);
}

static bool same_run(const struct run *run, const struct chunk *chunks,
		     size_t count)
{
	if (run->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!dv_id_equal(&run->chunks[i].id, &chunks[i].id))
			return false;
	return true;
}

/*
 * Takes out a run of these chunks.  There may be several; then they hold the
 * same bytes and any will do.
 */
static struct run *take_run(struct loose *l, const struct chunk *chunks,
			    size_t count)
{
	struct run **at, *run;

	pthread_mutex_lock(&l->mutex);
	at = &l->runs;
	while (*at && !same_run(*at, chunks, count))
		at = &(*at)->next;
	run = *at;
	if (run)
		*at = run->next;
	pthread_mutex_unlock(&l->mutex);
	return run;
}

/* The part is full: part 0 is kept, others go to temporary files. */
static int end_part(struct loose *l)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct file_stamp stamp = { .size = l->size };
	int err;

	if (!l->parts) {
		l->first = l->chunks;
		l->first_count = l->count;
		l->chunks = NULL;
		l->room = 0;
	} else if (l->parts >= PARTS_MAX) {
		return dv_fail(DV_E_UNSUPPORTED, "a file of that many chunks");
	} else {
		temp_part(l, l->parts, &path);
		err = pack_write_loose_index(path.data, l->temp_dir, &stamp,
					     l->chunks, l->count);
		if (err)
			return err;
		l->written = l->parts;
	}
	l->count = 0;
	l->parts++;
	return 0;
}

static int add_chunk(struct loose *l, const struct loose_chunk *chunk)
{
	int err = l->count == PART_CHUNKS ? end_part(l) : 0;

	if (err)
		return err;
	ARRAY_GROW(l->chunks, l->count + 1, l->room);
	l->chunks[l->count] = *chunk;
	l->chunks[l->count++].offset = l->offset;
	l->offset += chunk->len;
	return 0;
}

int loose_emit(struct loose *l, const struct chunk *chunks, size_t count)
{
	struct run *run = take_run(l, chunks, count);
	int err = 0;

	if (!run)
		return dv_fail(DV_E_INVALID, "chunks were not put before");
	for (size_t i = 0; i < count && !err; i++)
		err = add_chunk(l, &run->chunks[i]);
	free(run);
	return err;
}

int loose_add(struct loose *l, const struct dv_id *id)
{
	struct loose_chunk chunk = { .id = *id };
	struct place place;
	int err;

	if (!store_find(l->store, OBJECT_DATA, id, &place))
		return dv_fail(DV_E_NOTFOUND, "a chunk went away");
	chunk.len = place.len;
	chunk.check = place.check;
	err = add_chunk(l, &chunk);
	if (!err)
		l->size = l->offset;
	return err;
}

/* --- committing -------------------------------------------------------- */

/*
 * What somebody wrote into the file by way of a symbolic link has no other name
 * than the one that is about to be given to another file.
 */
static int keep_changed(struct loose *l, const struct dv_id *name,
			const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1 ||
	    ((uint64_t)st.st_size == l->size && !loose_has_bad(l->store, name)))
		return 0;
	return quarantine_link(l->store, path, &l->kept);
}

const char *loose_kept(const struct loose *l)
{
	return l->kept.len ? l->kept.data : NULL;
}

/*
 * Renames the clone and its parts.  Each of the new files may replace one of
 * the same chunks, so at no moment is there less than before.
 */
static int give_names(struct loose *l, const struct dv_id *name,
		      const char *path)
{
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf to = BUF_INIT;
	struct file_stamp stamp;
	struct stat st;

	crash_point("loose-before-rename");
	if (rename(l->temp, path) < 0)
		return dv_fail_errno("cannot make %s", path);
	crash_point("loose-after-rename");
	/* the rename was the last that changes its ctime */
	if (fstat(l->fd, &st) < 0)
		return dv_fail_errno("cannot look at %s", path);
	loose_stamp(&stamp, &st);
	for (uint32_t n = 1; n <= l->written; n++) {
		temp_part(l, n, &from);
		loose_part_path(l->store, name, n, &to);
		if (rename(from.data, to.data) < 0)
			return dv_fail_errno("cannot make %s", to.data);
	}
	loose_part_path(l->store, name, 0, &to);
	return pack_write_loose_index(to.data, l->temp_dir, &stamp, l->first,
				      l->first_count);
}

int loose_lock_dir(struct store *s, const struct dv_id *name, int *fd)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;

	loose_path(s, name, &dir);
	buf_setlen(&dir, dir.len - DV_ID_HEX - 1);
	if (dir_create(dir.data) < 0) {
		if (errno != EEXIST)
			return fail_access("cannot make", dir.data);
	} else {
		DV_AUTO_BUF struct buf top = BUF_INIT;
		int err;

		buf_addf(&top, "%s/loose", s->path);
		err = dir_sync(top.data);
		if (err)
			return err;
	}
	*fd = open(dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return dv_fail_errno("cannot open %s", dir.data);
	/* without locks two at once end in a stamp that does not fit */
	while (flock(*fd, LOCK_EX) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&s->merge_mutex);
	s->loose_dirs[name->bytes[0]].there = true;
	pthread_mutex_unlock(&s->merge_mutex);
	return 0;
}

static int add_parts(struct store *s, const struct dv_id *name,
		     const char *path)
{
	DV_AUTO_BUF struct buf index = BUF_INIT;
	struct trust trust;
	struct pack *pack;

	for (uint32_t n = 0; n <= PARTS_MAX; n++) {
		int err;

		loose_part_path(s, name, n, &index);
		trust_look(&trust, index.data, path);
		err = pack_open_index(index.data, NULL, path, 0, &pack);
		if (err == DV_E_NOTFOUND && n)
			break;
		if (err)
			return err;
		err = trust_check(s, &trust, pack);
		if (err) {
			pack_close(pack);
			return err;
		}
		store_add_pack(s, pack, name, n);
	}
	return 0;
}

/* A good one under this name is already there. */
static bool is_there(struct store *s, const struct dv_id *name,
		     const char *path)
{
	DV_AUTO_BUF struct buf index = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct file_stamp stamp;
	struct trust trust;
	struct pack *first;
	struct stat st;
	bool same;

	loose_part_path(s, name, 0, &index);
	trust_look(&trust, index.data, path);
	if (trust.strange)
		return !add_parts(s, name, path) &&
			!loose_open_name(s, name, &fd, &stamp);
	if (lstat(path, &st) < 0 || loose_has_bad(s, name) ||
	    pack_open_index(index.data, NULL, path, 0, &first))
		return false;
	same = loose_untouched(&first->stamp, &st);
	pack_close(first);
	return same;
}

static int commit_locked(struct loose *l, const struct dv_id *name,
			 int dir_fd)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	loose_path(l->store, name, &path);
	if (!is_there(l->store, name, path.data)) {
		err = keep_changed(l, name, path.data);
		if (!err)
			err = give_names(l, name, path.data);
		if (err)
			return err;
	}
	if (fsync(dir_fd) < 0)
		return dv_fail_errno("cannot sync the folder of %s",
				     path.data);
	crash_point("loose-done");
	return add_parts(l->store, name, path.data);
}

int loose_commit(struct loose *l, const struct content *content)
{
	TRACE_REGION("loose: commit");
	DV_AUTO_CLOSE int dir_fd = -1;
	struct dv_id name;
	int err;

	if (!content->size || content->size != l->size ||
	    l->offset != l->size || l->runs)
		return dv_fail(DV_E_INVALID,
			       "these are not the chunks of the file");
	err = end_part(l);
	if (!err)
		err = loose_name(content, &name);
	/* a link has this mtime; between ticks it shows any later write */
	if (!err)
		file_set_mtime(l->fd);
	if (!err && (fchmod(l->fd, 0444) < 0 || fsync(l->fd) < 0))
		err = dv_fail_errno("cannot sync %s", l->temp);
	if (!err)
		err = loose_lock_dir(l->store, &name, &dir_fd);
	if (!err)
		err = commit_locked(l, &name, dir_fd);
	if (err == DV_E_NOSPACE)
		dv_hint(err, "free some space, then run the same command "
			"again");
	return err;
}
