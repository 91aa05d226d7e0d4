#include "store/pack_block.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

#define POOL_BYTES	(BLOCKS_MOST * PACK_BLOCK_CACHED)

/*
 * The block given back last is taken first, so those that are never needed
 * take no memory.  Small adds touch little even of the first one; in big pages
 * the disk gets the others in one piece.
 */
int block_pool_open(struct block_pool *p, size_t size)
{
	void *memory;

	if (p->memory)
		return 0;
	memory = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return dv_fail(DV_E_NOMEM, "out of memory for packs");
	p->memory = memory;
	p->size = size;
	if (size == PACK_BLOCK_DIRECT)
		madvise(p->memory + size, POOL_BYTES - size, MADV_HUGEPAGE);
	for (unsigned i = POOL_BYTES / size; i--;) {
		p->all[i].data = p->memory + i * size;
		block_give_back(p, &p->all[i]);
	}
	return 0;
}

void block_pool_release(struct block_pool *p)
{
	if (p->memory)
		munmap(p->memory, POOL_BYTES);
	p->memory = NULL;
}

void block_pool_trim(struct block_pool *p)
{
	for (struct block *b = p->free; b; b = b->next)
		madvise(b->data, p->size, MADV_DONTNEED);
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
	return (s->offset % s->block + s->len + s->block - 1) / s->block;
}

void block_copy(const struct block_span *s, uint64_t at, const void *data,
		size_t len)
{
	const uint8_t *from = data;

	assert(at >= s->offset && at + len <= s->offset + s->len);
	while (len) {
		size_t i = at / s->block - s->offset / s->block;
		size_t inside = at % s->block, n = s->block - inside;

		if (n > len)
			n = len;
		memcpy(s->blocks[i]->data + inside, from, n);
		from += n;
		at += n;
		len -= n;
	}
}

void block_arrived(const struct block_span *s, unsigned i)
{
	struct block *b = s->blocks[i];
	uint64_t from = b->offset, to = b->offset + s->block;

	if (from < s->offset)
		from = s->offset;
	if (to > s->offset + s->len)
		to = s->offset + s->len;
	b->filled += to - from;
}
