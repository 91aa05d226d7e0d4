#ifndef STORE_PACK_BLOCK_H
#define STORE_PACK_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "store/pack_disk.h"

/*
 * The bytes of packs between packers and the disk: a fixed number of blocks,
 * filled by several threads at once and written by one at a time.
 * Only block_copy() may be called without the writer's mutex.
 */
#define BLOCKS_MOST	64
/* Most blocks that a frame with its header lies in. */
#define BLOCK_SPAN	11

struct pack_file;

/* A part of a pack. */
struct block {
	struct block *next;	/* of the free ones, or of those to write */
	struct pack_file *file;
	uint8_t *data;		/* as long as the pool says, aligned */
	uint64_t offset;	/* in the file, a multiple of that length */
	size_t filled;		/* bytes that arrived, in any order */
};

/* Zeroed to begin with: memory is taken at the first use. */
struct block_pool {
	uint8_t *memory;	/* owned */
	size_t size;		/* bytes of a block */
	struct block all[BLOCKS_MOST];
	struct block *free;
	unsigned free_count;
};

/* Blocks of `size` bytes, at least PACK_BLOCK_CACHED.  0 or DV_E_NOMEM. */
int block_pool_open(struct block_pool *p, size_t size);
void block_pool_release(struct block_pool *p);
/* Gives back the memory of free blocks, which may be used again. */
void block_pool_trim(struct block_pool *p);

/* Takes a free block; there must be one. */
struct block *block_take(struct block_pool *p, struct pack_file *f,
			 uint64_t offset);
void block_give_back(struct block_pool *p, struct block *b);

/* A place in a pack: `len` bytes at `offset`, in these blocks. */
struct block_span {
	struct block *blocks[BLOCK_SPAN];
	size_t block;		/* bytes of a block */
	uint64_t offset;
	size_t len;
};

/* Copies to `at` (an offset in the pack) within the span. */
void block_copy(const struct block_span *s, uint64_t at, const void *data,
		size_t len);
/* Counts the bytes of the span as arrived in its i-th block. */
void block_arrived(const struct block_span *s, unsigned i);
/* In how many blocks it lies. */
unsigned block_span_count(const struct block_span *s);

#endif
