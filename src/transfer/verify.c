#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "chunk/check.h"
#include "chunk/compress.h"
#include "chunk/sha256.h"
#include "store/pack_index.h"
#include "transfer/verify.h"

struct verifier {
	struct compressor *compressor;	/* owned */
	struct buf raw;
	struct dv_id *ids;		/* owned, as are these */
	struct dv_id *made;
	struct sha256_job *jobs;
	uint32_t *lens;
	uint64_t *checks;
	size_t id_room, made_room, job_room, len_room, check_room;
};

struct verifier *verifier_new(void)
{
	struct verifier *v = xcalloc(1, sizeof(*v));

	v->compressor = compressor_new();
	v->raw = (struct buf)BUF_INIT;
	return v;
}

void verifier_free(struct verifier *v)
{
	compressor_free(v->compressor);
	buf_release(&v->raw);
	free(v->ids);
	free(v->made);
	free(v->jobs);
	free(v->lens);
	free(v->checks);
	free(v);
}

uint64_t frame_start(const struct frame_info *info)
{
	return info->offset - 4 * (uint64_t)info->count - FRAME_HEADER_SIZE;
}

uint64_t frame_end(const struct frame_info *info)
{
	return info->offset + info->stored;
}

static int bad_pack(const struct pack *pack, const char *what)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&pack->id, hex);
	return dv_fail(DV_E_CORRUPT, "pack %.12s: %s", hex, what);
}

static int bad_object(const struct pack *pack, const struct dv_id *id)
{
	char hex[DV_ID_HEX + 1], object[DV_ID_HEX + 1];

	dv_id_to_hex(&pack->id, hex);
	dv_id_to_hex(id, object);
	return dv_fail(DV_E_CORRUPT, "pack %.12s: object %.12s: its bytes are "
		       "not what its id says", hex, object);
}

int frames_init(struct frames *f, struct pack *pack)
{
	uint64_t at = PACK_HEADER_SIZE, end;
	uint32_t objects = 0;

	f->pack = pack;
	if (pack->layout != PACK_PACKED)
		return bad_pack(pack, "it has no frames of its own");
	end = pack->size - pack->index_len - PACK_TAIL_SIZE;
	for (uint32_t i = 0; i < pack->frames; i++) {
		struct frame_info info;

		pack_frame_at(pack, i, &info);
		if (!info.count || info.raw > FRAME_MAX ||
		    info.stored > FRAME_MAX ||
		    info.count > FRAME_COUNT_MAX || info.first != objects ||
		    info.offset < PACK_HEADER_SIZE + FRAME_HEADER_SIZE +
				  4 * (uint64_t)info.count ||
		    frame_start(&info) != at || frame_end(&info) > end)
			return bad_pack(pack, "its index makes no sense");
		at = frame_end(&info);
		objects += info.count;
	}
	if (at != end || objects != pack->objects)
		return bad_pack(pack, "its index makes no sense");
	f->order = xcalloc((size_t)pack->objects + 1, sizeof(*f->order));
	pack_order(pack, f->order);
	return 0;
}

void frames_release(struct frames *f)
{
	free(f->order);
	f->order = NULL;
}

/* The objects of a frame as the index has them, one behind the other. */
static int read_objects(struct verifier *v, const struct frames *f,
			uint32_t frame, struct frame_view *out)
{
	const struct frame_info *info = &out->info;
	uint32_t at = 0;

	ARRAY_GROW(v->ids, info->count, v->id_room);
	ARRAY_GROW(v->lens, info->count, v->len_room);
	ARRAY_GROW(v->checks, info->count, v->check_room);
	out->slots = f->order + info->first;
	for (uint32_t i = 0; i < info->count; i++) {
		struct place place;

		pack_place_at(f->pack, out->slots[i], &place);
		if (place.frame != frame || place.offset != at ||
		    place.len > OBJECT_MAX || place.len > info->raw - at)
			return bad_pack(f->pack, "its index makes no sense");
		v->ids[i] = *pack_id_at(f->pack, out->slots[i]);
		v->lens[i] = place.len;
		v->checks[i] = place.check;
		at += place.len;
	}
	if (at != info->raw)
		return bad_pack(f->pack, "its index makes no sense");
	out->ids = v->ids;
	out->lens = v->lens;
	out->checks = v->checks;
	return 0;
}

/*
 * The header says what the index says, and its check is right: that of a raw
 * frame by what the index has of its objects, if these are held against that.
 */
static int check_header(const struct frames *f, const struct frame_view *view,
			const uint8_t *bytes, enum verify_flags flags)
{
	const struct frame_info *info = &view->info;
	const uint8_t *lens = bytes + FRAME_HEADER_SIZE;
	struct frame_header head;

	if (!frame_header_decode(bytes, &head) ||
	    head.codec != info->codec || head.filter != info->filter ||
	    head.count != info->count || head.stored != info->stored ||
	    head.raw != info->raw)
		return bad_pack(f->pack, "a frame's header is wrong");
	for (uint32_t i = 0; i < info->count; i++)
		if (load_u32(lens + 4 * (size_t)i) != view->lens[i])
			return bad_pack(f->pack, "a frame's header is wrong");
	if (head.codec == CODEC_RAW && !(flags & VERIFY_LOCAL) ?
	    !frame_check_raw(&head, bytes, lens, view->checks) :
	    !frame_check(&head, bytes, lens, view->stored))
		return bad_pack(f->pack, "a frame does not match its check");
	return 0;
}

