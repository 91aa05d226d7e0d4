/*
 * Merged indexes of a store.  When more than MERGE_FRESH packs are in none,
 * one is made of them and of those older ones that are not at least twice as
 * large as what there is to merge by then.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/trace.h"
#include "store/store_inside.h"

#define MERGE_FRESH	16
/* A merged index is not made longer than this. */
#define MERGE_OBJECTS	((uint64_t)1 << 30)

static void midx_path(const struct store *s, const struct dv_id *name,
		      struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(name, hex);
	buf_addf(out, "%s/index/%s.midx", s->path, hex);
}

static void remove_file(const struct store *s, const struct dv_id *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (s->flags & STORE_READ_ONLY)
		return;
	midx_path(s, name, &path);
	unlink(path.data);
}

static void merged_release(struct merged *m)
{
	midx_close(m->midx);
	free(m->slots);
}

/* Largest first. */
static int compare_merged(const void *a, const void *b)
{
	uint64_t x = midx_objects(((const struct merged *)a)->midx);
	uint64_t y = midx_objects(((const struct merged *)b)->midx);

	return (x < y) - (x > y);
}

/* --- taking in --------------------------------------------------------- */

/* s->lock is held for writing. */
static void add_merged(struct class_table *t, struct midx *midx,
		       const struct dv_id *name)
{
	uint32_t count = midx_packs(midx);
	struct merged *m;

	ARRAY_GROW(t->merged, t->merged_count + 1, t->merged_room);
	m = &t->merged[t->merged_count++];
	m->midx = midx;
	m->name = *name;
	m->slots = xcalloc(count + 1, sizeof(*m->slots));
	for (uint32_t i = 0; i < count; i++) {
		struct midx_row row;

		midx_row_at(midx, i, &row);
		m->slots[i] = table_slot(t, &row.id, row.part);
	}
}

bool store_load_midx(struct store *s, const struct dv_id *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct midx *midx;
	int err;

	for (int class = 0; class < OBJECT_CLASSES; class++) {
		struct class_table *t = &s->classes[class];

		for (size_t i = 0; i < t->merged_count; i++)
			if (dv_id_equal(&t->merged[i].name, name))
				return false;
	}
	midx_path(s, name, &path);
	err = midx_open(path.data, &midx);
	if (err == DV_E_CORRUPT)
		remove_file(s, name);
	if (err)
		return false;
	pthread_rwlock_wrlock(&s->lock);
	add_merged(&s->classes[midx_class(midx)], midx, name);
	pthread_rwlock_unlock(&s->lock);
	return true;
}

/* True when a row is in none of those looked at before. */
static bool marks_more(struct merged *m)
{
	bool more = false;

	for (uint32_t i = 0; i < midx_packs(m->midx); i++) {
		struct slot *slot = m->slots[i];

		if (!slot || slot->merged)
			continue;
		slot->merged = true;
		more = true;
	}
	return more;
}

/* Keeps those that are of use.  s->lock is held for writing. */
static void settle(struct store *s, struct class_table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		t->slots[i]->merged = false;
	if (t->merged_count)
		qsort(t->merged, t->merged_count, sizeof(*t->merged),
		      compare_merged);
	for (size_t i = 0; i < t->merged_count; i++) {
		struct merged *m = &t->merged[i];

		if (!midx_is_bad(m->midx) && marks_more(m)) {
			t->merged[kept++] = *m;
			continue;
		}
		remove_file(s, &m->name);
		merged_release(m);
	}
	t->merged_count = kept;
	table_rebuild(t);
}

void store_settle_merged(struct store *s, enum object_class class)
{
	pthread_rwlock_wrlock(&s->lock);
	settle(s, &s->classes[class]);
	pthread_rwlock_unlock(&s->lock);
}

void store_remove_merged(struct store *s)
{
	pthread_rwlock_rdlock(&s->lock);
	for (int class = 0; class < OBJECT_CLASSES; class++) {
		const struct class_table *t = &s->classes[class];

		for (size_t i = 0; i < t->merged_count; i++)
			remove_file(s, &t->merged[i].name);
	}
	pthread_rwlock_unlock(&s->lock);
}

/* --- making one -------------------------------------------------------- */

/*
 * What is merged.  Only the holder of merge_mutex changes t->merged and the
 * numbers of slots, so he reads them without the lock.
 */
struct row {
	struct midx_row row;
	struct slot *slot;
};

struct merging {
	struct class_table *t;
	struct row *rows;		/* owned; one for each pack */
	size_t row_count, row_room;
	size_t fresh_count;		/* so many of them come from packs */
	size_t first;			/* t->merged from here on go in too */
	struct midx_source *sources;	/* owned */
	size_t source_count;
	uint64_t objects;
};

static void merging_release(struct merging *m)
{
	for (size_t i = 0; i < m->source_count; i++)
		free((void *)m->sources[i].numbers);
	free(m->rows);
	free(m->sources);
}

#define DV_AUTO_MERGING __attribute__((cleanup(merging_release)))

/* Values of slot->number before there are numbers. */
#define NOT_A_ROW	UINT32_MAX
#define IS_A_ROW	(UINT32_MAX - 1)

static void add_row(struct merging *m, struct slot *slot, uint32_t objects)
{
	ARRAY_GROW(m->rows, m->row_count + 1, m->row_room);
	m->rows[m->row_count++] = (struct row){
		{ slot->id, slot->part, objects }, slot,
	};
	slot->number = IS_A_ROW;
	m->objects += objects;
}

