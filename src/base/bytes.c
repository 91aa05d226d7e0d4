#include "base/bytes.h"

const uint8_t *cursor_take(struct cursor *c, size_t len)
{
	const uint8_t *p = c->at;

	if (c->bad || len > cursor_left(c)) {
		c->bad = true;
		return NULL;
	}
	c->at += len;
	return p;
}

uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);

	return p ? *p : 0;
}

uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);

	return p ? p[0] | p[1] << 8 : 0;
}

uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);

	return p ? load_u32(p) : 0;
}

uint64_t cursor_u64(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 8);

	return p ? load_u64(p) : 0;
}

uint64_t cursor_varint(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = cursor_u8(c);

		if (c->bad)
			return 0;
		/* one bit is left for the tenth byte; a last 0 says nothing */
		if ((shift == 63 && b > 1) || (shift && !b))
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	c->bad = true;
	return 0;
}

void buf_add_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

void buf_add_u16(struct buf *b, uint16_t v)
{
	uint8_t bytes[2] = { v, v >> 8 };

	buf_add(b, bytes, sizeof(bytes));
}

void buf_add_u32(struct buf *b, uint32_t v)
{
	uint8_t bytes[4];

	store_u32(bytes, v);
	buf_add(b, bytes, sizeof(bytes));
}

void buf_add_u64(struct buf *b, uint64_t v)
{
	uint8_t bytes[8];

	store_u64(bytes, v);
	buf_add(b, bytes, sizeof(bytes));
}

void buf_add_varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		bytes[n++] = (uint8_t)v | 0x80;
	bytes[n++] = v;
	buf_add(b, bytes, n);
}
