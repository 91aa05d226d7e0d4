#include <stdlib.h>

#include "base/array.h"
#include "base/trace.h"
#include "transfer/fetch.h"

/* Packs to be fetched. */
struct list {
	struct fetch_pack *items;	/* owned */
	size_t count, room;
};

#define DV_AUTO_LIST	__attribute__((cleanup(list_release)))

static void list_release(struct list *l)
{
	free(l->items);
}

static void list_add(struct list *l, uint32_t number, enum fetch_take take,
		     const struct mark *mark)
{
	ARRAY_GROW(l->items, l->count + 1, l->room);
	l->items[l->count++] = (struct fetch_pack){ number, take, mark };
}

static bool usable(const struct have_pack *k, enum object_class class)
{
	return k->active && !k->here && !k->bad && k->ref.class == class;
}

/*
 * Something is missing although packs are here that may hold it: it is bad in
 * them.  From now on they count as not here.  False: there are none.
 */
static bool distrust(struct fetch *f, enum object_class class)
{
	bool any = false;

	for (size_t i = 0; i < f->have->count; i++) {
		struct have_pack *k = &f->have->packs[i];

		if (!k->active || k->bad || !k->here || k->ref.class != class)
			continue;
		k->here = false;
		any = true;
	}
	return any;
}

static size_t count_bad(const struct fetch *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->have->count; i++)
		n += f->have->packs[i].bad;
	return n;
}

static void open_cached(struct fetch *f, enum object_class class)
{
	for (size_t i = 0; i < f->have->count; i++)
		if (usable(&f->have->packs[i], class))
			have_index_open(f->have, i);
}

static void list_marks(const struct fetch *f, const struct marks *marks,
		       struct list *out)
{
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *k = &marks->items[i];

		if (k->count)
			list_add(out, k->stamp, fetch_take_marked(f, k), k);
	}
}

/*
 * Lists up to `max` packs that nothing is known of yet, from number *from on:
 * small ones at once, of others the index.  *from becomes where to go on.
 */
static void list_unknown(struct fetch *f, enum object_class class,
			 size_t max, struct list *out, size_t *from)
{
	struct have *h = f->have;

	for (; *from < h->count && max; ++*from) {
		const struct have_pack *k = &h->packs[*from];

		if (!usable(k, class) || have_knows(h, *from))
			continue;
		list_add(out, *from, fetch_take_unknown(f, &k->ref), NULL);
		max--;
	}
}

/* How many at a time: all, unless only some are likely to be needed. */
static size_t most_unknown(const struct fetch *f)
{
	return fetch_any_whole(f) ? SIZE_MAX : f->from->jobs;
}

/* --- nodes ------------------------------------------------------------- */

/*
 * Takes packs of nodes that nothing is known of yet; *from says where to go
 * on.  What will be asked of the chunks' packs next goes along the first time.
 */
static int get_meta_packs(struct fetch *f, size_t *from)
{
	DV_AUTO_LIST struct list list = { NULL, 0, 0 };
	DV_AUTO_LIST struct list large = { NULL, 0, 0 };
	struct have *h = f->have;
	bool first = !*from;
	size_t data = 0;
	int err;

	list_unknown(f, OBJECT_META, most_unknown(f), &list, from);
	if (first && !f->options->metadata_only)
		list_unknown(f, OBJECT_DATA, most_unknown(f), &list, &data);
	err = fetch_packs(f, list.items, list.count);
	for (size_t i = 0; i < list.count && !err && fetch_any_whole(f); i++) {
		struct have_pack *k = &h->packs[list.items[i].number];

		if (k->ref.class == OBJECT_META && k->index && !k->here &&
		    fetch_mostly_new(f, k->index))
			list_add(&large, list.items[i].number, TAKE_WHOLE,
				 NULL);
	}
	return err ? err : fetch_packs(f, large.items, large.count);
}

