#include "chunk/planes.h"

#include <string.h>

/*
 * Sixteen numbers at a time; those left over are moved one by one.  A zip is a
 * single instruction everywhere.
 */
#define PLANES_MOST	8
#define ALWAYS_INLINE	inline __attribute__((always_inline))

typedef uint8_t vec __attribute__((vector_size(16)));

static vec load(const uint8_t *p)
{
	vec v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void store(uint8_t *p, vec v)
{
	memcpy(p, &v, sizeof(v));
}

/* The first halves of a and b, byte by byte in turn. */
static vec zip_first(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19,
				       4, 20, 5, 21, 6, 22, 7, 23);
}

static vec zip_last(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27,
				       12, 28, 13, 29, 14, 30, 15, 31);
}

/*
 * Puts byte i of v[0..n) where the bits of i say when they are rotated left
 * `times`: each time the two halves of v are zipped.
 */
static ALWAYS_INLINE void rotate(vec *v, unsigned n, unsigned times)
{
	vec t[PLANES_MOST];

#pragma GCC unroll 4
	for (unsigned k = 0; k < times; k++) {
#pragma GCC unroll 4
		for (unsigned i = 0; i < n / 2; i++) {
			t[2 * i] = zip_first(v[i], v[i + n / 2]);
			t[2 * i + 1] = zip_last(v[i], v[i + n / 2]);
		}
#pragma GCC unroll 8
		for (unsigned i = 0; i < n; i++)
			v[i] = t[i];
	}
}

/*
 * 16 numbers of n bytes have four bits of an index that say which number, and
 * below them those that say which of its bytes; in planes it is the other
 * way round.
 */
static ALWAYS_INLINE void split(unsigned n, const uint8_t *data, size_t count,
				uint8_t *out)
{
	vec v[PLANES_MOST];
	size_t i = 0;

	for (; i + 16 <= count; i += 16) {
#pragma GCC unroll 8
		for (unsigned k = 0; k < n; k++)
			v[k] = load(data + n * i + 16 * k);
		rotate(v, n, 4);
#pragma GCC unroll 8
		for (unsigned k = 0; k < n; k++)
			store(out + k * count + i, v[k]);
	}
	for (; i < count; i++)
		for (unsigned k = 0; k < n; k++)
			out[k * count + i] = data[n * i + k];
}

static ALWAYS_INLINE void join(unsigned n, unsigned bits,
			       const uint8_t *planes, size_t count,
			       uint8_t *out)
{
	vec v[PLANES_MOST];
	size_t i = 0;

	for (; i + 16 <= count; i += 16) {
#pragma GCC unroll 8
		for (unsigned k = 0; k < n; k++)
			v[k] = load(planes + k * count + i);
		rotate(v, n, bits);
#pragma GCC unroll 8
		for (unsigned k = 0; k < n; k++)
			store(out + n * i + 16 * k, v[k]);
	}
	for (; i < count; i++)
		for (unsigned k = 0; k < n; k++)
			out[n * i + k] = planes[k * count + i];
}

void planes_split(unsigned n, const uint8_t *data, size_t len, uint8_t *out)
{
	size_t count = len / n, done = count * n;

	if (n == 2)
		split(2, data, count, out);
	else if (n == 4)
		split(4, data, count, out);
	else
		split(8, data, count, out);
	if (len > done)
		memcpy(out + done, data + done, len - done);
}

void planes_join(unsigned n, const uint8_t *planes, size_t len, uint8_t *out)
{
	size_t count = len / n, done = count * n;

	if (n == 2)
		join(2, 1, planes, count, out);
	else if (n == 4)
		join(4, 2, planes, count, out);
	else
		join(8, 3, planes, count, out);
	if (len > done)
		memcpy(out + done, planes + done, len - done);
}
