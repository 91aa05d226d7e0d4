/* Finding objects in a store. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "store/store_inside.h"

/* So many objects are found before indexes rest. */
#define REST_FOUND	((size_t)32 << 10)

/* What one lookup wants and has found. */
struct search {
	struct store *s;
	const struct dv_id *id;
	enum find_which which;
	size_t nth;		/* so many are to be passed over */
	struct place place;
	bool loose;		/* place is set, but a pack would be better */
};

/* True when the search is over. */
static bool take(struct search *x, const struct place *place)
{
	bool bad = store_is_bad(x->s, place);

	if (bad != (x->which == FIND_BAD))
		return false;
	if (x->nth) {
		x->nth--;
		return false;
	}
	if (!bad && place->pack->layout == PACK_LOOSE) {
		if (!x->loose)
			x->place = *place;
		x->loose = true;
		return false;
	}
	x->place = *place;
	return true;
}

static bool search_pack(struct search *x, enum object_class class,
			struct slot *slot)
{
	struct pack *pack = slot_open(x->s, class, slot);
	struct place place;

	if (!pack || !pack_find(pack, x->id, &place))
		return false;
	/* equal ids lie side by side */
	for (;;) {
		if (take(x, &place))
			return true;
		if (place.slot + 1 >= pack->objects ||
		    !dv_id_equal(pack_id_at(pack, place.slot + 1), x->id))
			return false;
		pack_place_at(pack, place.slot + 1, &place);
	}
}

static bool search_entry(struct search *x, enum object_class class,
			 const struct merged *m, uint64_t at)
{
	struct pack *pack;
	struct place place;
	uint32_t number, n;

	if (!midx_entry(m->midx, at, &number, &n) || !m->slots[number])
		return false;
	pack = slot_open(x->s, class, m->slots[number]);
	if (!pack || !midx_confirm(m->midx, pack, n, x->id))
		return false;
	pack_place_at(pack, n, &place);
	return take(x, &place);
}

static bool search_merged(struct search *x, enum object_class class,
			  const struct merged *m)
{
	uint64_t from, to;

	if (midx_find(m->midx, x->id, &from, &to)) {
		for (; from < to; from++)
			if (search_entry(x, class, m, from))
				return true;
	}
	if (!midx_is_bad(m->midx))
		return false;
	for (uint32_t i = 0; i < midx_packs(m->midx); i++)
		if (m->slots[i] && search_pack(x, class, m->slots[i]))
			return true;
	return false;
}

/*
 * Packs that are in no merged index.  Where any good copy will do, the pack
 * that had the last one is asked first.
 */
static bool search_fresh(struct search *x, enum object_class class,
			 struct class_table *t)
{
	size_t lucky = t->fresh_count;

	if (x->which == FIND_GOOD && !x->nth) {
		lucky = atomic_load_explicit(&t->lucky, memory_order_relaxed);
		if (lucky < t->fresh_count &&
		    search_pack(x, class, t->fresh[lucky]))
			return true;
	}
	for (size_t i = t->fresh_count; i-- > 0;) {
		if (i == lucky || !search_pack(x, class, t->fresh[i]))
			continue;
		atomic_store_explicit(&t->lucky, i, memory_order_relaxed);
		return true;
	}
	return false;
}

static void rest_table(const struct class_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct pack *pack = atomic_load(&t->slots[i]->pack);

		if (pack)
			pack_rest_touched(pack);
	}
	for (size_t i = 0; i < t->merged_count; i++)
		midx_rest(t->merged[i].midx);
}

/*
 * Who wants very many objects wants them more or less in the order of the
 * packs: what he has passed need not stay in memory.
 */
static void count_found(struct class_table *t)
{
	size_t n = atomic_fetch_add_explicit(&t->found, 1,
					     memory_order_relaxed) + 1;

	if (n % REST_FOUND == 0)
		rest_table(t);
}