static int undo_frame(struct verifier *v, const struct frames *f,
		      struct frame_view *view)
{
	const struct frame_info *info = &view->info;
	int err;

	if (info->codec == CODEC_RAW && info->filter == FILTER_NONE) {
		view->raw = view->stored;
		return info->raw == info->stored ? 0 :
		       bad_pack(f->pack, "its index makes no sense");
	}
	buf_clear(&v->raw);
	buf_reserve(&v->raw, info->raw);
	err = decompress(v->compressor, info->codec, info->filter,
			 view->stored, info->stored, (uint8_t *)v->raw.data,
			 info->raw);
	view->raw = (const uint8_t *)v->raw.data;
	return err == DV_E_CORRUPT ?
	       bad_pack(f->pack, "a frame cannot be undone") : err;
}

static int check_objects(struct verifier *v, const struct frames *f,
			 const struct frame_view *view)
{
	const uint8_t *at = view->raw;
	uint32_t count = view->info.count;

	ARRAY_GROW(v->jobs, count, v->job_room);
	ARRAY_GROW(v->made, count, v->made_room);
	for (uint32_t i = 0; i < count; i++) {
		v->jobs[i] = (struct sha256_job){
			at, view->lens[i], &v->made[i]
		};
		at += view->lens[i];
	}
	sha256_many(v->jobs, count);
	for (uint32_t i = 0; i < count; i++)
		if (!dv_id_equal(&v->made[i], &view->ids[i]) ||
		    check64(v->jobs[i].data, v->jobs[i].len) !=
		    view->checks[i])
			return bad_object(f->pack, &view->ids[i]);
	return 0;
}

int verify_frame(struct verifier *v, const struct frames *f, uint32_t frame,
		 const uint8_t *bytes, size_t len, enum verify_flags flags,
		 struct frame_view *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	pack_frame_at(f->pack, frame, &out->info);
	if (len != frame_end(&out->info) - frame_start(&out->info))
		return bad_pack(f->pack, "a frame is cut off");
	out->stored = bytes + len - out->info.stored;
	err = read_objects(v, f, frame, out);
	if (!err)
		err = check_header(f, out, bytes, flags);
	if (err || (flags & VERIFY_LOCAL))
		return err;
	err = undo_frame(v, f, out);
	return err ? err : check_objects(v, f, out);
}

/* What is read at once of a pack. */
#define PACK_SPAN	((size_t)4 << 20)

/* A part of a pack in memory. */
struct span {
	struct buf bytes;
	uint64_t from, len;
};

/* Sees to it that [start, end) of the pack is in memory. */
static int span_load(struct span *s, const struct pack *pack, int fd,
		     uint64_t start, uint64_t end)
{
	int err;

	if (start >= s->from && end <= s->from + s->len)
		return 0;
	s->from = start;
	s->len = end - start > PACK_SPAN ? end - start : PACK_SPAN;
	if (s->len > pack->size - start)
		s->len = pack->size - start;
	buf_clear(&s->bytes);
	buf_reserve(&s->bytes, s->len);
	err = file_pread_all(fd, s->bytes.data, s->len, start, pack->path);
	if (err)
		s->len = 0;
	return err ? err : cancel_check();
}

int verify_pack(struct verifier *v, struct pack *pack, int fd,
		enum verify_flags flags,
		int (*bad)(void *data, uint32_t frame), void *data)
{
	DV_AUTO_FRAMES struct frames f = FRAMES_INIT;
	struct span span = { .bytes = BUF_INIT };
	int err = frames_init(&f, pack);

	for (uint32_t i = 0; i < pack->frames && !err; i++) {
		struct frame_info info;
		struct frame_view view;
		uint64_t start, end;

		pack_frame_at(pack, i, &info);
		start = frame_start(&info);
		end = frame_end(&info);
		err = span_load(&span, pack, fd, start, end);
		if (!err)
			err = verify_frame(v, &f, i, (const uint8_t *)
					   span.bytes.data +
					   (start - span.from), end - start,
					   flags, &view);
		if (bad && (err == DV_E_CORRUPT || err == DV_E_IO))
			err = bad(data, i);
	}
	buf_release(&span.bytes);
	pack_rest(pack);
	return err;
}

int verify_pack_header(const uint8_t *bytes, enum object_class class)
{
	enum object_class is;
	int err = pack_header_decode(bytes, "pack", &is);

	if (!err && is != class)
		err = dv_fail(DV_E_CORRUPT, "a pack of the wrong class");
	return err;
}
