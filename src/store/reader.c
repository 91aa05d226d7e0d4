/* Reading objects: from raw frames alone, from others by undoing them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "chunk/check.h"
#include "chunk/compress.h"
#include "chunk/sha256.h"
#include "store/store_inside.h"

/* Undone frames a reader keeps. */
#define KEPT_FRAMES	4
/* After so many bad copies of one object it is given up. */
#define COPIES_MAX	64

struct kept_frame {
	struct pack *pack;	/* NULL: empty */
	uint32_t frame;
	uint32_t raw;		/* bytes */
	uint64_t used;		/* when it was used last */
	struct buf bytes;
};

struct store_reader {
	struct store *store;
	struct compressor *compressor;
	struct kept_frame kept[KEPT_FRAMES];
	uint64_t clock;
	struct buf stored;	/* of the frame being undone */
	struct buf object;	/* from a raw frame */
	uint8_t *out;		/* of store_read_to(), NULL: none */
	uint32_t out_room;
};

/* What reading one place came to. */
enum outcome {
	READ_DONE,
	READ_BAD,		/* this object is damaged */
	READ_BAD_FRAME,		/* all of the frame is */
	READ_FAILED,		/* nothing is known of the bytes */
};

struct store_reader *store_reader_new(struct store *s)
{
	struct store_reader *r = xcalloc(1, sizeof(*r));

	r->store = s;
	r->stored = (struct buf)BUF_INIT;
	r->object = (struct buf)BUF_INIT;
	for (int i = 0; i < KEPT_FRAMES; i++)
		r->kept[i].bytes = (struct buf)BUF_INIT;
	return r;
}

void store_reader_free(struct store_reader *r)
{
	if (!r)
		return;
	if (r->compressor)
		compressor_free(r->compressor);
	for (int i = 0; i < KEPT_FRAMES; i++)
		buf_release(&r->kept[i].bytes);
	buf_release(&r->stored);
	buf_release(&r->object);
	free(r);
}

static const char *pack_name_of(const struct pack *p)
{
	return p->path ? p->path : "pack";
}

static void *room_for(struct buf *b, size_t len)
{
	buf_clear(b);
	buf_reserve(b, len);
	return b->data;
}

/* Reads bytes of a pack; says whether a failure is the disk's. */
static enum outcome read_bytes(struct pack *pack, void *out, size_t len,
			       uint64_t offset, int *err)
{
	errno = 0;
	*err = pack_read(pack, out, len, offset);
	if (!*err)
		return READ_DONE;
	/* shorter than its index says, or a sector is lost */
	if (*err == DV_E_CORRUPT || (*err == DV_E_IO && errno == EIO))
		return READ_BAD;
	return READ_FAILED;
}

static struct kept_frame *find_kept(struct store_reader *r,
				    const struct place *place)
{
	for (int i = 0; i < KEPT_FRAMES; i++) {
		struct kept_frame *k = &r->kept[i];

		if (k->pack == place->pack && k->frame == place->frame) {
			k->used = ++r->clock;
			return k;
		}
	}
	return NULL;
}

/* The one that was not used for longest, emptied. */
static struct kept_frame *empty_kept(struct store_reader *r)
{
	struct kept_frame *oldest = &r->kept[0];

	for (int i = 1; i < KEPT_FRAMES; i++)
		if (r->kept[i].used < oldest->used)
			oldest = &r->kept[i];
	oldest->pack = NULL;
	return oldest;
}

static enum outcome undo_frame(struct store_reader *r,
			       const struct place *place,
			       const struct frame_info *info,
			       struct kept_frame **out, int *err)
{
	struct kept_frame *k = empty_kept(r);
	uint8_t *stored = room_for(&r->stored, info->stored);
	enum outcome outcome;

	outcome = read_bytes(place->pack, stored, info->stored, info->offset,
			     err);
	if (outcome == READ_BAD)
		return READ_BAD_FRAME;
	if (outcome != READ_DONE)
		return outcome;
	if (!r->compressor)
		r->compressor = compressor_new();
	*err = decompress(r->compressor, info->codec, info->filter, stored,
			  info->stored, room_for(&k->bytes, info->raw),
			  info->raw);
	if (*err == DV_E_CORRUPT)
		return READ_BAD_FRAME;
	if (*err)
		return READ_FAILED;
	k->pack = place->pack;
	k->frame = place->frame;
	k->raw = info->raw;
	k->used = ++r->clock;
	*out = k;
	return READ_DONE;
}

static enum outcome read_place(struct store_reader *r,
			       const struct place *place,
			       const uint8_t **data, int *err)
{
	struct frame_info info;
	struct kept_frame *k;
	enum outcome outcome;

	pack_frame_at(place->pack, place->frame, &info);
	if (info.codec == CODEC_RAW) {
		uint8_t *out = r->out && place->len <= r->out_room ? r->out :
			room_for(&r->object, place->len);

		*data = out;
		return read_bytes(place->pack, out, place->len,
				  info.offset + place->offset, err);
	}
	k = find_kept(r, place);
	if (!k) {
		outcome = undo_frame(r, place, &info, &k, err);
		if (outcome != READ_DONE)
			return outcome;
	}
	*data = (const uint8_t *)k->bytes.data + place->offset;
	return READ_DONE;
}

