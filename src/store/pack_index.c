#include "store/pack_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/random.h"
#include "chunk/check.h"
#include "chunk/sha256.h"
#include "store/sort.h"

#define INDEX_HEAD	24u
#define FANOUT_SIZE	1024u
#define FRAME_ROW	24u
#define PLACE_ROW	24u
#define STAMP_SIZE	32u

static const char header_magic[4] = "DVPK";
static const char tail_magic[8] = "DVPKend1";
static const char frame_magic[4] = "DVFR";

void pack_header_encode(uint8_t out[PACK_HEADER_SIZE],
			enum object_class class)
{
	memset(out, 0, PACK_HEADER_SIZE);
	memcpy(out, header_magic, sizeof(header_magic));
	out[4] = 1;
	out[5] = class;
}

int pack_header_decode(const uint8_t bytes[PACK_HEADER_SIZE],
		       const char *name, enum object_class *class)
{
	uint8_t want[PACK_HEADER_SIZE];

	pack_header_encode(want, bytes[5]);
	if (bytes[5] >= OBJECT_CLASSES ||
	    memcmp(bytes, want, PACK_HEADER_SIZE))
		return dv_fail(DV_E_CORRUPT, "%s: bad pack header", name);
	*class = bytes[5];
	return 0;
}

int pack_tail_decode(const uint8_t bytes[PACK_TAIL_SIZE], const char *name,
		     struct pack_tail *out)
{
	struct cursor c = cursor_of(bytes, PACK_TAIL_SIZE);

