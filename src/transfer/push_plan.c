#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/trace.h"
#include "transfer/push.h"
#include "transfer/want.h"

/* A walk over one root. */
struct push_walk {
	struct push *push;
	struct push_root *root;
	struct marks visited;	/* nodes gone through */
	struct marks wanted;	/* objects the remote lacks */
	struct id_map blind;	/* nodes there that are not here: the pack's
				   number << 1, 1 added when it is covered */
	uint64_t missing;	/* objects neither here nor there */
	struct dv_id first;	/* of these */
};

#define DV_AUTO_PUSH_WALK __attribute__((cleanup(push_walk_release)))

static void push_walk_release(struct push_walk *w)
{
	marks_release(&w->visited);
	marks_release(&w->wanted);
	id_map_release(&w->blind);
}

static void need(struct push *p, struct push_root *r, uint32_t number)
{
	struct have_pack *k = &p->have->packs[number];

	if (k->stamp == p->stamp)
		return;
	k->stamp = p->stamp;
	numbers_add(&r->needs, number);
}

static bool known_there(struct push *p, const struct place *here,
			enum object_class class, const struct dv_id *id,
			uint32_t *number)
{
	struct place there;
	int64_t n;

	if (here) {
		if (p->options->force)
			return false;
		n = have_number(p->have, &here->pack->id);
		if (n >= 0 && !p->have->packs[n].gone) {
			*number = n;
			return true;
		}
	}
	return have_lookup(p->have, class, id, number, &there);
}

static void miss(struct push_walk *w, const struct dv_id *id)
{
	if (!w->missing++)
		w->first = *id;
}

static int push_visit(void *data, enum object_class class,
		      const struct dv_id *id)
{
	struct push_walk *w = data;
	struct push *p = w->push;
	struct place place;
	uint32_t number;
	size_t mark;
	bool here = store_find(p->store, class, id, &place);

	if (here && class == OBJECT_META &&
	    !marks_set(&w->visited, &place, &mark))
		return 0;
	if (known_there(p, here ? &place : NULL, class, id, &number)) {
		need(p, w->root, number);
		if (!here && class == OBJECT_META)
			id_map_put(&w->blind, id, (uint64_t)number << 1,
				   NULL);
	} else if (here) {
		marks_set(&w->wanted, &place, &mark);
	} else {
		miss(w, id);
	}
	return here && class == OBJECT_META;
}

/* --- nodes that are not here ------------------------------------------- */

/* False when some of what a locator names is gone. */
static bool is_whole(const struct have *h, const struct locator *l)
{
	for (size_t i = 0; i < l->count; i++) {
		int64_t n = have_number(h, &l->packs[i].id);

		if (n < 0 || h->packs[n].gone)
			return false;
	}
	return true;
}

/* Relies on all that a locator names. */
static void rely_on(struct push_walk *w, const struct locator *l)
{
	struct have *h = w->push->have;

	for (size_t i = 0; i < l->count; i++)
		need(w->push, w->root, have_number(h, &l->packs[i].id));
}

/* A walk over what is here of a root that the remote has. */
struct covering {
	struct push_walk *walk;
	struct marks visited;
	bool any;		/* of the blind nodes is in it */
	bool hides;		/* there may be more below what is not here */
};

static int covering_visit(void *data, enum object_class class,
			  const struct dv_id *id)
{
	struct covering *c = data;
	struct place place;
	uint64_t *covered;
	size_t mark;

	if (class == OBJECT_DATA)
		return 0;
	if (store_find(c->walk->push->store, class, id, &place))
		return marks_set(&c->visited, &place, &mark);
	covered = id_map_get(&c->walk->blind, id);
	if (covered && !(*covered & 1)) {
		*covered |= 1;
		c->any = true;
	}
	c->hides |= !covered;
	return 0;
}

static int cover_by(struct push_walk *w, struct push_before *b)
{
	struct covering c = { .walk = w, .visited = MARKS_INIT };
	struct want start = want_root(b->kind, &b->locator.root);
	int err;

	b->hides = false;
	if (!is_whole(w->push->have, &b->locator))
		return 0;
	err = want_walk(w->push->reader, &start, covering_visit, &c);
	if (c.any)
		rely_on(w, &b->locator);
	b->hides = c.hides;
	marks_release(&c.visited);
	/* a node that cannot be read shows nothing */
	return err == DV_E_INTERRUPTED ? err : 0;
}

