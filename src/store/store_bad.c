/*
 * What could not be read.  A mark says: at this place of this pack there is
 * nothing good.  store_find() passes such places over, so that the object is
 * fetched or added again.  Marks are kept in index/<pack>.bad, 16 bytes each:
 * u32 frame | u32 slot | u64 XXH3-64 of the id of the pack and of these.
 */

#include "store/store_inside.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/file.h"
#include "chunk/check.h"

#define MARK_SIZE	16
#define FILE_MAX	((size_t)1 << 20)
#define DEAD		UINT64_MAX	/* bad_mark.next of one that is gone */

void bad_init(struct bad_marks *b)
{
	pthread_mutex_init(&b->mutex, NULL);
}

void bad_release(struct bad_marks *b)
{
	id_map_release(&b->packs);
	free(b->marks);
	pthread_mutex_destroy(&b->mutex);
}

static void bad_path(const struct store *s, const struct dv_id *pack,
		     struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(pack, hex);
	buf_addf(out, "%s/index/%s.bad", s->path, hex);
}

static uint64_t first_of(const struct bad_marks *b, const struct dv_id *pack)
{
	const uint64_t *at = id_map_get(&b->packs, pack);

	return at ? *at : 0;
}

/* The mark that is about this place, or NULL.  The mutex is held. */
static struct bad_mark *mark_of(struct bad_marks *b, const struct dv_id *pack,
				uint32_t frame, uint32_t slot)
{
	uint64_t at = first_of(b, pack);

	while (at) {
		struct bad_mark *mark = &b->marks[at - 1];

		if (mark->frame == frame &&
		    (mark->slot == BAD_FRAME || mark->slot == slot))
			return mark;
		at = mark->next;
	}
	return NULL;
}

bool store_is_bad(struct store *s, const struct place *place)
{
	struct bad_marks *b = &s->bad;
	bool bad;

	if (!atomic_load_explicit(&b->live, memory_order_relaxed))
		return false;
	pthread_mutex_lock(&b->mutex);
	bad = mark_of(b, &place->pack->id, place->frame, place->slot);
	pthread_mutex_unlock(&b->mutex);
	return bad;
}

bool store_pack_has_bad(struct store *s, const struct pack *pack)
{
	struct bad_marks *b = &s->bad;
	bool bad;

	if (!atomic_load_explicit(&b->live, memory_order_relaxed))
		return false;
	pthread_mutex_lock(&b->mutex);
	bad = first_of(b, &pack->id);
	pthread_mutex_unlock(&b->mutex);
	return bad;
}

/* False: it was known.  The mutex is held. */
static bool add_mark(struct bad_marks *b, const struct dv_id *pack,
		     uint32_t frame, uint32_t slot)
{
	uint64_t *first;

	if (mark_of(b, pack, frame, slot))
		return false;
	first = id_map_put(&b->packs, pack, 0, NULL);
	ARRAY_GROW(b->marks, b->count + 1, b->room);
	b->marks[b->count] = (struct bad_mark){ *pack, frame, slot, *first };
	*first = ++b->count;
	atomic_fetch_add(&b->live, 1);
	return true;
}

static void encode(const struct dv_id *pack, uint32_t frame, uint32_t slot,
		   uint8_t out[MARK_SIZE])
{
	uint8_t all[DV_ID_SIZE + 8];

	memcpy(all, pack->bytes, DV_ID_SIZE);
	store_u32(all + DV_ID_SIZE, frame);
	store_u32(all + DV_ID_SIZE + 4, slot);
	memcpy(out, all + DV_ID_SIZE, 8);
	store_u64(out + 8, check64(all, sizeof(all)));
}

/* One write, so that those of several processes do not mix. */
static void append_mark(const struct store *s, const struct dv_id *pack,
			uint32_t frame, uint32_t slot)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	uint8_t bytes[MARK_SIZE];

	bad_path(s, pack, &path);
	fd = file_create(path.data, O_WRONLY | O_APPEND, SHARE_WRITE);
	encode(pack, frame, slot, bytes);
	if (fd >= 0 && write(fd, bytes, sizeof(bytes)) < 0)
		return;	/* the next one who meets it will say so again */
}

