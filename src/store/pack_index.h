#ifndef STORE_PACK_INDEX_H
#define STORE_PACK_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/buf.h"
#include "store/pack.h"

/*
 * The bytes of a pack's index and tail (dvformat-pack(5)), and nothing of
 * files: what reads them here only sees memory and may be given anything.
 */
struct pack_tail {
	uint64_t check;		/* XXH3-64 of the index */
	uint64_t index_offset;	/* PACK_LOOSE: bytes of the loose file */
	uint64_t index_len;
	struct dv_id id;
};

struct pack_index {
	uint64_t nonce;
	enum object_class class;
	enum pack_layout layout;
	uint32_t frames;
	uint32_t objects;
	struct file_stamp stamp;	/* PACK_LOOSE */
	const uint8_t *fanout, *frame_table, *ids, *places;
};

/* Decodes a tail.  0 or DV_E_CORRUPT; `name` is for the text. */
int pack_tail_decode(const uint8_t bytes[PACK_TAIL_SIZE], const char *name,
		     struct pack_tail *out);

/*
 * Checks an index, its XXH3-64 and every number in it, and says where its
 * tables are.  0 or DV_E_CORRUPT.
 */
int pack_index_decode(const uint8_t *bytes, const struct pack_tail *tail,
		      const char *name, struct pack_index *out);

void pack_header_encode(uint8_t out[PACK_HEADER_SIZE],
			enum object_class class);
/* 0 or DV_E_CORRUPT. */
int pack_header_decode(const uint8_t bytes[PACK_HEADER_SIZE],
		       const char *name, enum object_class *class);

/* An object of a pack that is being written. */
struct pack_entry {
	struct dv_id id;
	uint32_t frame;
	uint32_t offset;
	uint32_t len;
	uint64_t check;
};

/*
 * Appends index and tail to *out.  Entries and frames are in file order;
 * index->frames, objects, nonce, class, layout and stamp are read.
 * index_offset as in struct pack_tail.
 */
void pack_index_encode(const struct pack_index *index,
		       const struct frame_info *frames,
		       const struct pack_entry *entries,
		       uint64_t index_offset, struct buf *out,
		       struct dv_id *id);

/* A frame's header. */
struct frame_header {
	enum codec codec;
	enum filter filter;
	uint32_t count, stored, raw;
	uint64_t check;
};

/* Bytes of header and lens before the stored bytes. */
static inline size_t frame_head_size(uint32_t count)
{
	return FRAME_HEADER_SIZE + (size_t)count * 4;
}

/*
 * Appends a frame's header and lens.  `checks` are the XXH3-64s of the
 * objects; stored_check, for a codec that is not raw, that of the stored
 * bytes.
 */
void frame_head_encode(const struct frame_header *h, const uint32_t *lens,
		       const uint64_t *checks, uint64_t stored_check,
		       struct buf *out);

/* Decodes a header and checks its numbers.  False: it is none. */
bool frame_header_decode(const uint8_t bytes[FRAME_HEADER_SIZE],
			 struct frame_header *out);

/*
 * Checks a whole frame: `lens` follow the header, `stored` them.  True when
 * it is as it was written.
 */
bool frame_check(const struct frame_header *h,
		 const uint8_t header[FRAME_HEADER_SIZE], const uint8_t *lens,
		 const uint8_t *stored);
/*
 * The same of a frame that is raw and whose lens are known to fit, without
 * reading it: for who holds the objects themselves against these checks.
 */
bool frame_check_raw(const struct frame_header *h,
		     const uint8_t header[FRAME_HEADER_SIZE],
		     const uint8_t *lens, const uint64_t *checks);

#endif
