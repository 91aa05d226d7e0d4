#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define ARENA_FIRST	((size_t)1 << 10)	/* bytes of a block */
#define ARENA_MOST	((size_t)256 << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	bool spilled;
	alignas(max_align_t) char data[];
};

static struct arena_block *block_new(struct arena *a, size_t room)
{
	struct arena_block *block = NULL;
	bool spilled;

	if (room > SIZE_MAX - sizeof(*block))
		room = SIZE_MAX - sizeof(*block);	/* xmalloc aborts */
	if (a->spill)
		block = spill_take(a->spill, sizeof(*block) + room);
	spilled = block != NULL;
	if (!block)
		block = xmalloc(sizeof(*block) + room);
	block->spilled = spilled;
	block->next = NULL;
	block->used = 0;
	block->room = room;
	return block;
}

/* The first one is filled; what is full and spilled need not be kept. */
static void add_block(struct arena *a, struct arena_block *block)
{
	struct arena_block *first = a->blocks;

	block->next = first && first->spilled ? first->next : first;
	a->blocks = block;
}

/* A request of its own size goes behind the block that is being filled. */
static void *alloc_large(struct arena *a, size_t len)
{
	struct arena_block *block = block_new(a, len);

	block->used = len;
	if (!a->blocks) {
		a->blocks = block;
	} else if (!block->spilled) {
		block->next = a->blocks->next;
		a->blocks->next = block;
	}
	return block->data;
}

void *arena_alloc(struct arena *a, size_t len)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *block = a->blocks;
	void *p;

	if (len > ARENA_MOST / 4)
		return alloc_large(a, len);
	len = (len + align - 1) / align * align;
	if (!block || block->room - block->used < len) {
		size_t room = block ? block->room * 2 : ARENA_FIRST;

		if (room > ARENA_MOST)
			room = ARENA_MOST;
		block = block_new(a, room < len ? len : room);
		add_block(a, block);
	}
	p = block->data + block->used;
	block->used += len;
	return p;
}

char *arena_copy(struct arena *a, const void *data, size_t len)
{
	char *p;

	if (len > SIZE_MAX - 1)
		len = SIZE_MAX - 1;
	p = arena_alloc(a, len + 1);
	if (len)
		memcpy(p, data, len);
	p[len] = '\0';
	return p;
}

void arena_release(struct arena *a)
{
	struct arena_block *block = a->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		if (!block->spilled)
			free(block);
	}
	a->blocks = NULL;
}
