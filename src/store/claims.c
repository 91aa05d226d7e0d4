#include "store/claims.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/random.h"

#define SHARDS		64u
#define FIRST_ROOM	64

/* An id of zeros is a free slot; that id itself is kept as has_zero. */
struct shard {
	pthread_mutex_t mutex;
	struct dv_id *slots;	/* owned */
	size_t count, room;	/* room is 0 or a power of two */
	bool has_zero;
};

struct claims {
	uint64_t key[4];	/* ids may be a stranger's choice */
	struct shard shards[SHARDS];
};

static const struct dv_id zero_id;

struct claims *claims_new(void)
{
	struct claims *c = xcalloc(1, sizeof(*c));

	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&c->shards[i].mutex, NULL);
	random_bytes(c->key, sizeof(c->key));
	return c;
}

void claims_free(struct claims *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_destroy(&c->shards[i].mutex);
		free(c->shards[i].slots);
	}
	free(c);
}

static uint64_t hash_of(const struct claims *c, const struct dv_id *id)
{
	unsigned __int128 sum;
	uint64_t w[4];

	memcpy(w, id->bytes, sizeof(w));
	sum = (unsigned __int128)(w[0] ^ c->key[0]) *
		(w[1] ^ c->key[1] ^ w[0]);
	sum += (unsigned __int128)(w[2] ^ c->key[2]) *
		(w[3] ^ c->key[3] ^ w[2]);
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

static bool is_free(const struct dv_id *slot)
{
	return dv_id_equal(slot, &zero_id);
}

/* The low bits of a hash choose the shard, the others the slot. */
static size_t home(const struct shard *s, uint64_t hash)
{
	return hash / SHARDS & (s->room - 1);
}

/* Where id is, or the free slot where it would go. */
static size_t slot_of(const struct shard *s, uint64_t hash,
		      const struct dv_id *id)
{
	size_t i = home(s, hash);

	while (!is_free(&s->slots[i]) && !dv_id_equal(&s->slots[i], id))
		i = (i + 1) & (s->room - 1);
	return i;
}

static void grow(const struct claims *c, struct shard *s)
{
	struct dv_id *old = s->slots;
	size_t old_room = s->room;

	s->room = old_room ? old_room * 2 : FIRST_ROOM;
	s->slots = xcalloc(s->room, sizeof(*s->slots));
	for (size_t i = 0; i < old_room; i++) {
		if (!is_free(&old[i]))
			s->slots[slot_of(s, hash_of(c, &old[i]), &old[i])] =
				old[i];
	}
	free(old);
}

bool claims_add(struct claims *c, const struct dv_id *id)
{
	uint64_t hash = hash_of(c, id);
	struct shard *s = &c->shards[hash % SHARDS];
	bool added;
	size_t i;

	pthread_mutex_lock(&s->mutex);
	if (is_free(id)) {
		added = !s->has_zero;
		s->has_zero = true;
	} else {
		if (s->count + 1 > s->room / 4 * 3)
			grow(c, s);
		i = slot_of(s, hash, id);
		added = is_free(&s->slots[i]);
		s->slots[i] = *id;
		s->count += added;
	}
	pthread_mutex_unlock(&s->mutex);
	return added;
}

/* Frees slot i and moves up what was kept from its own place by it. */
static void close_gap(const struct claims *c, struct shard *s, size_t i)
{
	size_t mask = s->room - 1;
	size_t j = i;

	for (;;) {
		size_t at;

		j = (j + 1) & mask;
		if (is_free(&s->slots[j]))
			break;
		at = home(s, hash_of(c, &s->slots[j]));
		/* may it move back to i without passing its home? */
		if (((j - at) & mask) >= ((j - i) & mask)) {
			s->slots[i] = s->slots[j];
			i = j;
		}
	}
	s->slots[i] = zero_id;
}

void claims_remove(struct claims *c, const struct dv_id *id)
{
	uint64_t hash = hash_of(c, id);
	struct shard *s = &c->shards[hash % SHARDS];
	size_t i;

	pthread_mutex_lock(&s->mutex);
	if (is_free(id)) {
		s->has_zero = false;
	} else if (s->room) {
		i = slot_of(s, hash, id);
		if (!is_free(&s->slots[i])) {
			close_gap(c, s, i);
			s->count--;
		}
	}
	pthread_mutex_unlock(&s->mutex);
}