static bool locator_names(const struct locator *l, const struct dv_id *pack)
{
	for (size_t i = 0; i < l->count; i++)
		if (dv_id_equal(&l->packs[i].id, pack))
			return true;
	return false;
}

/* Where it was not seen: all roots before this one that may have it. */
static int cover_hidden(const struct dv_id *id, uint64_t value, void *data)
{
	struct push_walk *w = data;
	struct push *p = w->push;
	const struct have_pack *pack = &p->have->packs[value >> 1];
	bool covered = value & 1;

	for (size_t i = 0; i < p->other_count && !(value & 1); i++) {
		const struct push_before *b = &p->others[i];

		if (b->of != w->root || !b->hides ||
		    !locator_names(&b->locator, &pack->ref.id))
			continue;
		rely_on(w, &b->locator);
		covered = true;
	}
	if (!covered)
		miss(w, id);
	return 0;
}

/*
 * What lies below a node that is not here cannot be known.  But a root that
 * has the node is whole at the remote, so all of its packs will do.  That
 * its locator names the node's pack is not enough: roots share packs.
 */
static int cover_blind(struct push_walk *w)
{
	struct push *p = w->push;
	int err = 0;

	if (!w->blind.count)
		return 0;
	if (w->root->found && is_whole(p->have, &w->root->old)) {
		rely_on(w, &w->root->old);
		return 0;
	}
	for (size_t i = 0; i < p->other_count && !err; i++)
		err = cover_by(w, &p->others[i]);
	return err ? err : id_map_each(&w->blind, cover_hidden, w);
}

static int walk_root(struct push_walk *w)
{
	struct push_root *r = w->root;
	struct want start = want_root(r->root->kind, &r->root->id);
	int err;

	marks_release(&w->visited);
	marks_release(&w->wanted);
	id_map_release(&w->blind);
	r->needs.count = 0;
	w->missing = 0;
	w->push->stamp++;
	err = want_walk(w->push->reader, &start, push_visit, w);
	return err ? err : cover_blind(w);
}

/* --- one root ---------------------------------------------------------- */

static int fail_missing(struct push_walk *w)
{
	const struct root *root = w->root->root;
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&w->first, hex);
	return dv_hint(dv_fail(DV_E_NOTFOUND, "%s: %llu objects are neither "
			       "here nor at %s (%.12s ...)", root->path,
			       (unsigned long long)w->missing,
			       remote_url(w->push->to->remote), hex),
		       "dv fetch -r <another remote>, or add the data again");
}

/* Adds what this root wants to what all want. */
static void merge_wanted(struct push_walk *w)
{
	struct push *p = w->push;

	w->root->sends.count = 0;
	for (size_t i = 0; i < w->wanted.count; i++) {
		size_t number;

		marks_of(&p->wanted, w->wanted.items[i].pack, &number);
		numbers_add(&w->root->sends, number);
	}
	marks_add(&p->wanted, &w->wanted);
}

static uint64_t bytes_of(const struct marks *wanted)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < wanted->count; i++)
		bytes += wanted->items[i].raw;
	return bytes;
}

static int plan_root(struct push *p, struct push_root *r)
{
	DV_AUTO_PUSH_WALK struct push_walk w = { .push = p, .root = r };
	TRACE_REGION("push: plan root");
	int err;

	for (;;) {
		bool more = false;
		size_t gone = 0;

		err = walk_root(&w);
		if (!err)
			err = push_learn(p, r, w.missing > 0,
					 bytes_of(&w.wanted), &more);
		if (!err && more)
			continue;
		if (!err && w.missing)
			err = fail_missing(&w);
		if (!err)
			err = prove_packs(p, r->needs.items, r->needs.count,
					  &gone);
		if (err)
			return err;
		if (!gone)
			break;
		r->learned = 0;
	}
	merge_wanted(&w);
	return 0;
}

bool push_settle(struct push *p, struct push_root *r)
{
	DV_AUTO_PUSH_WALK struct push_walk w = { .push = p, .root = r };
	int err = walk_root(&w);

	for (size_t i = 0; i < r->needs.count; i++)
		if (!p->have->packs[r->needs.items[i]].proved)
			return false;
	return !err && !w.missing && !w.wanted.count;
}