	out->check = cursor_u64(&c);
	out->index_offset = cursor_u64(&c);
	out->index_len = cursor_u64(&c);
	memcpy(out->id.bytes, cursor_take(&c, DV_ID_SIZE), DV_ID_SIZE);
	if (cursor_u64(&c) || memcmp(c.at, tail_magic, sizeof(tail_magic)) ||
	    out->index_len < INDEX_HEAD + FANOUT_SIZE ||
	    out->index_len > PACK_INDEX_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: bad pack tail", name);
	return 0;
}

/* --- checking ---------------------------------------------------------- */

static uint64_t sum_key;
static pthread_once_t sum_once = PTHREAD_ONCE_INIT;

static void make_sum_key(void)
{
	random_bytes(&sum_key, sizeof(sum_key));
}

/* A hash that whoever wrote the index cannot know. */
static uint64_t mix(uint32_t a, uint32_t b, uint64_t salt)
{
	uint64_t x = ((uint64_t)a << 32 | b) + sum_key + salt;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* The frame table: frames lie one behind the other in the file. */
static bool frames_ok(const struct pack_index *x, uint64_t data_end,
		      uint64_t *sum)
{
	bool loose = x->layout == PACK_LOOSE;
	uint32_t most = loose ? FRAME_LOOSE_MAX : FRAME_MAX;
	uint64_t end = loose ? 0 : PACK_HEADER_SIZE;
	uint32_t first = 0;

	for (uint32_t i = 0; i < x->frames; i++) {
		const uint8_t *row = x->frame_table + (size_t)i * FRAME_ROW;
		uint64_t offset = load_u64(row);
		uint32_t stored = load_u32(row + 8), raw = load_u32(row + 12);
		uint32_t next = i + 1 < x->frames ?
			load_u32(row + FRAME_ROW + 20) : x->objects;
		uint32_t count = next - first;

		if (load_u32(row + 20) != first || next <= first ||
		    next > x->objects || row[18] || row[19])
			return false;
		if (!loose && count > FRAME_COUNT_MAX)
			return false;
		if (stored > most || raw > most ||
		    (row[16] == CODEC_RAW && (stored != raw || row[17])) ||
		    (loose && row[16] != CODEC_RAW))
			return false;
		if (!loose)
			end += frame_head_size(count);
		if (offset < end || offset > data_end ||
		    stored > data_end - offset)
			return false;
		end = offset + stored;
		*sum += mix(i, 0, 0) - mix(i, raw, 0);
		*sum += count * mix(i, 0, 1);
		first = next;
	}
	return first == x->objects;
}

/*
 * Objects: inside their frames, as many in each as it says, and filling it
 * from 0 to its end.  The last two without sorting them: where objects begin,
 * and the end of the frame, must be the same numbers as where they end, and
 * 0; equal sums of secret hashes say so.
 */
static bool places_ok(const struct pack_index *x, uint64_t sum)
{
	for (uint32_t i = 0; i < x->objects; i++) {
		const uint8_t *row = x->places + (size_t)i * PLACE_ROW;
		uint32_t frame = load_u32(row), offset = load_u32(row + 4);
		uint32_t len = load_u32(row + 8), raw;

		if (frame >= x->frames || load_u32(row + 12) ||
		    len > OBJECT_MAX)
			return false;
		raw = load_u32(x->frame_table + (size_t)frame * FRAME_ROW +
			       12);
		if (offset > raw || len > raw - offset)
			return false;
		sum -= mix(frame, offset, 0) - mix(frame, offset + len, 0);
		sum -= mix(frame, 0, 1);
	}
	return !sum;
}

static bool ids_ok(const struct pack_index *x)
{
	uint32_t from = 0;

	for (unsigned byte = 0; byte < 256; byte++) {
		uint32_t to = load_u32(x->fanout + byte * 4);

		if (to < from || to > x->objects)
			return false;
		for (uint32_t i = from; i < to; i++) {
			const uint8_t *id = x->ids + (size_t)i * DV_ID_SIZE;

			if (id[0] != byte || (i > from &&
			    memcmp(id - DV_ID_SIZE, id, DV_ID_SIZE) > 0))
				return false;
		}
		from = to;
	}
	return from == x->objects;
}

static bool head_ok(struct pack_index *x, const uint8_t *bytes, uint64_t len)
{
	struct cursor c = cursor_of(bytes, INDEX_HEAD);
	uint64_t want;

	x->nonce = cursor_u64(&c);
	x->class = cursor_u8(&c);
	x->layout = cursor_u8(&c);
	if (x->class >= OBJECT_CLASSES || x->layout > PACK_LOOSE ||
	    cursor_u16(&c))
		return false;
	x->frames = cursor_u32(&c);
	x->objects = cursor_u32(&c);
	if (cursor_u32(&c))
		return false;
	/* cannot overflow: 32-bit numbers of rows */
	want = INDEX_HEAD + FANOUT_SIZE + (uint64_t)x->frames * FRAME_ROW +
		(uint64_t)x->objects * (DV_ID_SIZE + PLACE_ROW);
	if (x->layout == PACK_LOOSE)
		want += STAMP_SIZE;
	return want == len;
}

static void stamp_decode(struct file_stamp *s, const uint8_t *bytes)
{
	s->size = load_u64(bytes);
	s->mtime_ns = load_u64(bytes + 8);
	s->ctime_ns = load_u64(bytes + 16);
	s->inode = load_u64(bytes + 24);
}

int pack_index_decode(const uint8_t *bytes, const struct pack_tail *tail,
		      const char *name, struct pack_index *out)
{
	uint64_t sum = 0;

	pthread_once(&sum_once, make_sum_key);
	memset(out, 0, sizeof(*out));
	if (check64(bytes, tail->index_len) != tail->check)
		return dv_fail(DV_E_CORRUPT, "%s: the index is damaged", name);
	if (!head_ok(out, bytes, tail->index_len))
		return dv_fail(DV_E_CORRUPT, "%s: bad index", name);
	out->fanout = bytes + INDEX_HEAD;
	out->frame_table = out->fanout + FANOUT_SIZE;
	out->ids = out->frame_table + (size_t)out->frames * FRAME_ROW;
	out->places = out->ids + (size_t)out->objects * DV_ID_SIZE;
	if (out->layout == PACK_LOOSE) {
		stamp_decode(&out->stamp, out->places +
			     (size_t)out->objects * PLACE_ROW);
		if (out->stamp.size != tail->index_offset)
			return dv_fail(DV_E_CORRUPT, "%s: bad size in index",
				       name);
	}
	if (!frames_ok(out, tail->index_offset, &sum))
		return dv_fail(DV_E_CORRUPT, "%s: bad frames in index", name);
	if (!ids_ok(out))
		return dv_fail(DV_E_CORRUPT, "%s: bad ids in index", name);
	if (!places_ok(out, sum))
		return dv_fail(DV_E_CORRUPT, "%s: bad places in index", name);
	return 0;
}

/* --- writing ----------------------------------------------------------- */

static int compare_entries(const void *a, const void *b, void *data)
{
	const struct pack_entry *entries = data;
	const struct sort_key *x = a, *y = b;

	return dv_id_compare(&entries[x->value].id, &entries[y->value].id);
}

/* Slots in order of ids. */
static struct sort_key *sort_entries(const struct pack_entry *entries,
				     uint32_t count)
{
	struct sort_key *keys = xmalloc(((size_t)count * 2 + 1) *
					sizeof(*keys));

	for (uint32_t i = 0; i < count; i++) {
		keys[i].key = id_prefix(&entries[i].id);
		keys[i].value = i;
	}
	sort_keys(keys, count, keys + count);
	for (uint32_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++) {
			if (keys[end].key != keys[i].key)
				break;
		}
		if (end - i > 1)
			qsort_r(keys + i, end - i, sizeof(*keys),
				compare_entries, (void *)entries);
	}
	return keys;
}

static void add_fanout(struct buf *out, const struct pack_entry *entries,
		       const struct sort_key *order, uint32_t count)
{
	uint32_t at = 0;

	for (unsigned byte = 0; byte < 256; byte++) {
		while (at < count &&
		       entries[order[at].value].id.bytes[0] <= byte)
			at++;
		buf_add_u32(out, at);
	}
}

static void add_frames(struct buf *out, const struct frame_info *frames,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		buf_add_u64(out, frames[i].offset);
		buf_add_u32(out, frames[i].stored);
		buf_add_u32(out, frames[i].raw);
		buf_add_u8(out, frames[i].codec);
		buf_add_u8(out, frames[i].filter);
		buf_add_u16(out, 0);
		buf_add_u32(out, frames[i].first);
	}
}

