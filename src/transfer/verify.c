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

/*
 * Objects that make it worth while to hash sixteen side by side: the few
 * that are left at the end are hashed more slowly.
 */
#define TOGETHER_OBJECTS	20

struct verifier {
	struct compressor *compressor;	/* owned */
	struct buf read;		/* verify_pack(): of the pack */
	/* of the frames that are checked together: */
	struct buf raw;			/* those that had to be undone */
	struct frame_view *views;	/* owned, as are these */
	size_t objects;			/* of those opened so far */
	struct dv_id *ids;
	struct dv_id *made;
	struct sha256_job *jobs;
	uint32_t *lens;
	uint64_t *checks;
	size_t view_room, id_room, made_room, job_room, len_room, check_room;
};

struct verifier *verifier_new(void)
{
	struct verifier *v = xcalloc(1, sizeof(*v));

	v->compressor = compressor_new();
	v->read = v->raw = (struct buf)BUF_INIT;
	return v;
}

void verifier_free(struct verifier *v)
{
	compressor_free(v->compressor);
	buf_release(&v->read);
	buf_release(&v->raw);
	free(v->views);
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

uint32_t frames_together(const struct frames *f, uint32_t first, uint32_t end)
{
	uint64_t bytes = 0, raw = 0;
	uint32_t objects = 0, i = first;

	for (; i < end && objects < TOGETHER_OBJECTS; i++) {
		struct frame_info info;

		pack_frame_at(f->pack, i, &info);
		bytes += frame_end(&info) - frame_start(&info);
		raw += info.raw;
		if (i > first && (bytes > FRAME_MAX || raw > FRAME_MAX))
			break;
		objects += info.count;
	}
	return i;
}

/* --- one frame ---------------------------------------------------------- */

/* The objects of a frame as the index has them, one behind the other. */
static int read_objects(struct verifier *v, const struct frames *f,
			uint32_t frame, struct frame_view *view)
{
	const struct frame_info *info = &view->info;
	struct dv_id *ids = v->ids + v->objects;
	uint32_t *lens = v->lens + v->objects, at = 0;
	uint64_t *checks = v->checks + v->objects;

	view->slots = f->order + info->first;
	for (uint32_t i = 0; i < info->count; i++) {
		struct place place;

		pack_place_at(f->pack, view->slots[i], &place);
		if (place.frame != frame || place.offset != at ||
		    place.len > OBJECT_MAX || place.len > info->raw - at)
			return bad_pack(f->pack, "its index makes no sense");
		ids[i] = *pack_id_at(f->pack, view->slots[i]);
		lens[i] = place.len;
		checks[i] = place.check;
		at += place.len;
	}
	if (at != info->raw)
		return bad_pack(f->pack, "its index makes no sense");
	view->ids = ids;
	view->lens = lens;
	view->checks = checks;
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

/* Its objects are where its bytes are. */
static bool is_plain(const struct frame_info *info)
{
	return info->codec == CODEC_RAW && info->filter == FILTER_NONE;
}

static int undo_frame(struct verifier *v, const struct frames *f,
		      struct frame_view *view)
{
	const struct frame_info *info = &view->info;
	uint8_t *raw;
	int err;

	if (is_plain(info)) {
		view->raw = view->stored;
		return info->raw == info->stored ? 0 :
		       bad_pack(f->pack, "its index makes no sense");
	}
	/* make_room() saw to it that those undone before stay in place */
	raw = (uint8_t *)v->raw.data + v->raw.len;
	err = decompress(v->compressor, info->codec, info->filter,
			 view->stored, info->stored, raw, info->raw);
	if (err)
		return err == DV_E_CORRUPT ?
		       bad_pack(f->pack, "a frame cannot be undone") : err;
	buf_setlen(&v->raw, v->raw.len + info->raw);
	view->raw = raw;
	return 0;
}

static void add_jobs(struct verifier *v, const struct frame_view *view)
{
	const uint8_t *at = view->raw;

	for (uint32_t i = 0; i < view->info.count; i++) {
		v->jobs[v->objects + i] = (struct sha256_job){
			at, view->lens[i], &v->made[v->objects + i]
		};
		at += view->lens[i];
	}
}

/*
 * Checks all of a frame but its objects, and readies these for hashing.
 * bytes[0..len) begin with it.
 */
static int open_frame(struct verifier *v, const struct frames *f,
		      uint32_t frame, const uint8_t *bytes, size_t len,
		      enum verify_flags flags, struct frame_view *view)
{
	const struct frame_info *info = &view->info;
	int err;

	if (len < frame_end(info) - frame_start(info))
		return bad_pack(f->pack, "a frame is cut off");
	view->stored = bytes + (info->offset - frame_start(info));
	err = read_objects(v, f, frame, view);
	if (!err)
		err = check_header(f, view, bytes, flags);
	if (!err && !(flags & VERIFY_LOCAL)) {
		err = undo_frame(v, f, view);
		if (!err)
			add_jobs(v, view);
	}
	if (!err)
		v->objects += info->count;
	return err;
}

/* Of a frame that was opened, after hashing. */
static int check_objects(const struct verifier *v, const struct frames *f,
			 const struct frame_view *view)
{
	const struct dv_id *made = v->made + (view->ids - v->ids);
	const uint8_t *at = view->raw;

	for (uint32_t i = 0; i < view->info.count; i++) {
		uint32_t len = view->lens[i];

		if (!dv_id_equal(&made[i], &view->ids[i]) ||
		    check64(at, len) != view->checks[i])
			return bad_object(f->pack, &view->ids[i]);
		at += len;
	}
	return 0;
}

/* Begins a run of these frames. */
static void make_room(struct verifier *v, const struct frames *f,
		      uint32_t first, uint32_t end)
{
	size_t objects = 0, raw = 0;

	ARRAY_GROW(v->views, end - first, v->view_room);
	for (uint32_t i = first; i < end; i++) {
		struct frame_view *view = &v->views[i - first];

		memset(view, 0, sizeof(*view));
		pack_frame_at(f->pack, i, &view->info);
		objects += view->info.count;
		if (!is_plain(&view->info))
			raw += view->info.raw;
	}
	ARRAY_GROW(v->ids, objects, v->id_room);
	ARRAY_GROW(v->made, objects, v->made_room);
	ARRAY_GROW(v->jobs, objects, v->job_room);
	ARRAY_GROW(v->lens, objects, v->len_room);
	ARRAY_GROW(v->checks, objects, v->check_room);
	v->objects = 0;
	buf_clear(&v->raw);
	buf_reserve(&v->raw, raw);
}

int verify_local_frame(struct verifier *v, const struct frames *f,
		       uint32_t frame, const uint8_t *bytes, size_t len,
		       struct frame_view *out)
{
	int err;

	make_room(v, f, frame, frame + 1);
	err = open_frame(v, f, frame, bytes, len, VERIFY_LOCAL, v->views);
	*out = v->views[0];
	return err;
}

/* --- several ------------------------------------------------------------ */

/*
 * Checks what frames_together() says and takes it off *run; only up to a frame
 * that cannot be hashed, if there is one.
 */
static int verify_together(struct verifier *v, struct frame_run *run,
			   enum verify_flags flags, verify_each *each,
			   void *data)
{
	const struct frames *f = run->frames;
	uint32_t end = frames_together(f, run->first, run->end), good = 0;
	uint32_t count = end - run->first;
	struct error_state wrong = { 0 };
	int err = 0;

	make_room(v, f, run->first, end);
	while (good < count && !wrong.code) {
		struct frame_view *view = &v->views[good];
		uint64_t len = frame_end(&view->info) -
			frame_start(&view->info);

		err = open_frame(v, f, run->first + good, run->bytes,
				 run->len, flags, view);
		if (err)
			error_save(err, &wrong);
		else
			good++;
		len = len < run->len ? len : run->len;
		run->bytes += len;
		run->len -= len;
	}
	if (!(flags & VERIFY_LOCAL))
		sha256_many(v->jobs, v->objects);
	err = 0;
	for (uint32_t i = 0; i < good && !err; i++) {
		if (!(flags & VERIFY_LOCAL))
			err = check_objects(v, f, &v->views[i]);
		if (each)
			err = each(data, run->first, err, &v->views[i]);
		run->first++;
	}
	if (err || !wrong.code)
		return err;
	err = error_restore(&wrong);
	if (each)
		err = each(data, run->first, err, NULL);
	run->first++;
	return err;
}

int verify_frames(struct verifier *v, const struct frame_run *frames,
		  enum verify_flags flags, verify_each *each, void *data)
{
	struct frame_run left = *frames;
	int err = 0;

	while (left.first < left.end && !err)
		err = verify_together(v, &left, flags, each, data);
	return err;
}

/* --- a pack of this disk ------------------------------------------------- */

struct pack_check {
	int (*bad)(void *data, uint32_t frame);
	void *data;
};

static int tell_bad(void *data, uint32_t frame, int err,
		    const struct frame_view *view)
{
	const struct pack_check *c = data;

	(void)view;
	if (c->bad && (err == DV_E_CORRUPT || err == DV_E_IO))
		return c->bad(c->data, frame);
	return err;
}

/* Reads frames [run->first, run->end). */
static int read_run(struct buf *to, const struct pack *pack, int fd,
		    struct frame_run *run)
{
	struct frame_info first, last;

	pack_frame_at(pack, run->first, &first);
	pack_frame_at(pack, run->end - 1, &last);
	run->len = frame_end(&last) - frame_start(&first);
	buf_clear(to);
	buf_reserve(to, run->len);
	run->bytes = (const uint8_t *)to->data;
	return file_pread_all(fd, to->data, run->len, frame_start(&first),
			      pack->path);
}

int verify_pack(struct verifier *v, struct pack *pack, int fd,
		enum verify_flags flags,
		int (*bad)(void *data, uint32_t frame), void *data)
{
	DV_AUTO_FRAMES struct frames f = FRAMES_INIT;
	struct pack_check c = { bad, data };
	struct frame_run run = { .frames = &f };
	int err = frames_init(&f, pack);

	while (!err && run.first < pack->frames) {
		run.end = frames_together(&f, run.first, pack->frames);
		err = read_run(&v->read, pack, fd, &run);
		/* of several it may be one that cannot be read, or is cut off */
		if (err && run.end > run.first + 1) {
			run.end = run.first + 1;
			err = read_run(&v->read, pack, fd, &run);
		}
		if (err)
			err = tell_bad(&c, run.first, err, NULL);
		else
			err = verify_frames(v, &run, flags, tell_bad, &c);
		if (!err)
			err = cancel_check();
		run.first = run.end;
	}
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