/* --- all roots --------------------------------------------------------- */

static void lose(struct push *p, uint32_t number)
{
	const struct pack_ref *ref = &p->have->packs[number].ref;
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&ref->id, hex);
	locator_add(&p->lost, ref);
	push_notice(p, "pack %.12s is not whole at %s any more; what was in "
		    "it is sent again", hex, p->to->name);
}

/* Roots whose packs are all there are done; the others are to be walked. */
static int check_found(struct push *p)
{
	DV_AUTO_NUMBERS struct numbers named = NUMBERS_INIT;
	int err = 0;

	p->stamp++;
	for (size_t i = 0; i < p->count && !err; i++) {
		const struct locator *l = &p->roots[i].old;

		if (!p->roots[i].found)
			continue;
		err = push_know_packs(p, l);
		for (size_t k = 0; k < l->count && !err; k++) {
			uint32_t n = have_number(p->have, &l->packs[k].id);

			if (p->have->packs[n].stamp != p->stamp)
				numbers_add(&named, n);
			p->have->packs[n].stamp = p->stamp;
		}
	}
	if (!err)
		err = prove_packs(p, named.items, named.count, NULL);
	for (size_t i = 0; i < named.count && !err; i++)
		if (p->have->packs[named.items[i]].gone &&
		    !condemned_has(&p->condemned,
				   &p->have->packs[named.items[i]].ref.id))
			lose(p, named.items[i]);
	for (size_t i = 0; i < p->count && !err; i++) {
		struct push_root *r = &p->roots[i];

		r->walk = !r->found || p->options->force;
		for (size_t k = 0; k < r->old.count && r->found; k++) {
			uint32_t n = have_number(p->have, &r->old.packs[k].id);

			if (p->have->packs[n].gone)
				r->walk = true;
		}
	}
	return err;
}

static void open_known(struct push *p)
{
	struct have *h = p->have;

	p->had_nothing = true;
	for (size_t i = 0; i < h->count; i++) {
		struct have_pack *k = &h->packs[i];

		if (k->gone)
			continue;
		p->had_nothing = false;
		k->here = store_pack(p->store, k->ref.class, &k->ref.id);
		if (!k->here)
			have_index_open(h, i);
	}
}

/* True when all that is in this pack is in the store too. */
static bool all_here(struct push *p, uint32_t number)
{
	const struct have_pack *k = &p->have->packs[number];
	struct pack *index;

	if (k->here)
		return true;
	index = have_index(p->have, number);
	for (uint32_t i = 0; index && i < index->objects; i++) {
		struct place place;

		if (!store_find(p->store, k->ref.class, pack_id_at(index, i),
				&place))
			return false;
	}
	return index;
}

/*
 * With `force` the packs there are not believed to hold what their names say.
 * What this clone can send anew does not rely on them, now or later.
 */
static int distrust(struct push *p)
{
	int err = 0;

	for (size_t i = 0; i < p->have->count && !err; i++)
		if (!p->have->packs[i].gone && all_here(p, i))
			err = have_gone(p->have, i);
	return err;
}

/* 1: little for each of many roots is much, so it is to be planned anew. */
static int plan_roots(struct push *p)
{
	int err = 0;

	marks_release(&p->wanted);
	for (size_t i = 0; i < p->count && !err; i++) {
		if (!p->roots[i].walk)
			continue;
		p->roots[i].learned = 0;
		err = plan_root(p, &p->roots[i]);
		if (err || p->much || !p->not_asked ||
		    bytes_of(&p->wanted) < PUSH_MUCH)
			continue;
		p->much = true;
		err = 1;
	}
	return err;
}

int push_plan(struct push *p)
{
	TRACE_REGION("push: plan");
	int err;

	open_known(p);
	/* no marker, no locators: see push_once() */
	err = p->to->fresh ? 0 : push_read_locators(p);
	if (!err)
		err = check_found(p);
	if (!err && p->options->force && !p->options->dry_run)
		err = distrust(p);
	if (!err)
		err = plan_roots(p);
	return err == 1 ? plan_roots(p) : err;
}
