/* One thread's way into a pack_writer: from objects to frames. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "chunk/check.h"
#include "chunk/compress.h"
#include "store/pack_writer.h"

/*
 * What is left of a run of objects in memory after whole frames were made of
 * it becomes a frame of its own when it is at least so long: copying it costs
 * more than a short frame.
 */
#define FRAME_LEAST	(FRAME_AIM / 4)
/* A frame is closed with so many objects, however short they are. */
#define FRAME_OBJECTS	8192u

struct packer {
	struct pack_writer *writer;
	struct compressor *compressor;
	/* the frame being gathered */
	struct dv_id *ids;	/* owned, as are lens and checks */
	uint32_t *lens;
	uint64_t *checks;
	size_t count, id_room, len_room, check_room;
	struct buf bytes;	/* copies of objects */
	struct buf head;
};

struct packer *packer_new(struct pack_writer *w)
{
	struct packer *p = xcalloc(1, sizeof(*p));

	p->writer = w;
	p->compressor = compressor_new();
	p->bytes = (struct buf)BUF_INIT;
	p->head = (struct buf)BUF_INIT;
	return p;
}

void packer_free(struct packer *p)
{
	if (!p)
		return;
	compressor_free(p->compressor);
	buf_release(&p->bytes);
	buf_release(&p->head);
	free(p->ids);
	free(p->lens);
	free(p->checks);
	free(p);
}

static void note_object(struct packer *p, const struct object *o)
{
	size_t n = p->count + 1;

	ARRAY_GROW(p->ids, n, p->id_room);
	ARRAY_GROW(p->lens, n, p->len_room);
	ARRAY_GROW(p->checks, n, p->check_room);
	p->ids[p->count] = o->id;
	p->lens[p->count] = o->len;
	p->checks[p->count] = check64(o->data, o->len);
	p->count = n;
}

static int write_frame(struct packer *p, const struct frame_header *h,
		       const uint8_t *stored, const struct dv_id *ids,
		       const uint32_t *lens, const uint64_t *checks)
{
	struct frame_out out = {
		.info = {
			.stored = h->stored, .raw = h->raw,
			.count = h->count, .codec = h->codec,
			.filter = h->filter,
		},
		.ids = ids, .lens = lens, .checks = checks,
	};
	uint64_t sum = h->codec == CODEC_RAW ? 0 : check64(stored, h->stored);

	buf_clear(&p->head);
	frame_head_encode(h, lens, checks, sum, &p->head);
	out.parts[0].iov_base = p->head.data;
	out.parts[0].iov_len = p->head.len;
	out.parts[1].iov_base = (void *)stored;
	out.parts[1].iov_len = h->stored;
	return pack_writer_frame(p->writer, &out);
}

/* Makes a frame of the objects noted, whose bytes are raw[0..len). */
static int end_frame(struct packer *p, const uint8_t *raw, size_t len)
{
	struct frame_header h = {
		.codec = CODEC_RAW, .filter = FILTER_NONE,
		.count = p->count, .stored = len, .raw = len,
	};
	const uint8_t *stored;
	size_t stored_len;

	p->count = 0;
	if (len && compress_try(p->compressor, raw, len, &stored, &stored_len,
				&h.codec, &h.filter)) {
		h.stored = stored_len;
		raw = stored;
	} else {
		h.codec = CODEC_RAW;
		h.filter = FILTER_NONE;
	}
	return write_frame(p, &h, raw, p->ids, p->lens, p->checks);
}

int packer_flush(struct packer *p)
{
	int err;

	if (!p->count)
		err = pack_writer_check(p->writer);
	else
		err = end_frame(p, (const uint8_t *)p->bytes.data,
				p->bytes.len);
	buf_clear(&p->bytes);
	return err;
}

static int gather(struct packer *p, const struct object *o)
{
	note_object(p, o);
	buf_add(&p->bytes, o->data, o->len);
	if (p->bytes.len >= FRAME_AIM || p->count >= FRAME_OBJECTS)
		return packer_flush(p);
	return 0;
}

/* How many objects from the first on lie one behind the other. */
static size_t run_length(const struct object *o, size_t count, size_t *bytes)
{
	size_t n = 1;

	*bytes = o[0].len;
	while (n < count && o[n].data == o[n - 1].data + o[n - 1].len)
		*bytes += o[n++].len;
	return n;
}

/*
 * A long run goes out from where it is; what is too little for a frame at
 * its end is left to be gathered.  Returns how many objects were dealt with.
 */
static int put_run(struct packer *p, const struct object *o, size_t count,
		   size_t bytes, size_t *done)
{
	size_t len = 0, start = 0;
	int err = 0;

	*done = 0;
	if (p->bytes.len >= FRAME_LEAST)
		err = packer_flush(p);
	/* complete the frame that was begun */
	while (!err && p->count && *done < count) {
		bytes -= o[*done].len;
		err = gather(p, &o[(*done)++]);
	}
	start = *done;
	for (size_t i = start; i < count && !err; i++) {
		if (!len && bytes < FRAME_LEAST)
			break;
		note_object(p, &o[i]);
		len += o[i].len;
		if (len < FRAME_AIM && p->count < FRAME_OBJECTS &&
		    i + 1 < count)
			continue;
		err = end_frame(p, o[start].data, len);
		bytes -= len;
		start = i + 1;
		*done = start;
		len = 0;
	}
	return err;
}

int packer_put(struct packer *p, const struct object *objects, size_t count)
{
	size_t at = 0, bytes, n, done;
	int err = 0;

	while (at < count && !err) {
		if (objects[at].len > OBJECT_MAX)
			return dv_fail(DV_E_INVALID,
				       "an object of %lu bytes is too long",
				       (unsigned long)objects[at].len);
		n = run_length(objects + at, count - at, &bytes);
		done = 0;
		if (bytes >= FRAME_AIM)
			err = put_run(p, objects + at, n, bytes, &done);
		for (; done < n && !err; done++)
			err = gather(p, &objects[at + done]);
		at += n;
	}
	return err;
}

int packer_put_frame(struct packer *p, enum codec codec, enum filter filter,
		     const uint8_t *stored, uint32_t stored_len, uint32_t raw,
		     const struct dv_id *ids, const uint32_t *lens,
		     const uint64_t *checks, uint32_t count)
{
	struct frame_header h = {
		.codec = codec, .filter = filter, .count = count,
		.stored = stored_len, .raw = raw,
	};
	uint64_t sum = 0;
	bool ok = count && count <= FRAME_COUNT_MAX && raw <= FRAME_MAX &&
		stored_len <= FRAME_MAX &&
		(codec != CODEC_RAW || (stored_len == raw && !filter));

	for (uint32_t i = 0; i < count && ok; i++) {
		ok = lens[i] <= OBJECT_MAX;
		sum += lens[i];
	}
	if (!ok || sum != raw)
		return dv_fail(DV_E_INVALID, "bad frame of %lu objects",
			       (unsigned long)count);
	return write_frame(p, &h, stored, ids, lens, checks);
}
