/* What was written to through a link: loose_recheck(). */

#include "store/loose.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/trace.h"
#include "store/pack_write.h"
#include "store/store_inside.h"

/* Times this young may not show another write. */
#define YOUNG_NS	((int64_t)2 * 1000000000)

/* All chunks of a part.  *bad: those that are not what they were. */
static int check_part(struct store *s, struct store_reader *r,
		      struct pack *part, uint64_t *bad)
{
	for (uint32_t i = 0; i < part->objects; i++) {
		const struct dv_id id = *pack_id_at(part, i);
		const uint8_t *data;
		struct place place;
		int err;

		pack_place_at(part, i, &place);
		err = store_read_place(r, OBJECT_DATA, &id, &place, &data);
		/* a file that was cut short cannot be read there */
		if (err == DV_E_CORRUPT || err == DV_E_IO) {
			store_mark_bad(s, &place, false);
			++*bad;
		} else if (err) {
			return err;
		}
	}
	return 0;
}

/* The same index with the stamp of now. */
static int stamp_anew(struct store *s, const struct dv_id *name,
		      struct pack *first, const struct stat *st)
{
	DV_AUTO_FREE uint32_t *order = xcalloc(first->objects + 1,
					       sizeof(*order));
	DV_AUTO_FREE struct loose_chunk *chunks =
		xcalloc(first->objects + 1, sizeof(*chunks));
	DV_AUTO_BUF struct buf index = BUF_INIT;
	const struct slot slot = { .id = *name, .part = 0 };
	struct file_stamp stamp;
	struct pack *pack;
	const char *dir;
	int err = store_temp_dir(s, &dir);

	pack_order(first, order);
	for (uint32_t i = 0; i < first->objects; i++) {
		struct frame_info frame;
		struct place place;

		pack_place_at(first, order[i], &place);
		pack_frame_at(first, place.frame, &frame);
		chunks[i] = (struct loose_chunk){
			.id = *pack_id_at(first, order[i]), .len = place.len,
			.offset = frame.offset + place.offset,
			.check = place.check,
		};
	}
	loose_stamp(&stamp, st);
	slot_path(s, OBJECT_DATA, &slot, &index);
	if (!err)
		err = pack_write_loose_index(index.data, dir, &stamp, chunks,
					     first->objects);
	if (!err)
		err = pack_open_index(index.data, NULL, first->path, 0, &pack);
	if (!err)
		store_add_pack(s, pack, name, 0);
	return err;
}

/*
 * False: the file has not been touched since its index was written, which is
 * all that has to be asked of files without links.
 */
static bool is_touched(struct store *s, const struct dv_id *name)
{
	const struct slot slot = { .id = *name, .part = 0 };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf index = BUF_INIT;
	struct stat st, x;

	loose_path(s, name, &path);
	slot_path(s, OBJECT_DATA, &slot, &index);
	return stat(path.data, &st) < 0 || stat(index.data, &x) < 0 ||
		timespec_ns(&st.st_ctim) >= timespec_ns(&x.st_mtim) ||
		timespec_ns(&st.st_mtim) >= timespec_ns(&x.st_mtim);
}

static bool is_settled(const struct stat *st)
{
	int64_t now = clock_real_ns();

	return timespec_ns(&st->st_mtim) < now - YOUNG_NS &&
		timespec_ns(&st->st_ctim) < now - YOUNG_NS;
}

static int check_file(struct store *s, struct store_reader *r,
		      const struct dv_id *name, uint64_t *damaged)
{
	DV_AUTO_CLOSE int dir_fd = -1;
	struct pack *first, *part;
	struct stat before, after;
	uint64_t bad = 0;
	int err = 0;

	/* somebody may have removed it */
	if (!is_touched(s, name) || !loose_part(s, name, 0, &first) ||
	    stat(first->path, &before) < 0 ||
	    loose_untouched(&first->stamp, &before))
		return 0;
	for (uint32_t n = 0; !err && loose_part(s, name, n, &part); n++)
		err = check_part(s, r, part, &bad);
	if (err == DV_E_NOTFOUND)
		return 0;
	*damaged += bad != 0;
	if (err || bad || (s->flags & STORE_READ_ONLY) ||
	    !is_settled(&before))
		return err;
	err = loose_lock_dir(s, name, &dir_fd);
	if (err || stat(first->path, &after) < 0 ||
	    timespec_ns(&after.st_ctim) != timespec_ns(&before.st_ctim) ||
	    after.st_ino != before.st_ino)
		return err;
	return stamp_anew(s, name, first, &after);
}

static int verify_part(struct store *s, struct store_reader *r,
		       struct pack *part)
{
	struct place at;
	int err = store_check_objects(r, part, &at);

	if (err != DV_E_CORRUPT)
		return err;
	store_mark_bad(s, &at, false);
	return dv_fail(err, "%s: a chunk is damaged", part->path);
}

int loose_verify(struct store *s, const struct dv_id *name, bool read)
{
	DV_AUTO_CLOSE int fd = -1;
	struct store_reader *r;
	struct file_stamp stamp;
	struct pack *part;
	int err = loose_open_name(s, name, &fd, &stamp);

	if (err || !read)
		return err;
	r = store_reader_new(s);
	for (uint32_t n = 0; !err && loose_part(s, name, n, &part); n++)
		err = verify_part(s, r, part);
	store_reader_free(r);
	return err;
}

/* The names of all loose files known: free() them. */
static struct dv_id *all_names(struct store *s, size_t *count)
{
	struct class_table *t = &s->classes[OBJECT_DATA];
	struct dv_id *names = NULL;
	size_t room = 0;

	*count = 0;
	pthread_rwlock_rdlock(&s->lock);
	for (size_t i = 0; i < t->count; i++) {
		if (t->slots[i]->part)
			continue;
		ARRAY_GROW(names, *count + 1, room);
		names[(*count)++] = t->slots[i]->id;
	}
	pthread_rwlock_unlock(&s->lock);
	return names;
}

int loose_recheck(struct store *s, uint64_t *damaged)
{
	TRACE_REGION("loose: recheck");
	size_t count;
	DV_AUTO_FREE struct dv_id *names = all_names(s, &count);
	struct store_reader *r = NULL;
	int err = 0;

	*damaged = 0;
	for (size_t i = 0; i < count && !err; i++) {
		if (!r)
			r = store_reader_new(s);
		err = check_file(s, r, &names[i], damaged);
	}
	store_reader_free(r);
	return err;
}
