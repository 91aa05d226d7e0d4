#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "git/sha1.h"

struct sha1 {
	uint32_t state[5];
	uint64_t total;		/* bytes taken */
	uint8_t block[64];
};

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* FIPS 180-4, 6.1.2 */
static void take_block(struct sha1 *s)
{
	uint32_t w[80], a = s->state[0], b = s->state[1], c = s->state[2];
	uint32_t d = s->state[3], e = s->state[4];

	for (int i = 0; i < 16; i++)
		w[i] = big_endian(s->block + 4 * i);
	for (int i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f, k, next;

		if (i < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (i < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (i < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		next = rotate(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	s->state[0] += a;
	s->state[1] += b;
	s->state[2] += c;
	s->state[3] += d;
	s->state[4] += e;
}

static void take(struct sha1 *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		size_t at = s->total % 64, n = 64 - at;

		if (n > len)
			n = len;
		memcpy(s->block + at, p, n);
		s->total += n;
		p += n;
		len -= n;
		if (!(s->total % 64))
			take_block(s);
	}
}

void sha1_blob(const void *data, size_t len, uint8_t id[SHA1_SIZE])
{
	static const uint8_t padding[64] = { 0x80 };
	struct sha1 s = { .state = { 0x67452301, 0xefcdab89, 0x98badcfe,
				     0x10325476, 0xc3d2e1f0 } };
	uint8_t length[8];
	uint64_t bits;
	char header[32];

	take(&s, header, snprintf(header, sizeof(header), "blob %zu", len) + 1);
	take(&s, data, len);
	bits = s.total * 8;
	take(&s, padding, (s.total % 64 < 56 ? 56 : 120) - s.total % 64);
	for (int i = 0; i < 8; i++)
		length[i] = bits >> (56 - 8 * i);
	take(&s, length, 8);
	for (int i = 0; i < SHA1_SIZE; i++)
		id[i] = s.state[i / 4] >> (24 - 8 * (i % 4));
}

bool sha1_from_hex(const char *hex, uint8_t id[SHA1_SIZE])
{
	for (int i = 0; i < SHA1_SIZE; i++) {
		int byte = 0;

		for (int k = 0; k < 2; k++) {
			unsigned char c = hex[2 * i + k];

			if (!isxdigit(c))
				return false;
			byte = byte << 4 | (c <= '9' ? c - '0' :
					    (c | 0x20) - 'a' + 10);
		}
		id[i] = byte;
	}
	return true;
}