/* The bytes at a place, checked. */
static enum outcome read_checked(struct store_reader *r,
				 enum object_class class,
				 const struct dv_id *id,
				 const struct place *place,
				 const uint8_t **data, int *err)
{
	enum outcome outcome = read_place(r, place, data, err);
	struct kept_frame *k;
	struct dv_id found;
	bool good;

	if (outcome != READ_DONE)
		return outcome;
	good = check64(*data, place->len) == place->check;
	if (good && class == OBJECT_META) {
		sha256(*data, place->len, &found);
		good = dv_id_equal(&found, id);
	}
	if (good)
		return READ_DONE;
	k = find_kept(r, place);
	if (k)	/* it may be our memory: read it again next time */
		k->pack = NULL;
	*err = dv_fail(DV_E_CORRUPT, "the bytes are not what was stored");
	return READ_BAD;
}

int store_read_place(struct store_reader *r, enum object_class class,
		     const struct dv_id *id, const struct place *place,
		     const uint8_t **data)
{
	int err = 0;

	switch (read_checked(r, class, id, place, data, &err)) {
	case READ_BAD:
	case READ_BAD_FRAME:
		return DV_E_CORRUPT;
	default:
		return err;
	}
}

int store_check_place(struct store_reader *r, enum object_class class,
		      const struct dv_id *id, const struct place *place)
{
	const uint8_t *bytes;
	struct dv_id found;
	int err = store_read_place(r, class, id, place, &bytes);

	if (err || class == OBJECT_META)	/* those were hashed */
		return err;
	sha256(bytes, place->len, &found);
	if (dv_id_equal(&found, id))
		return 0;
	return dv_fail(DV_E_CORRUPT, "the bytes are not what the id says");
}

int store_check_objects(struct store_reader *r, struct pack *pack,
			struct place *at)
{
	DV_AUTO_FREE uint32_t *order = xcalloc((size_t)pack->objects + 1,
					       sizeof(*order));
	int err = 0;

	pack_order(pack, order);
	for (uint32_t i = 0; i < pack->objects && !err; i++) {
		pack_place_at(pack, order[i], at);
		err = store_check_place(r, pack->class,
					pack_id_at(pack, order[i]), at);
		if (!err && !(i % 64))
			err = cancel_check();
	}
	return err;
}

/* Names pack and object; the reason is this thread's last text. */
static int damaged(const struct place *place, const struct dv_id *id, int err)
{
	struct error_state why;
	char hex[DV_ID_HEX + 1];

	error_save(err, &why);
	dv_id_to_hex(id, hex);
	if (err != DV_E_CORRUPT && err != DV_E_IO)
		return error_restore(&why);
	dv_fail(err, "%s: object %s is damaged: %s",
		pack_name_of(place->pack), hex, why.text);
	return dv_hint(err, "get it again from a remote with 'dv fetch', "
		       "or add the file again");
}

/* An earlier process may have met a fault that has passed. */
static int read_again(struct store_reader *r, enum object_class class,
		      const struct dv_id *id, const uint8_t **data,
		      uint32_t *len)
{
	struct place place;
	int err = 0;

	for (size_t n = 0; n < COPIES_MAX; n++) {
		if (!store_find_which(r->store, class, id, FIND_BAD, n,
				      &place))
			break;
		if (read_checked(r, class, id, &place, data, &err) ==
		    READ_DONE) {
			store_unmark_bad(r->store, &place);
			*len = place.len;
			return 0;
		}
		err = damaged(&place, id, err);
	}
	return err ? err : 1;
}

static int missing(struct store *s, const struct dv_id *id)
{
	char hex[DV_ID_HEX + 1];
	int err = 0;

	dv_id_to_hex(id, hex);
	pthread_mutex_lock(&s->error_mutex);
	if (s->open_error.code)
		err = error_restore(&s->open_error);
	pthread_mutex_unlock(&s->error_mutex);
	/* it may be in the pack whose index is damaged */
	if (err && *dv_error_hint())	/* of permissions */
		return err;
	if (err)
		return dv_hint(err, "object %.16s was not found elsewhere; get "
			       "it again from a remote with 'dv fetch'", hex);
	err = dv_fail(DV_E_NOTFOUND, "object %s is not in the store", hex);
	return dv_hint(err, "get it from a remote with 'dv fetch'");
}

/* True when other packs are here than before. */
static bool has_moved(struct store *s)
{
	uint64_t before = store_generation(s);

	return !store_refresh(s) && store_generation(s) != before;
}

int store_read(struct store_reader *r, enum object_class class,
	       const struct dv_id *id, const uint8_t **data, uint32_t *len)
{
	enum outcome outcome;
	bool looked_again = false;
	struct place place;
	int err = 0;

	for (int n = 0; n < COPIES_MAX; n++) {
		if (!store_find(r->store, class, id, &place)) {
			/* somebody may have packed it anew */
			if (err || looked_again || !has_moved(r->store))
				break;
			looked_again = true;
			continue;
		}
		outcome = read_checked(r, class, id, &place, data, &err);
		*len = place.len;
		if (outcome == READ_DONE)
			return 0;
		if (err == DV_E_NOTFOUND) {	/* its file was removed */
			store_drop_pack(r->store, place.pack);
			err = 0;
			continue;
		}
		err = damaged(&place, id, err);
		if (outcome == READ_FAILED)
			return err;
		store_mark_bad(r->store, &place, outcome == READ_BAD_FRAME);
	}
	if (!err)
		err = read_again(r, class, id, data, len);
	return err > 0 ? missing(r->store, id) : err;
}

int store_read_to(struct store_reader *r, enum object_class class,
		  const struct dv_id *id, uint8_t *out, uint32_t *len)
{
	const uint8_t *data;
	uint32_t room = *len;
	int err;

	r->out = out;
	r->out_room = room;
	err = store_read(r, class, id, &data, len);
	r->out = NULL;
	if (!err && data != out && *len <= room)
		memcpy(out, data, *len);
	return err;
}
