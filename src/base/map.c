#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/random.h"

/*
 * An id of zeros marks a free slot.  That id itself, should somebody come
 * with it, lives in one more slot at the end, which is in use when its first
 * byte is not 0.
 */
struct id_map_slot {
	struct dv_id id;
	uint64_t value;
};

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static uint64_t key[4];

static const struct dv_id zero_id;

static void key_make(void)
{
	random_bytes(key, sizeof(key));
}

/* Two ids picked without knowing the key meet as seldom as random ones. */
static size_t id_hash(const struct dv_id *id)
{
	unsigned __int128 sum;
	uint64_t w[4];

	memcpy(w, id->bytes, sizeof(w));
	sum = (unsigned __int128)(w[0] ^ key[0]) * (w[1] ^ key[1] ^ w[0]);
	sum += (unsigned __int128)(w[2] ^ key[2]) * (w[3] ^ key[3] ^ w[2]);
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

static struct id_map_slot *slot_of(const struct id_map *m,
				   const struct dv_id *id)
{
	size_t mask = m->room - 1;
	size_t i;

	if (dv_id_equal(id, &zero_id))
		return &m->slots[m->room];
	for (i = id_hash(id) & mask;; i = (i + 1) & mask) {
		struct id_map_slot *s = &m->slots[i];

		if (dv_id_equal(&s->id, id) || dv_id_equal(&s->id, &zero_id))
			return s;
	}
}

static void grow(struct id_map *m)
{
	struct id_map old = *m;

	pthread_once(&key_once, key_make);
	m->room = old.room ? old.room * 2 : 64;
	m->slots = xcalloc(m->room + 1, sizeof(*m->slots));
	if (!old.room)
		return;
	for (size_t i = 0; i < old.room; i++) {
		if (!dv_id_equal(&old.slots[i].id, &zero_id))
			*slot_of(m, &old.slots[i].id) = old.slots[i];
	}
	m->slots[m->room] = old.slots[old.room];
	free(old.slots);
}

uint64_t *id_map_get(const struct id_map *m, const struct dv_id *id)
{
	struct id_map_slot *s;

	if (!m->room)
		return NULL;
	s = slot_of(m, id);
	return dv_id_equal(&s->id, &zero_id) ? NULL : &s->value;
}

uint64_t *id_map_put(struct id_map *m, const struct dv_id *id, uint64_t value,
		     bool *added)
{
	struct id_map_slot *s;
	bool is_new;

	if (m->count + 1 > m->room / 4 * 3)
		grow(m);
	s = slot_of(m, id);
	is_new = dv_id_equal(&s->id, &zero_id);
	if (is_new) {
		s->id = *id;
		if (s == &m->slots[m->room])
			s->id.bytes[0] = 1;
		s->value = value;
		m->count++;
	}
	if (added)
		*added = is_new;
	return &s->value;
}

int id_map_each(const struct id_map *m,
		int (*fn)(const struct dv_id *id, uint64_t value, void *data),
		void *data)
{
	int err = 0;

	if (!m->room)
		return 0;
	for (size_t i = 0; i < m->room && !err; i++) {
		const struct id_map_slot *s = &m->slots[i];

		if (!dv_id_equal(&s->id, &zero_id))
			err = fn(&s->id, s->value, data);
	}
	if (!err && m->slots[m->room].id.bytes[0])
		err = fn(&zero_id, m->slots[m->room].value, data);
	return err;
}

void id_map_release(struct id_map *m)
{
	free(m->slots);
	*m = (struct id_map)ID_MAP_INIT;
}
