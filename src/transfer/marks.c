#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "transfer/marks.h"

static size_t words_of(const struct pack *p)
{
	return ((size_t)p->objects + 63) / 64 + 1;
}

struct mark *marks_of(struct marks *m, struct pack *pack, size_t *number)
{
	uint64_t *n;
	bool added;

	if (m->count && m->items[m->last].pack == pack) {
		*number = m->last;
		return &m->items[m->last];
	}
	n = id_map_put(&m->by_id, &pack->id, m->count, &added);
	*number = m->last = *n;
	if (added) {
		ARRAY_GROW(m->items, m->count + 1, m->room);
		m->items[m->count++] = (struct mark){
			.pack = pack,
			.bits = xcalloc(words_of(pack), sizeof(uint64_t)),
		};
	}
	return &m->items[*number];
}

bool marks_set(struct marks *m, const struct place *place, size_t *number)
{
	struct mark *k = marks_of(m, place->pack, number);

	if (mark_has(k, place->slot))
		return false;
	k->bits[place->slot / 64] |= (uint64_t)1 << place->slot % 64;
	k->raw += place->len;
	if (++k->count == place->pack->objects) {
		free(k->bits);
		k->bits = NULL;
	}
	return true;
}

const struct mark *marks_find(const struct marks *m, const struct dv_id *pack)
{
	const uint64_t *n = id_map_get(&m->by_id, pack);

	return n ? &m->items[*n] : NULL;
}

bool marks_has(const struct marks *m, const struct place *place)
{
	const struct mark *k = marks_find(m, &place->pack->id);

	return k && mark_has(k, place->slot);
}

void marks_add(struct marks *m, const struct marks *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct mark *f = &from->items[i];
		struct place place;
		size_t number;

		for (uint32_t slot = 0; slot < f->pack->objects; slot++) {
			if (f->bits && !f->bits[slot / 64])
				slot |= 63;
			else if (mark_has(f, slot)) {
				pack_place_at(f->pack, slot, &place);
				marks_set(m, &place, &number);
			}
		}
		pack_rest(f->pack);
	}
}

bool marks_clear(struct marks *m, const struct place *place)
{
	const uint64_t *n = id_map_get(&m->by_id, &place->pack->id);
	struct mark *k = n ? &m->items[*n] : NULL;

	if (!k || !mark_has(k, place->slot))
		return false;
	if (!k->bits) {
		k->bits = xmalloc(words_of(k->pack) * sizeof(*k->bits));
		memset(k->bits, 0xff, words_of(k->pack) * sizeof(*k->bits));
	}
	k->bits[place->slot / 64] &= ~((uint64_t)1 << place->slot % 64);
	k->count--;
	k->raw -= place->len;
	return true;
}

void marks_release(struct marks *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->items[i].bits);
	free(m->items);
	id_map_release(&m->by_id);
	*m = (struct marks)MARKS_INIT;
}

uint64_t pack_raw_bytes(const struct pack *p)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < p->frames; i++) {
		struct frame_info f;

		pack_frame_at(p, i, &f);
		sum += f.raw;
	}
	return sum;
}
