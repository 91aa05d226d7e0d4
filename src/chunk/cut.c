#include "chunk/cut.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "chunk/cut_kernel.h"
#include "chunk/cut_table.h"
#include "chunk/kernel.h"

static uint32_t gear_table[256];
static pthread_once_t gear_once = PTHREAD_ONCE_INIT;

static void make_gear(void)
{
	for (int b = 0; b < 256; b++)
		gear_table[b] = cut_table_a[b & 15] ^ cut_table_b[b >> 4];
}

const uint32_t *cut_gear(void)
{
	pthread_once(&gear_once, make_gear);
	return gear_table;
}

uint32_t cut_warm_up(const uint32_t *gear, const uint8_t *data, size_t before)
{
	uint32_t h = 0;

	if (before > CUT_WINDOW)
		before = CUT_WINDOW;
	for (const uint8_t *p = data - before; p < data; p++)
		h = (h << 1) + gear[*p];
	return h;
}

static void add_candidate(struct cut_list *out, uint64_t position, uint32_t h)
{
	ARRAY_GROW(out->items, out->count + 1, out->room);
	out->items[out->count++] = position << 1 | (h < CUT_STRONG_BELOW);
}

uint32_t cut_scan_plain(const uint32_t *gear, uint32_t h,
			const uint8_t *data, size_t len, uint64_t base,
			struct cut_list *out)
{
	for (size_t i = 0; i < len; i++) {
		h = (h << 1) + gear[data[i]];
		if (__builtin_expect(h < CUT_WEAK_BELOW, 0))
			add_candidate(out, base + i + 1, h);
	}
	return h;
}

void cut_scan_reference(const uint8_t *data, size_t len, size_t before,
			uint64_t base, struct cut_list *out)
{
	const uint32_t *gear = cut_gear();

	cut_scan_plain(gear, cut_warm_up(gear, data, before), data, len,
		       base, out);
}

void cut_scan_by(cut_vector_fn *vector, const uint8_t *data, size_t len,
		 size_t before, uint64_t base, struct cut_list *out)
{
	size_t done = 0;

	if (!len)
		return;
	if (vector) {
		/* the vectors want a full window before their first byte */
		if (before < CUT_WINDOW) {
			done = CUT_WINDOW - before;
			if (done > len)
				done = len;
			cut_scan_reference(data, done, before, base, out);
		}
		done += vector(data + done, len - done, base + done, out);
	}
	cut_scan_reference(data + done, len - done, before + done,
			   base + done, out);
}

static cut_vector_fn *kernel;
static const char *kernel_name;
static pthread_once_t kernel_once = PTHREAD_ONCE_INIT;

static void choose_kernel(void)
{
	enum kernel_wish wish = kernel_wish();

	kernel_name = "scalar";
	if (wish == KERNEL_SCALAR)
		return;
	if (cpu_has_avx512() && wish != KERNEL_AVX2) {
		kernel = cut_scan_avx512;
		kernel_name = "avx512";
	} else if (cpu_has_avx2()) {
		kernel = cut_scan_avx2;
		kernel_name = "avx2";
	}
}

const char *cut_kernel(void)
{
	pthread_once(&kernel_once, choose_kernel);
	return kernel_name;
}

void cut_scan(const uint8_t *data, size_t len, size_t before, uint64_t base,
	      struct cut_list *out)
{
	pthread_once(&kernel_once, choose_kernel);
	cut_scan_by(kernel, data, len, before, base, out);
}

/*
 * What was passed over can never become a cut later: had it been one for
 * the chunk at c->start it would have been taken, and it lies before the
 * start of any chunk after that.
 */
bool cut_choose(struct cut_chooser *c, const struct cut_list *list,
		uint64_t known, bool last, uint64_t *end)
{
	const uint64_t start = c->start;
	uint64_t most = start + DV_CHUNK_MAX;

	if (most > known)
		most = known;
	for (; c->next < list->count; c->next++) {
		uint64_t at = list->items[c->next] >> 1;
		bool strong = list->items[c->next] & 1;

		if (at > most)
			break;
		if (at > start + DV_CHUNK_AIM ||
		    (strong && at > start + DV_CHUNK_MIN)) {
			c->start = *end = at;
			return true;
		}
	}
	if (most < start + DV_CHUNK_MAX && (!last || most == start))
		return false;
	c->start = *end = most;
	return true;
}

void cut_list_trim(struct cut_list *list, struct cut_chooser *c)
{
	assert(c->next <= list->count);
	list->count -= c->next;
	if (c->next && list->count)
		memmove(list->items, list->items + c->next,
			list->count * sizeof(*list->items));
	c->next = 0;
}

void cut_list_release(struct cut_list *list)
{
	free(list->items);
	*list = (struct cut_list)CUT_LIST_INIT;
}

/* The rule as the format page has it, in one pass and with no list. */
size_t dv_chunk_next(const uint8_t *data, size_t len)
{
	const uint32_t *gear = cut_gear();
	size_t most = len < DV_CHUNK_MAX ? len : DV_CHUNK_MAX;
	size_t aim = most < DV_CHUNK_AIM ? most : DV_CHUNK_AIM;
	size_t i = DV_CHUNK_MIN;
	uint32_t h;

	assert(len);
	if (len <= DV_CHUNK_MIN)
		return len;
	h = cut_warm_up(gear, data + i, i);
	while (i < aim) {
		h = (h << 1) + gear[data[i++]];
		if (h < CUT_STRONG_BELOW)
			return i;
	}
	while (i < most) {
		h = (h << 1) + gear[data[i++]];
		if (h < CUT_WEAK_BELOW)
			return i;
	}
	return most;
}
