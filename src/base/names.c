#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/names.h"
#include "base/random.h"

/* FNV-1a with a seed and a final mix: names come from strangers. */
static uint64_t hash_of(const struct names *n, const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u ^ n->seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)text[i]) * 0x100000001b3u;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

static size_t slot_of(const struct names *n, const char *text, size_t len,
		      uint64_t hash)
{
	size_t mask = n->slot_count - 1;
	size_t at = hash & mask;

	for (; n->slots[at]; at = (at + 1) & mask) {
		const struct name *name = &n->items[n->slots[at] - 1];

		if (name->hash == hash && name->len == len &&
		    !memcmp(name->text, text, len))
			break;
	}
	return at;
}

static void grow(struct names *n)
{
	size_t slot_count = n->slot_count ? n->slot_count * 2 : 64;

	free(n->slots);
	n->slots = xcalloc(slot_count, sizeof(*n->slots));
	n->slot_count = slot_count;
	for (size_t i = 0; i < n->count; i++) {
		size_t at = n->items[i].hash & (slot_count - 1);

		while (n->slots[at])
			at = (at + 1) & (slot_count - 1);
		n->slots[at] = i + 1;
	}
}

uint32_t names_find(const struct names *n, const char *text, size_t len)
{
	uint32_t found;

	if (!n->slot_count)
		return NAMES_NONE;
	found = n->slots[slot_of(n, text, len, hash_of(n, text, len))];
	return found ? found - 1 : NAMES_NONE;
}

uint32_t names_add(struct names *n, const char *text, size_t len)
{
	uint64_t hash;
	size_t at;

	if (!n->slot_count)
		random_bytes(&n->seed, sizeof(n->seed));
	if (n->count * 2 >= n->slot_count)
		grow(n);
	hash = hash_of(n, text, len);
	at = slot_of(n, text, len, hash);
	if (n->slots[at])
		return n->slots[at] - 1;
	ARRAY_GROW(n->items, n->count + 1, n->room);
	n->items[n->count] = (struct name){
		arena_copy(&n->arena, text, len), len, hash
	};
	n->slots[at] = ++n->count;
	return n->count - 1;
}

void names_release(struct names *n)
{
	arena_release(&n->arena);
	free(n->items);
	free(n->slots);
	memset(n, 0, sizeof(*n));
}