void store_mark_bad(struct store *s, const struct place *place, bool frame)
{
	struct bad_marks *b = &s->bad;
	const struct dv_id *pack = &place->pack->id;
	uint32_t slot = frame ? BAD_FRAME : place->slot;
	bool added;

	pthread_mutex_lock(&b->mutex);
	added = add_mark(b, pack, place->frame, slot);
	if (added && !(s->flags & STORE_READ_ONLY))
		append_mark(s, pack, place->frame, slot);
	pthread_mutex_unlock(&b->mutex);
	/* what was found before may not be there now */
	if (added)
		atomic_fetch_add(&s->generation, 1);
}

void store_load_bad(struct store *s, const struct dv_id *pack)
{
	struct bad_marks *b = &s->bad;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	bad_path(s, pack, &path);
	if (file_read(path.data, FILE_MAX, &bytes))
		return;
	pthread_mutex_lock(&b->mutex);
	for (size_t at = 0; at + MARK_SIZE <= bytes.len; at += MARK_SIZE) {
		uint32_t frame = load_u32(bytes.data + at);
		uint32_t slot = load_u32(bytes.data + at + 4);
		uint8_t want[MARK_SIZE];

		encode(pack, frame, slot, want);
		if (!memcmp(want, bytes.data + at, MARK_SIZE))
			add_mark(b, pack, frame, slot);
	}
	pthread_mutex_unlock(&b->mutex);
}

/* The mutex is held. */
static void drop_marks(struct bad_marks *b, const struct dv_id *pack)
{
	uint64_t *first = id_map_get(&b->packs, pack);
	uint64_t at = first ? *first : 0;

	while (at) {
		struct bad_mark *mark = &b->marks[at - 1];

		at = mark->next;
		mark->next = DEAD;
		atomic_fetch_sub(&b->live, 1);
	}
	if (first)
		*first = 0;
}

void store_forget_bad(struct store *s, const struct pack *pack)
{
	struct bad_marks *b = &s->bad;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (!atomic_load(&b->live))
		return;
	pthread_mutex_lock(&b->mutex);
	if (first_of(b, &pack->id)) {
		drop_marks(b, &pack->id);
		bad_path(s, &pack->id, &path);
		if (!(s->flags & STORE_READ_ONLY))
			unlink(path.data);
	}
	pthread_mutex_unlock(&b->mutex);
}

/*
 * Others of this pack may be bad all the same: they stay, but for a mark on
 * the whole frame that this one was in.
 */
void store_unmark_bad(struct store *s, const struct place *place)
{
	struct bad_marks *b = &s->bad;
	struct dv_id pack = place->pack->id;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	uint64_t at, *first;

	pthread_mutex_lock(&b->mutex);
	first = id_map_get(&b->packs, &pack);
	at = first ? *first : 0;
	if (first)
		*first = 0;
	while (at) {
		struct bad_mark *mark = &b->marks[at - 1];
		uint64_t next = mark->next;
		uint8_t row[MARK_SIZE];

		if (mark->frame == place->frame &&
		    (mark->slot == BAD_FRAME || mark->slot == place->slot)) {
			mark->next = DEAD;
			atomic_fetch_sub(&b->live, 1);
		} else {
			mark->next = *first;
			*first = at;
			encode(&pack, mark->frame, mark->slot, row);
			buf_add(&bytes, row, sizeof(row));
		}
		at = next;
	}
	bad_path(s, &pack, &path);
	if (s->flags & STORE_READ_ONLY)
		;
	else if (bytes.len)
		file_replace(path.data, bytes.data, bytes.len,
			     NEWFILE_NOSYNC | NEWFILE_SHARED_WRITE);
	else
		unlink(path.data);
	pthread_mutex_unlock(&b->mutex);
}