static void add_places(struct buf *out, const struct pack_entry *entries,
		       const struct sort_key *order, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct pack_entry *e = &entries[order[i].value];
		uint8_t row[PLACE_ROW] = { 0 };

		store_u32(row, e->frame);
		store_u32(row + 4, e->offset);
		store_u32(row + 8, e->len);
		store_u64(row + 16, e->check);
		buf_add(out, row, sizeof(row));
	}
}

static void add_tail(struct buf *out, size_t start, uint64_t index_offset,
		     struct dv_id *id)
{
	size_t len = out->len - start;
	uint64_t check = check64(out->data + start, len);

	sha256(out->data + start, len, id);
	buf_add_u64(out, check);
	buf_add_u64(out, index_offset);
	buf_add_u64(out, len);
	buf_add(out, id->bytes, DV_ID_SIZE);
	buf_add_u64(out, 0);
	buf_add(out, tail_magic, sizeof(tail_magic));
}

void pack_index_encode(const struct pack_index *index,
		       const struct frame_info *frames,
		       const struct pack_entry *entries,
		       uint64_t index_offset, struct buf *out,
		       struct dv_id *id)
{
	struct sort_key *order = sort_entries(entries, index->objects);
	size_t start = out->len;

	buf_reserve(out, INDEX_HEAD + FANOUT_SIZE + STAMP_SIZE +
		    PACK_TAIL_SIZE + (size_t)index->frames * FRAME_ROW +
		    (size_t)index->objects * (DV_ID_SIZE + PLACE_ROW));
	buf_add_u64(out, index->nonce);
	buf_add_u8(out, index->class);
	buf_add_u8(out, index->layout);
	buf_add_u16(out, 0);
	buf_add_u32(out, index->frames);
	buf_add_u32(out, index->objects);
	buf_add_u32(out, 0);
	add_fanout(out, entries, order, index->objects);
	add_frames(out, frames, index->frames);
	for (uint32_t i = 0; i < index->objects; i++)
		buf_add(out, entries[order[i].value].id.bytes, DV_ID_SIZE);
	add_places(out, entries, order, index->objects);
	free(order);
	if (index->layout == PACK_LOOSE) {
		buf_add_u64(out, index->stamp.size);
		buf_add_u64(out, index->stamp.mtime_ns);
		buf_add_u64(out, index->stamp.ctime_ns);
		buf_add_u64(out, index->stamp.inode);
	}
	add_tail(out, start, index_offset, id);
}

