#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define ARENA_FIRST	((size_t)4 << 10)	/* bytes of a block */
#define ARENA_MOST	((size_t)256 << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	alignas(max_align_t) char data[];
};

static struct arena_block *block_new(size_t room)
{
	struct arena_block *block;

	if (room > SIZE_MAX - sizeof(*block))
		room = SIZE_MAX - sizeof(*block);	/* xmalloc aborts */
	block = xmalloc(sizeof(*block) + room);
	block->next = NULL;
	block->used = 0;
	block->room = room;
	return block;
}

/* A request of its own size goes behind the block that is being filled. */
static void *alloc_large(struct arena *a, size_t len)
{
	struct arena_block *block = block_new(len);

	block->used = len;
	if (a->blocks) {
		block->next = a->blocks->next;
		a->blocks->next = block;
	} else {
		a->blocks = block;
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
		block = block_new(room < len ? len : room);
		block->next = a->blocks;
		a->blocks = block;
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
		free(block);
	}
	a->blocks = NULL;
}
