#include "chunk/planes.h"

#include <string.h>

/*
 * Sixteen bytes at a time; numbers left over are moved one by one.  The
 * shuffles are single instructions (or three, with SSE2 alone) everywhere.
 */
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

/* Bytes 0, 2, 4 ... of a and b. */
static vec even(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14,
				       16, 18, 20, 22, 24, 26, 28, 30);
}

static vec odd(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15,
				       17, 19, 21, 23, 25, 27, 29, 31);
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

static void split2(const uint8_t *data, size_t count, uint8_t *out)
{
	uint8_t *second = out + count;
	size_t i = 0;

	for (; i + 16 <= count; i += 16) {
		vec a = load(data + 2 * i), b = load(data + 2 * i + 16);

		store(out + i, even(a, b));
		store(second + i, odd(a, b));
	}
	for (; i < count; i++) {
		out[i] = data[2 * i];
		second[i] = data[2 * i + 1];
	}
}

static void join2(const uint8_t *planes, size_t count, uint8_t *out)
{
	const uint8_t *second = planes + count;
	size_t i = 0;

	for (; i + 16 <= count; i += 16) {
		vec a = load(planes + i), b = load(second + i);

		store(out + 2 * i, zip_first(a, b));
		store(out + 2 * i + 16, zip_last(a, b));
	}
	for (; i < count; i++) {
		out[2 * i] = planes[i];
		out[2 * i + 1] = second[i];
	}
}

static void split4(const uint8_t *data, size_t count, uint8_t *out)
{
	size_t i = 0;

	for (; i + 16 <= count; i += 16) {
		vec a = load(data + 4 * i), b = load(data + 4 * i + 16);
		vec c = load(data + 4 * i + 32), d = load(data + 4 * i + 48);
		/* bytes 0 and 2 of each number, bytes 1 and 3 */
		vec even1 = even(a, b), even2 = even(c, d);
		vec odd1 = odd(a, b), odd2 = odd(c, d);

		store(out + i, even(even1, even2));
		store(out + count + i, even(odd1, odd2));
		store(out + 2 * count + i, odd(even1, even2));
		store(out + 3 * count + i, odd(odd1, odd2));
	}
	for (; i < count; i++)
		for (int k = 0; k < 4; k++)
			out[k * count + i] = data[4 * i + k];
}

static void join4(const uint8_t *planes, size_t count, uint8_t *out)
{
	size_t i = 0;

	for (; i + 16 <= count; i += 16) {
		vec a = load(planes + i), b = load(planes + count + i);
		vec c = load(planes + 2 * count + i);
		vec d = load(planes + 3 * count + i);
		vec even1 = zip_first(a, c), even2 = zip_last(a, c);
		vec odd1 = zip_first(b, d), odd2 = zip_last(b, d);

		store(out + 4 * i, zip_first(even1, odd1));
		store(out + 4 * i + 16, zip_last(even1, odd1));
		store(out + 4 * i + 32, zip_first(even2, odd2));
		store(out + 4 * i + 48, zip_last(even2, odd2));
	}
	for (; i < count; i++)
		for (int k = 0; k < 4; k++)
			out[4 * i + k] = planes[k * count + i];
}

void planes_split(unsigned n, const uint8_t *data, size_t len, uint8_t *out)
{
	size_t count = len / n, done = count * n;

	if (n == 2)
		split2(data, count, out);
	else
		split4(data, count, out);
	if (len > done)
		memcpy(out + done, data + done, len - done);
}

void planes_join(unsigned n, const uint8_t *planes, size_t len, uint8_t *out)
{
	size_t count = len / n, done = count * n;

	if (n == 2)
		join2(planes, count, out);
	else
		join4(planes, count, out);
	if (len > done)
		memcpy(out + done, planes + done, len - done);
}
