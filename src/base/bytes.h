#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

/*
 * Little-endian integers and LEB128 varints (in minimal form, at most ten
 * bytes), in memory.  Reading never passes the end: a cursor that was asked
 * for more than there is turns bad, gives zeros, and stays bad.
 */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

static inline struct cursor cursor_of(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct cursor){ p, p + len, false };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->end - c->at;
}

/* The next len bytes, or NULL when there are not as many. */
const uint8_t *cursor_take(struct cursor *c, size_t len);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
uint64_t cursor_varint(struct cursor *c);

static inline uint32_t load_u32(const void *p)
{
	uint8_t b[4];

	memcpy(b, p, 4);
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static inline uint64_t load_u64(const void *p)
{
	return load_u32(p) | (uint64_t)load_u32((const char *)p + 4) << 32;
}

static inline void store_u32(void *p, uint32_t v)
{
	uint8_t b[4] = { v, v >> 8, v >> 16, v >> 24 };

	memcpy(p, b, 4);
}

static inline void store_u64(void *p, uint64_t v)
{
	store_u32(p, v);
	store_u32((char *)p + 4, v >> 32);
}

void buf_add_u8(struct buf *b, uint8_t v);
void buf_add_u16(struct buf *b, uint16_t v);
void buf_add_u32(struct buf *b, uint32_t v);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_varint(struct buf *b, uint64_t v);

#endif
