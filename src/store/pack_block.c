#include "store/pack_block.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

#define STREAM_FROM	4096	/* bytes; fewer are copied in the usual way */

/*
 * Small adds use one block and touch little of it.  The others are used from
 * end to end: big pages spare faults, and the disk gets them in one piece.
 */
int block_pool_open(struct block_pool *p)
{
	const size_t bytes = BLOCKS * PACK_BLOCK;
	void *memory;

	if (p->memory)
		return 0;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return dv_fail(DV_E_NOMEM, "out of memory for packs");
	p->memory = memory;
	madvise(p->memory + PACK_BLOCK, bytes - PACK_BLOCK, MADV_HUGEPAGE);
	for (unsigned i = BLOCKS; i--;) {
		p->all[i].data = p->memory + i * PACK_BLOCK;
		block_give_back(p, &p->all[i]);
	}
	return 0;
}

void block_pool_release(struct block_pool *p)
{
	if (p->memory)
		munmap(p->memory, BLOCKS * PACK_BLOCK);
	p->memory = NULL;
}

void block_pool_trim(struct block_pool *p)
{
	for (struct block *b = p->free; b; b = b->next)
		madvise(b->data, PACK_BLOCK, MADV_DONTNEED);
}

struct block *block_take(struct block_pool *p, struct pack_file *f,
			 uint64_t offset)
{
	struct block *b = p->free;

	p->free = b->next;
	p->free_count--;
	b->next = NULL;
	b->file = f;
	b->offset = offset;
	b->filled = 0;
	return b;
}

void block_give_back(struct block_pool *p, struct block *b)
{
	b->next = p->free;
	p->free = b;
	p->free_count++;
}

unsigned block_span_count(const struct block_span *s)
{
	return (s->offset % PACK_BLOCK + s->len + PACK_BLOCK - 1) / PACK_BLOCK;
}

#if defined(__x86_64__)

#include <emmintrin.h>

/*
 * Past the CPU's caches, which have better use than bytes that only the disk
 * will see.
 */
static void copy_out(uint8_t *to, const uint8_t *from, size_t len)
{
	size_t at = -(uintptr_t)to % sizeof(__m128i);

	if (len < STREAM_FROM) {
		memcpy(to, from, len);
		return;
	}
	memcpy(to, from, at);
	for (; at + 64 <= len; at += 64) {
		const __m128i *in = (const __m128i *)(from + at);
		__m128i *out = (__m128i *)(to + at);
		__m128i a = _mm_loadu_si128(in), b = _mm_loadu_si128(in + 1);
		__m128i c = _mm_loadu_si128(in + 2);
		__m128i d = _mm_loadu_si128(in + 3);

		_mm_stream_si128(out, a);
		_mm_stream_si128(out + 1, b);
		_mm_stream_si128(out + 2, c);
		_mm_stream_si128(out + 3, d);
	}
	_mm_sfence();
	memcpy(to + at, from + at, len - at);
}

#else

static void copy_out(uint8_t *to, const uint8_t *from, size_t len)
{
	memcpy(to, from, len);
}

#endif

void block_copy(const struct block_span *s, uint64_t at, const void *data,
		size_t len)
{
	const uint8_t *from = data;

	assert(at >= s->offset && at + len <= s->offset + s->len);
	while (len) {
		size_t i = at / PACK_BLOCK - s->offset / PACK_BLOCK;
		size_t inside = at % PACK_BLOCK, n = PACK_BLOCK - inside;

		if (n > len)
			n = len;
		copy_out(s->blocks[i]->data + inside, from, n);
		from += n;
		at += n;
		len -= n;
	}
}

void block_arrived(const struct block_span *s, unsigned i)
{
	struct block *b = s->blocks[i];
	uint64_t from = b->offset, to = b->offset + PACK_BLOCK;

	if (from < s->offset)
		from = s->offset;
	if (to > s->offset + s->len)
		to = s->offset + s->len;
	b->filled += to - from;
}