/* Nodes that are missing, from packs of which the index is known. */
static int get_meta_frames(struct fetch *f, struct fetch_walk *w,
			   bool *progress)
{
	DV_AUTO_LIST struct list list = { NULL, 0, 0 };
	uint64_t objects = f->result->objects;
	size_t bad = count_bad(f);
	int err;

	list_marks(f, w->marks, &list);
	err = fetch_packs(f, list.items, list.count);
	*progress = f->result->objects != objects || count_bad(f) != bad;
	return err;
}

/*
 * All nodes on the way to, and below, what is asked for.  Each round shows
 * what the next needs; a round that brings nothing is the last.
 */
static int fetch_meta(struct fetch *f)
{
	bool progress = true, distrusted = false;
	size_t from = 0;
	int err = 0;
	TRACE_REGION("fetch: nodes");

	open_cached(f, OBJECT_META);
	if (!f->options->metadata_only)
		open_cached(f, OBJECT_DATA);
	while (!err && progress) {
		DV_AUTO_MARKS struct marks marks = MARKS_INIT;
		DV_AUTO_FETCH_WALK struct fetch_walk w = {
			.fetch = f, .marks = &marks,
		};
		size_t lost = f->have->lost;

		err = fetch_walk_all(&w);
		if (err || !w.missing)
			return err;
		progress = false;
		if (marks.count)
			err = get_meta_frames(f, &w, &progress);
		if (f->have->lost != lost)
			from = 0;	/* not known after all */
		if (!err && !progress && from < f->have->count) {
			err = get_meta_packs(f, &from);
			progress = true;
		} else if (!err && !progress && !distrusted) {
			distrusted = true;
			progress = distrust(f, OBJECT_META);
			from = 0;
		}
	}
	if (!err)
		f->complete = false;
	return err;
}

/* --- chunks ------------------------------------------------------------ */

/* All indexes, and small packs as they are. */
static int know_all_data(struct fetch *f)
{
	DV_AUTO_LIST struct list list = { NULL, 0, 0 };
	size_t from = 0;

	list_unknown(f, OBJECT_DATA, SIZE_MAX, &list, &from);
	return fetch_packs(f, list.items, list.count);
}

/* Marks what of the walk's ids can be placed, and is not here, by now. */
static void place_again(struct fetch_walk *w)
{
	struct fetch *f = w->fetch;
	size_t left = 0;

	for (size_t i = 0; i < w->id_count; i++) {
		struct place place;
		uint32_t number;
		size_t mark;

		if (store_find(f->store, w->classes[i], &w->ids[i], &place))
			continue;
		if (have_lookup(f->have, w->classes[i], &w->ids[i], &number,
				&place)) {
			marks_set(w->marks, &place, &mark);
			w->marks->items[mark].stamp = number;
		} else {
			w->classes[left] = w->classes[i];
			w->ids[left++] = w->ids[i];
		}
	}
	w->id_count = w->unplaced = left;
}

/* For a few files: as many indexes as it takes to find their chunks. */
static int place_few(struct fetch *f, struct fetch_walk *w)
{
	size_t from = 0;

	while (w->unplaced && from < f->have->count) {
		DV_AUTO_LIST struct list list = { NULL, 0, 0 };
		int err;

		list_unknown(f, OBJECT_DATA, f->from->jobs, &list, &from);
		err = fetch_packs(f, list.items, list.count);
		if (err)
			return err;
		place_again(w);
	}
	return 0;
}

/* Marks where the remote has the chunks that are missing. */
static int place_data(struct fetch *f, struct fetch_walk *w)
{
	bool all = fetch_any_whole(f);
	int err = 0;

	open_cached(f, OBJECT_DATA);
	if (all)
		err = know_all_data(f);
	if (!err)
		err = fetch_walk_all(w);
	if (err || all || !w->unplaced)
		return err;
	if (w->unplaced <= w->id_count)
		return place_few(f, w);
	err = know_all_data(f);
	return err ? err : fetch_walk_all(w);
}