/* Opens all packs that are in no merged index. */
static void add_fresh(struct store *s, enum object_class class,
		      struct merging *m)
{
	struct slot **slots;
	size_t count;

	pthread_rwlock_rdlock(&s->lock);
	count = m->t->fresh_count;
	slots = xmalloc((count + 1) * sizeof(*slots));
	if (count)
		memcpy(slots, m->t->fresh, count * sizeof(*slots));
	for (size_t i = 0; i < m->t->count; i++)
		m->t->slots[i]->number = NOT_A_ROW;
	pthread_rwlock_unlock(&s->lock);
	for (size_t i = 0; i < count; i++) {
		struct pack *pack = slot_open(s, class, slots[i]);

		if (pack && m->objects + pack->objects <= MERGE_OBJECTS)
			add_row(m, slots[i], pack->objects);
	}
	free(slots);
	m->fresh_count = m->row_count;
}

static void add_older_rows(struct merging *m, const struct merged *old)
{
	for (uint32_t i = 0; i < midx_packs(old->midx); i++) {
		struct slot *slot = old->slots[i];
		struct midx_row row;
		int state;

		if (!slot || slot->number != NOT_A_ROW)
			continue;
		state = atomic_load(&slot->state);
		midx_row_at(old->midx, i, &row);
		if (state == SLOT_CLOSED || state == SLOT_OPEN)
			add_row(m, slot, row.objects);
	}
}

/* Older ones from the smallest on; the table has the largest first. */
static void add_older(struct merging *m)
{
	for (m->first = m->t->merged_count; m->first; m->first--) {
		const struct merged *old = &m->t->merged[m->first - 1];
		uint64_t objects = midx_objects(old->midx);

		if (objects >= 2 * m->objects ||
		    objects + m->objects > MERGE_OBJECTS)
			break;
		add_older_rows(m, old);
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = dv_id_compare(&x->row.id, &y->row.id);

	if (order)
		return order;
	return (x->row.part > y->row.part) - (x->row.part < y->row.part);
}

/* A pack comes from the first source that has it, and from no other. */
static uint32_t take_number(struct slot *slot)
{
	uint32_t number = slot ? slot->number : NOT_A_ROW;

	if (slot)
		slot->number = NOT_A_ROW;
	return number;
}

/* The rows in their final order, and where their entries come from. */
static struct midx_row *number_rows(struct merging *m)
{
	size_t older = m->t->merged_count - m->first;
	struct slot **fresh = xmalloc(m->fresh_count * sizeof(*fresh));
	struct midx_row *rows = xmalloc(m->row_count * sizeof(*rows));

	for (size_t i = 0; i < m->fresh_count; i++)
		fresh[i] = m->rows[i].slot;
	qsort(m->rows, m->row_count, sizeof(*m->rows), compare_rows);
	for (size_t i = 0; i < m->row_count; i++) {
		m->rows[i].slot->number = i;
		rows[i] = m->rows[i].row;
	}
	m->sources = xcalloc(m->fresh_count + older, sizeof(*m->sources));
	for (size_t i = 0; i < m->fresh_count; i++) {
		struct midx_source *source = &m->sources[m->source_count++];

		source->pack = atomic_load(&fresh[i]->pack);
		source->number = take_number(fresh[i]);
	}
	for (size_t i = 0; i < older; i++) {
		struct midx_source *source = &m->sources[m->source_count++];
		struct merged *old = &m->t->merged[m->first + i];
		uint32_t packs = midx_packs(old->midx);
		uint32_t *numbers = xmalloc((packs + 1) * sizeof(*numbers));

		for (uint32_t n = 0; n < packs; n++)
			numbers[n] = take_number(old->slots[n]);
		source->midx = old->midx;
		source->numbers = numbers;
	}
	free(fresh);
	return rows;
}

static int merge(struct store *s, enum object_class class)
{
	TRACE_REGION("store: merge");
	DV_AUTO_MERGING struct merging m = { .t = &s->classes[class] };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const char *temp_dir = NULL;
	struct midx *midx;
	struct dv_id name;
	int err;

	add_fresh(s, class, &m);
	if (m.fresh_count) {
		struct midx_row *rows;

		add_older(&m);
		rows = number_rows(&m);
		midx_name(class, rows, m.row_count, &name);
		midx_path(s, &name, &path);
		if ((s->flags & STORE_READ_ONLY) ||
		    store_temp_dir(s, &temp_dir))
			temp_dir = NULL;
		err = midx_write(path.data, temp_dir, class, rows,
				 m.row_count, m.sources, m.source_count,
				 &midx);
		free(rows);
		if (err)
			return err;
	}
	pthread_rwlock_wrlock(&s->lock);
	if (m.fresh_count)
		add_merged(m.t, midx, &name);
	settle(s, m.t);
	pthread_rwlock_unlock(&s->lock);
	return 0;
}

void store_merge_maybe(struct store *s, enum object_class class)
{
	struct class_table *t = &s->classes[class];

	if (atomic_load_explicit(&t->waiting, memory_order_relaxed) <=
	    MERGE_FRESH)
		return;
	/* somebody does it: one can look without it */
	if (pthread_mutex_trylock(&s->merge_mutex))
		return;
	if (atomic_load(&t->waiting) > MERGE_FRESH &&
	    atomic_load(&t->waiting) >= t->merge_again) {
		t->merge_again = 0;
		if (merge(s, class) ||
		    atomic_load(&t->waiting) > MERGE_FRESH)
			t->merge_again = atomic_load(&t->waiting) * 2;
	}
	pthread_mutex_unlock(&s->merge_mutex);
}
