#include <stdlib.h>

#include "base/array.h"
#include "transfer/fetch_stream.h"

/* Packs of a stream: what is asked for, in which order, and what is known. */

/* Requests up to this do not count among the large ones. */
#define SMALL_MAX	((uint64_t)1 << 20)

struct knowledge *stream_pack(struct stream *s, uint32_t number)
{
	ARRAY_GROW(s->packs, (size_t)number + 1, s->pack_room);
	while (s->pack_count <= number)
		s->packs[s->pack_count++] = (struct knowledge){ 0 };
	return &s->packs[number];
}

bool stream_locators_come(const struct stream *s)
{
	return s->next_root < s->order.count || s->locating;
}

static void set_known(struct stream *s, uint32_t number)
{
	stream_pack(s, number)->known = true;
	s->look = true;
}

/* --- items -------------------------------------------------------------- */

static const struct fetch_pack *asked(const struct item *x)
{
	return &x->moving.packs[0].asked;
}

/* Roots wait for nodes, and for what tells what is in a pack. */
static bool is_awaited(const struct item *x)
{
	return x->moving.packs[0].ref.class == OBJECT_META ||
	       asked(x)->take == TAKE_INDEX || asked(x)->take == TAKE_AT_ONCE;
}

static struct queue *queue_for(struct stream *s, const struct item *x)
{
	bool small = true;

	for (size_t i = 0; i < x->moving.unit_count; i++)
		small &= x->moving.units[i].len <= SMALL_MAX;
	if (small || asked(x)->take == TAKE_INDEX)
		return &s->small;
	return is_awaited(x) ? &s->large : &s->bulk;
}

static int ask(struct stream *s, const struct fetch_pack *what);

/* All requests for it were answered. */
static int item_done(struct stream *s, const struct item *x)
{
	struct fetch *f = s->fetch;
	struct fetch_pack all = { asked(x)->number, TAKE_WHOLE, NULL };
	const struct have_pack *k = &f->have->packs[all.number];

	s->failed |= x->moving.packs[0].failed;
	if (!is_awaited(x))
		return 0;
	s->unknown--;
	if (k->ref.class == OBJECT_META && asked(x)->take == TAKE_INDEX &&
	    k->index && fetch_mostly_new(f, k->index))
		return ask(s, &all);
	set_known(s, all.number);
	return 0;
}

static int ask(struct stream *s, const struct fetch_pack *what)
{
	struct item *x;
	struct queue *q;
	int err = what->take == TAKE_INDEX ? 0 :
		movers_open(&s->movers, s->fetch->store);

	if (err)
		return err;
	x = xcalloc(1, sizeof(*x));
	x->moving.fetch = s->fetch;
	x->moving.movers = &s->movers;
	moving_plan(&x->moving, what, 1);
	x->left = x->moving.unit_count;
	q = queue_for(s, x);
	ARRAY_GROW(q->items, q->count + 1, q->room);
	q->items[q->count++] = x;
	s->unknown += is_awaited(x);
	return x->left ? 0 : item_done(s, x);
}

int stream_answered(struct stream *s, struct item *x)
{
	return --x->left ? 0 : item_done(s, x);
}

struct item *queue_next(struct queue *q, size_t *unit)
{
	for (; q->next < q->count; q->next++) {
		struct item *x = q->items[q->next];

		if (x->next == x->moving.unit_count)
			continue;
		*unit = x->next++;
		return x;
	}
	return NULL;
}

void queue_release(struct queue *q)
{
	for (size_t i = 0; i < q->count; i++) {
		moving_release(&q->items[i]->moving);
		free(q->items[i]);
	}
	free(q->items);
}

/* --- what tells what is in a pack ----------------------------------------- */

static int ask_unknown(struct stream *s, uint32_t number)
{
	struct fetch *f = s->fetch;
	const struct pack_ref *ref = &f->have->packs[number].ref;
	struct fetch_pack what = { .number = number };

	if (stream_locators_come(s) && fetch_may_hope(f, ref)) {
		numbers_add(&s->later, number);
		return 0;
	}
	what.take = fetch_take_unknown(f, ref);
	return ask(s, &what);
}

static int name_pack(struct stream *s, uint32_t number)
{
	struct fetch *f = s->fetch;
	const struct have_pack *k = &f->have->packs[number];
	int err = 0;

	if (stream_pack(s, number)->named)
		return 0;
	stream_pack(s, number)->named = true;
	if (k->ref.class == OBJECT_DATA && f->options->metadata_only)
		return 0;
	if (!k->here && !k->bad)
		err = have_index_open(f->have, number);
	if (err && err != DV_E_NOTFOUND)
		return err;
	if (!k->here && !k->bad && !have_knows(f->have, number))
		return ask_unknown(s, number);
	set_known(s, number);
	return 0;
}

int stream_name(struct stream *s, const struct fetch_root *r)
{
	const struct fetch *f = s->fetch;
	struct place place;
	/* then the others may be here as well, and need no packs */
	bool node = store_find(f->store, OBJECT_META, &r->root->id, &place);
	int err = 0;

	for (size_t i = 0; i < r->packs.count && !err; i++) {
		uint32_t number = r->packs.items[i];

		if (!node || f->have->packs[number].ref.class == OBJECT_DATA)
			err = name_pack(s, number);
	}
	return err;
}

int stream_name_later(struct stream *s)
{
	int err = 0;

	while (!err && s->later.count)
		err = ask_unknown(s, s->later.items[--s->later.count]);
	return err;
}

/* --- what is wanted ------------------------------------------------------- */

int stream_take(struct stream *s, const struct mark *k)
{
	struct fetch_pack all = { k->stamp, TAKE_WHOLE, NULL };
	struct knowledge *p = stream_pack(s, k->stamp);

	if (p->taken || p->marked == k->count)
		return 0;
	p->marked = k->count;
	if (fetch_take_marked(s->fetch, k) != TAKE_WHOLE)
		return 0;
	p->taken = true;
	return ask(s, &all);
}

int stream_take_rest(struct stream *s)
{
	int err = 0;

	for (size_t i = 0; i < s->marks.count && !err; i++) {
		const struct mark *k = &s->marks.items[i];
		struct fetch_pack what = { .number = k->stamp, .mark = k };

		if (stream_pack(s, k->stamp)->taken)
			continue;
		what.take = fetch_take_marked(s->fetch, k);
		err = ask(s, &what);
	}
	return err;
}
