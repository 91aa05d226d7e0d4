#include "chunk/planes.h"

#include <string.h>

#include "base/bytes.h"

/*
 * Eight bytes at a time in a 64-bit register; numbers left over are moved
 * one by one.
 */

#define EVEN	UINT64_C(0x00ff00ff00ff00ff)

/* Bytes 0, 2, 4, 6 of x next to each other. */
static uint32_t gather_even(uint64_t x)
{
	x &= EVEN;
	x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
	return x | x >> 16;
}

/* The four bytes of x at 0, 2, 4, 6. */
static uint64_t spread_even(uint32_t x)
{
	uint64_t y = (x | (uint64_t)x << 16) & UINT64_C(0x0000ffff0000ffff);

	return (y | y << 8) & EVEN;
}

static void split2(const uint8_t *data, size_t count, uint8_t *out)
{
	uint8_t *odd = out + count;
	size_t i = 0;

	for (; i + 4 <= count; i += 4) {
		uint64_t x = load_u64(data + 2 * i);

		store_u32(out + i, gather_even(x));
		store_u32(odd + i, gather_even(x >> 8));
	}
	for (; i < count; i++) {
		out[i] = data[2 * i];
		odd[i] = data[2 * i + 1];
	}
}

static void join2(const uint8_t *planes, size_t count, uint8_t *out)
{
	const uint8_t *odd = planes + count;
	size_t i = 0;

	for (; i + 4 <= count; i += 4)
		store_u64(out + 2 * i, spread_even(load_u32(planes + i)) |
			  spread_even(load_u32(odd + i)) << 8);
	for (; i < count; i++) {
		out[2 * i] = planes[i];
		out[2 * i + 1] = odd[i];
	}
}

static void split4(const uint8_t *data, size_t count, uint8_t *out)
{
	size_t i = 0;

	for (; i + 4 <= count; i += 4) {
		uint64_t x = load_u64(data + 4 * i);
		uint64_t y = load_u64(data + 4 * i + 8);
		/* bytes 0 2 4 6 and 1 3 5 7 of all sixteen, in order */
		uint64_t even = gather_even(x) | (uint64_t)gather_even(y) << 32;
		uint64_t odd = gather_even(x >> 8) |
			       (uint64_t)gather_even(y >> 8) << 32;

		store_u32(out + i, gather_even(even));
		store_u32(out + count + i, gather_even(odd));
		store_u32(out + 2 * count + i, gather_even(even >> 8));
		store_u32(out + 3 * count + i, gather_even(odd >> 8));
	}
	for (; i < count; i++)
		for (int k = 0; k < 4; k++)
			out[k * count + i] = data[4 * i + k];
}

static void join4(const uint8_t *planes, size_t count, uint8_t *out)
{
	size_t i = 0;

	for (; i + 4 <= count; i += 4) {
		uint64_t even = spread_even(load_u32(planes + i)) |
			spread_even(load_u32(planes + 2 * count + i)) << 8;
		uint64_t odd = spread_even(load_u32(planes + count + i)) |
			spread_even(load_u32(planes + 3 * count + i)) << 8;

		store_u64(out + 4 * i, spread_even((uint32_t)even) |
			  spread_even((uint32_t)odd) << 8);
		store_u64(out + 4 * i + 8, spread_even(even >> 32) |
			  spread_even(odd >> 32) << 8);
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
