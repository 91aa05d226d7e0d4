#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "transfer/repack.h"
#include "transfer/verify.h"

struct repack {
	struct store_reader *reader;	/* borrowed */
	struct pack_writer *writer;	/* owned */
	struct packer *packer;		/* owned */
	struct verifier *verifier;	/* owned */
	struct buf bytes;		/* of one frame */
	bool *claimed;			/* owned; per object of a frame */
	size_t claimed_room;
};

void repack_free(struct repack *r)
{
	if (!r)
		return;
	if (r->packer)
		packer_free(r->packer);
	if (r->writer)
		pack_writer_free(r->writer);
	if (r->verifier)
		verifier_free(r->verifier);
	buf_release(&r->bytes);
	free(r->claimed);
	free(r);
}

int repack_object(struct repack *r, enum object_class class,
		  const struct dv_id *id)
{
	struct object o = { .id = *id };
	int err;

	if (!pack_writer_claim(r->writer, id))
		return 0;
	err = store_read(r->reader, class, id, &o.data, &o.len);
	return err ? err : packer_put(r->packer, &o, 1);
}

static int copy_objects(struct repack *r, const struct mark *k,
			const uint32_t *slots, uint32_t count)
{
	int err = 0;

	for (uint32_t i = 0; i < count && !err; i++)
		if (mark_has(k, slots[i]))
			err = repack_object(r, k->pack->class,
					    pack_id_at(k->pack, slots[i]));
	return err;
}

/* Reads a frame with its header; checks it. */
static int read_frame(struct repack *r, const struct frames *f,
		      uint32_t frame, const struct frame_info *info,
		      struct frame_view *view)
{
	size_t len = frame_end(info) - frame_start(info);
	int err;

	buf_clear(&r->bytes);
	buf_reserve(&r->bytes, len);
	err = pack_read(f->pack, r->bytes.data, len, frame_start(info));
	return err ? err : verify_local_frame(r->verifier, f, frame,
					      (const uint8_t *)r->bytes.data,
					      len, view);
}

/*
 * A frame all of whose objects are wanted is copied as it is stored.  When
 * some of them are in a pack being made already, or it is damaged here (the
 * store may have other copies), its objects are put one by one.
 */
static int copy_frame(struct repack *r, const struct frames *f,
		      const struct mark *k, uint32_t frame)
{
	struct frame_info info;
	struct frame_view view;
	const uint32_t *slots;
	uint32_t wanted = 0, fresh = 0;
	int err;

	pack_frame_at(f->pack, frame, &info);
	slots = f->order + info.first;
	for (uint32_t i = 0; i < info.count; i++)
		wanted += mark_has(k, slots[i]);
	if (!wanted)
		return 0;
	if (wanted < info.count)
		return copy_objects(r, k, slots, info.count);
	err = read_frame(r, f, frame, &info, &view);
	if (err == DV_E_CORRUPT)
		return copy_objects(r, k, slots, info.count);
	if (err)
		return err;

	ARRAY_GROW(r->claimed, info.count, r->claimed_room);
	for (uint32_t i = 0; i < info.count; i++) {
		r->claimed[i] = pack_writer_claim(r->writer, &view.ids[i]);
		fresh += r->claimed[i];
	}
	if (fresh == info.count)
		return packer_put_frame(r->packer, info.codec, info.filter,
					view.stored, info.stored, info.raw,
					view.ids, view.lens, view.checks,
					info.count);
	for (uint32_t i = 0; i < info.count && !err; i++) {
		struct object o = { .id = view.ids[i] };

		if (!r->claimed[i])
			continue;
		err = store_read(r->reader, k->pack->class, &o.id,
				 &o.data, &o.len);
		if (!err)
			err = packer_put(r->packer, &o, 1);
	}
	return err;
}

static int copy_pack(struct repack *r, const struct mark *k)
{
	DV_AUTO_FRAMES struct frames f = FRAMES_INIT;
	int err = frames_init(&f, k->pack);

	if (err)
		return err;
	for (uint32_t i = 0; i < k->pack->frames && !err; i++) {
		err = copy_frame(r, &f, k, i);
		if (!err)
			err = cancel_check();
	}
	return err;
}

/* A loose file has frames without headers, of up to 1 GiB. */
static int copy_loose(struct repack *r, const struct mark *k)
{
	uint32_t *order = xcalloc(k->pack->objects + 1, sizeof(*order));
	int err = 0;

	pack_order(k->pack, order);
	for (uint32_t i = 0; i < k->pack->objects && !err; i++) {
		err = copy_objects(r, k, &order[i], 1);
		if (!err && !(i % 256))
			err = cancel_check();
	}
	free(order);
	return err;
}

int repack_open(struct store *store, struct store_reader *reader,
		const struct repack_options *o, struct repack **out)
{
	struct repack *r = xcalloc(1, sizeof(*r));
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	struct pack_writer_options to = {
		.class = o->class, .nonce = o->nonce, .nosync = o->scratch,
		.finished = o->finished, .data = o->data,
	};
	int err = store_temp_dir(store, &to.temp_dir);

	*out = r;
	r->reader = reader;
	r->bytes = (struct buf)BUF_INIT;
	if (err)
		return err;
	buf_addf(&dir, "%s/repack", to.temp_dir);
	err = dir_make_in(dir.data);
	if (err)
		return err;
	to.dir = dir.data;
	err = pack_writer_open(&to, &r->writer);
	if (err)
		return err;
	r->packer = packer_new(r->writer);
	r->verifier = verifier_new();
	return 0;
}

int repack_mark(struct repack *r, const struct mark *k)
{
	int err = k->pack->layout == PACK_LOOSE ? copy_loose(r, k) :
		copy_pack(r, k);

	pack_rest(k->pack);
	return err;
}

int repack_finish(struct repack *r)
{
	int err = packer_flush(r->packer);

	packer_free(r->packer);
	r->packer = NULL;
	return err ? err : pack_writer_finish(r->writer);
}

int repack_adopt(struct store *s, struct pack *pack, struct dv_id *id)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	enum object_class class = pack->class;

	*id = pack->id;
	buf_addstr(&path, pack->path);
	pack_close(pack);
	return store_adopt_pack(s, path.data, class, id);
}