void store_rest(struct store *s)
{
	pthread_rwlock_rdlock(&s->lock);
	for (int class = 0; class < OBJECT_CLASSES; class++)
		rest_table(&s->classes[class]);
	pthread_rwlock_unlock(&s->lock);
	for (size_t i = 0; i < s->fallback_count; i++)
		store_rest(s->fallbacks[i]);
}

bool store_find_which(struct store *s, enum object_class class,
		      const struct dv_id *id, enum find_which which,
		      size_t nth, struct place *out)
{
	struct class_table *t = &s->classes[class];
	struct search x = { .s = s, .id = id, .which = which, .nth = nth };
	bool found;

	store_merge_maybe(s, class);
	pthread_rwlock_rdlock(&s->lock);
	found = search_fresh(&x, class, t);
	for (size_t i = 0; i < t->merged_count && !found; i++)
		found = search_merged(&x, class, &t->merged[i]);
	if (found)
		count_found(t);
	pthread_rwlock_unlock(&s->lock);
	if (!found && !x.loose)
		return false;
	*out = x.place;
	return true;
}

bool store_has_bad(struct store *s, enum object_class class,
		   const struct dv_id *id)
{
	struct place place;

	return store_find_which(s, class, id, FIND_BAD, 0, &place);
}

bool store_find_own(struct store *s, enum object_class class,
		    const struct dv_id *id, struct place *out)
{
	return store_find_which(s, class, id, FIND_GOOD, 0, out);
}

static bool find_anywhere(struct store *s, enum object_class class,
			  const struct dv_id *id, enum find_which which,
			  struct place *out)
{
	bool found = store_find_which(s, class, id, which, 0, out);

	/* what we found bad there is remembered here */
	for (size_t i = 0; i < s->fallback_count && !found; i++)
		found = store_find_which(s->fallbacks[i], class, id, which, 0,
					 out) && !store_is_bad(s, out);
	return found;
}

bool store_find(struct store *s, enum object_class class,
		const struct dv_id *id, struct place *out)
{
	return find_anywhere(s, class, id, FIND_GOOD, out);
}

bool store_find_same(struct store *s, enum object_class class,
		     const struct dv_id *id, struct place *out)
{
	return find_anywhere(s, class, id, FIND_SAME, out);
}

struct pack *store_pack(struct store *s, enum object_class class,
			const struct dv_id *id)
{
	struct slot *slot;

	pthread_rwlock_rdlock(&s->lock);
	slot = table_slot(&s->classes[class], id, MIDX_PACK);
	pthread_rwlock_unlock(&s->lock);
	return slot ? slot_open(s, class, slot) : NULL;
}

/* All slots of a class, as they are now: free() them. */
static struct slot **copy_slots(struct store *s, enum object_class class,
				size_t *count)
{
	struct class_table *t = &s->classes[class];
	struct slot **slots;

	pthread_rwlock_rdlock(&s->lock);
	*count = t->count;
	slots = xmalloc((*count + 1) * sizeof(*slots));
	if (*count)
		memcpy(slots, t->slots, *count * sizeof(*slots));
	pthread_rwlock_unlock(&s->lock);
	return slots;
}

int store_each_pack(struct store *s, enum object_class class,
		    int (*fn)(struct pack *pack, void *data), void *data)
{
	size_t count;
	/* a copy: fn may look for objects, and take its time */
	struct slot **slots = copy_slots(s, class, &count);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		struct pack *pack = slot_open(s, class, slots[i]);

		if (pack)
			err = fn(pack, data);
	}
	free(slots);
	return err;
}

int store_each_damaged(struct store *s, enum object_class class,
		       int (*fn)(const char *path, void *data), void *data)
{
	size_t count;
	struct slot **slots = copy_slots(s, class, &count);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		slot_open(s, class, slots[i]);
		if (atomic_load(&slots[i]->state) != SLOT_BAD)
			continue;
		slot_path(s, class, slots[i], &path);
		err = fn(path.data, data);
	}
	free(slots);
	return err;
}