static int fetch_data(struct fetch *f)
{
	bool distrusted = false;
	TRACE_REGION("fetch: chunks");

	for (;;) {
		DV_AUTO_LIST struct list list = { NULL, 0, 0 };
		DV_AUTO_MARKS struct marks marks = MARKS_INIT;
		DV_AUTO_FETCH_WALK struct fetch_walk w = {
			.fetch = f, .data = true, .marks = &marks,
		};
		size_t bad, lost = f->have->lost;
		int err = place_data(f, &w);

		if (err)
			return err;
		bad = count_bad(f);
		list_marks(f, &marks, &list);
		err = fetch_packs(f, list.items, list.count);
		if (err)
			return err;
		/* other packs named may have the same objects; and of some
		   it may have turned out that they are not known */
		if (count_bad(f) > bad || f->have->lost != lost)
			continue;
		if (w.unplaced && !distrusted && distrust(f, OBJECT_DATA)) {
			distrusted = true;
			continue;
		}
		if (w.unplaced)
			f->complete = false;
		return 0;
	}
}

/* --- dry run ----------------------------------------------------------- */

/* The requests it would take, with what lies between what is wanted. */
static void estimate_packs(struct fetch *f, const struct marks *marks)
{
	DV_AUTO_LIST struct list list = { NULL, 0, 0 };
	struct dv_transfer_result *r = f->result;

	list_marks(f, marks, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct fetch_pack *p = &list.items[i];

		r->objects += p->take == TAKE_WHOLE ? p->mark->pack->objects :
			p->mark->count;
	}
	r->packs += list.count;
	r->bytes += fetch_packs_bytes(f, list.items, list.count);
}

/*
 * What would be fetched: exactly, when the nodes are here, else all packs
 * named that are not.
 */
static int estimate(struct fetch *f)
{
	DV_AUTO_MARKS struct marks marks = MARKS_INIT;
	DV_AUTO_FETCH_WALK struct fetch_walk w = { .fetch = f };
	int err = fetch_walk_all(&w);

	if (err)
		return err;
	if (!w.missing && !f->options->metadata_only) {
		w.data = true;
		w.marks = &marks;
		err = place_data(f, &w);
		if (!err)
			estimate_packs(f, &marks);
		return err;
	}
	for (size_t i = 0; i < f->have->count; i++) {
		const struct have_pack *k = &f->have->packs[i];

		if (!k->active || k->here || (f->options->metadata_only &&
					      k->ref.class != OBJECT_META))
			continue;
		f->result->packs++;
		f->result->bytes += k->ref.size;
		f->result->objects += k->ref.objects;
	}
	return 0;
}

/* Packs that nothing is known of yet. */
static size_t count_unknown(struct fetch *f, enum object_class class)
{
	size_t n = 0;

	open_cached(f, class);
	for (size_t i = 0; i < f->have->count; i++)
		n += usable(&f->have->packs[i], class) &&
		     !have_knows(f->have, i);
	return n;
}

/*
 * Data come along with indexes when these are more than go at once, or, of a
 * first fetch, than there are connections already: others take longer.
 */
static int fetch_ahead(struct fetch *f)
{
	size_t n, most = f->from->window;

	if (!fetch_any_whole(f))
		return 0;
	if (!f->hopeless && f->count + 1 < most)
		most = f->count + 1;
	n = count_unknown(f, OBJECT_META);
	if (!f->options->metadata_only)
		n += count_unknown(f, OBJECT_DATA);
	return n > most ? fetch_stream_packs(f, n) : 0;
}

int fetch_located(struct fetch *f)
{
	int err;

	f->complete = true;
	if (f->options->dry_run)
		return estimate(f);
	err = fetch_ahead(f);
	if (!err)
		err = fetch_meta(f);
	if (!err && !f->options->metadata_only)
		err = fetch_data(f);
	if (count_bad(f))
		f->complete = false;
	return err;
}