/* --- frames ------------------------------------------------------------ */

static uint64_t frame_sum(const uint8_t *header, const uint8_t *lens,
			  uint32_t count, const uint64_t *checks,
			  size_t check_count)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;

	buf_reserve(&all, 24 + (size_t)count * 4 + check_count * 8);
	buf_add(&all, header, 24);
	buf_add(&all, lens, (size_t)count * 4);
	for (size_t i = 0; i < check_count; i++)
		buf_add_u64(&all, checks[i]);
	return check64(all.data, all.len);
}

void frame_head_encode(const struct frame_header *h, const uint32_t *lens,
		       const uint64_t *checks, uint64_t stored_check,
		       struct buf *out)
{
	size_t start = out->len;
	bool raw = h->codec == CODEC_RAW;
	uint64_t sum;

	buf_reserve(out, frame_head_size(h->count));
	buf_add(out, frame_magic, sizeof(frame_magic));
	buf_add_u8(out, h->codec);
	buf_add_u8(out, h->filter);
	buf_add_u16(out, 0);
	buf_add_u32(out, h->count);
	buf_add_u32(out, h->stored);
	buf_add_u32(out, h->raw);
	buf_add_u32(out, 0);
	buf_add_u64(out, 0);
	for (uint32_t i = 0; i < h->count; i++)
		buf_add_u32(out, lens[i]);
	sum = frame_sum((uint8_t *)out->data + start,
			(uint8_t *)out->data + start + FRAME_HEADER_SIZE,
			h->count, raw ? checks : &stored_check,
			raw ? h->count : 1);
	store_u64(out->data + start + 24, sum);
}

bool frame_header_decode(const uint8_t bytes[FRAME_HEADER_SIZE],
			 struct frame_header *out)
{
	struct cursor c = cursor_of(bytes, FRAME_HEADER_SIZE);

	if (memcmp(cursor_take(&c, 4), frame_magic, 4))
		return false;
	out->codec = cursor_u8(&c);
	out->filter = cursor_u8(&c);
	if (cursor_u16(&c))
		return false;
	out->count = cursor_u32(&c);
	out->stored = cursor_u32(&c);
	out->raw = cursor_u32(&c);
	if (cursor_u32(&c))
		return false;
	out->check = cursor_u64(&c);
	if (out->codec == CODEC_RAW &&
	    (out->stored != out->raw || out->filter))
		return false;
	return out->count && out->count <= FRAME_COUNT_MAX &&
		out->stored <= FRAME_MAX && out->raw <= FRAME_MAX;
}

bool frame_check_raw(const struct frame_header *h,
		     const uint8_t header[FRAME_HEADER_SIZE],
		     const uint8_t *lens, const uint64_t *checks)
{
	return frame_sum(header, lens, h->count, checks, h->count) ==
		h->check;
}

bool frame_check(const struct frame_header *h,
		 const uint8_t header[FRAME_HEADER_SIZE], const uint8_t *lens,
		 const uint8_t *stored)
{
	bool raw = h->codec == CODEC_RAW;
	uint32_t n = raw ? h->count : 1;
	uint64_t sum = 0, *checks;
	bool ok;

	for (uint32_t i = 0; i < h->count; i++) {
		uint32_t len = load_u32(lens + (size_t)i * 4);

		if (len > OBJECT_MAX)
			return false;
		sum += len;
	}
	if (sum != h->raw)
		return false;
	checks = xmalloc(n * sizeof(*checks));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = raw ? load_u32(lens + (size_t)i * 4) :
			h->stored;

		checks[i] = check64(stored, len);
		stored += len;
	}
	ok = frame_sum(header, lens, h->count, checks, n) == h->check;
	free(checks);
	return ok;
}
