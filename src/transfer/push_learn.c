/*
 * Learning what a remote has, when what is known of it leaves much to be
 * sent or something missing: from the locators of earlier roots and the
 * indexes of packs that they name.
 */

#include <stdlib.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "transfer/push.h"

/* Locators of earlier roots that are asked for, per root. */
#define BEFORE_MAX	4
/* Indexes of packs that no locator in hand names, per root. */
#define STRAY_INDEXES	512
int push_know_packs(struct push *p, const struct locator *l)
{
	int err = 0;

	for (size_t i = 0; i < l->count && !err; i++) {
		struct have_pack *k;
		uint32_t n;

		err = have_add(p->have, &l->packs[i], false, &n);
		k = &p->have->packs[n];
		k->here = store_pack(p->store, k->ref.class, &k->ref.id);
		if (!err && !k->here)
			have_index_open(p->have, n);
	}
	return err;
}

static void add_unindexed(struct push *p, const struct locator *l,
			  struct numbers *out)
{
	for (size_t i = 0; i < l->count; i++) {
		int64_t n = have_number(p->have, &l->packs[i].id);
		struct have_pack *k = n < 0 ? NULL : &p->have->packs[n];

		if (k && !k->gone && !k->here && !have_knows(p->have, n) &&
		    k->stamp != p->stamp) {
			k->stamp = p->stamp;
			numbers_add(out, n);
		}
	}
}

/* Fetches these indexes, of packs that are proved to be there. */
static int learn_indexes(struct push *p, const struct numbers *asked,
			 bool *more)
{
	DV_AUTO_NUMBERS struct numbers there = NUMBERS_INIT;
	int err = prove_packs(p, asked->items, asked->count, NULL);

	if (err)
		return err;
	for (size_t i = 0; i < asked->count; i++)
		if (!p->have->packs[asked->items[i]].gone)
			numbers_add(&there, asked->items[i]);
	*more = there.count > 0;
	err = endpoint_fetch_indexes(p->to, there.items, there.count);
	/* one that is bad is of no use; what needed it will be missed */
	return err == DV_E_CORRUPT || err == DV_E_NOTFOUND ? 0 : err;
}

/* Git is asked once, for all roots. */
static int find_before(struct push *p)
{
	if (p->before)
		return 0;
	p->before = xcalloc(p->count + 1, sizeof(*p->before));
	return roots_before(p->repo, &p->gathered, BEFORE_MAX, p->before);
}

static void list_before(struct push *p, struct push_root *r)
{
	const struct roots *before = &p->before[r - p->roots];

	if (!r->walk || r->asked_before)
		return;
	r->asked_before = true;
	for (size_t i = 0; i < before->count; i++) {
		ARRAY_GROW(p->others, p->other_count + 1, p->other_room);
		p->others[p->other_count++] = (struct push_before){
			.id = before->items[i].id, .of = r,
			.kind = before->items[i].kind,
			.locator = LOCATOR_INIT,
		};
	}
}

struct before_job {
	struct push *push;
	size_t start;	/* in push->others */
};

static int read_before(void *data, unsigned worker, size_t i)
{
	const struct before_job *job = data;
	struct push_before *b = &job->push->others[job->start + i];
	int err = endpoint_locator(job->push->to, &b->id, &b->locator);

	(void)worker;
	b->found = !err;
	return err == DV_E_NOTFOUND || err == DV_E_CORRUPT ? 0 : err;
}

/* Only those that the remote has stay in `others`. */
static int keep_before(struct push *p, size_t start)
{
	size_t kept = start;
	int err = 0;

	for (size_t i = start; i < p->other_count; i++) {
		if (!p->others[i].found)
			continue;
		if (!err)
			err = push_know_packs(p, &p->others[i].locator);
		p->others[kept++] = p->others[i];
	}
	p->other_count = kept;
	return err;
}

/*
 * Where nothing was known of the remote, each root comes to this: then all
 * of them are asked about together.
 */
static int learn_before(struct push *p, struct push_root *r, bool *more)
{
	size_t start = p->other_count, asked;
	struct before_job job = { p, start };
	int err = find_before(p);

	if (err)
		return err;
	list_before(p, r);
	for (size_t i = 0; i < p->count && p->had_nothing; i++)
		list_before(p, &p->roots[i]);
	asked = p->other_count - start;
	if (asked)
		err = crew_each(p->to->window, asked, read_before, &job);
	if (!err)
		err = keep_before(p, start);
	*more = p->other_count > start;
	return err;
}

static int learn_known(struct push *p, struct push_root *r, bool *more)
{
	DV_AUTO_NUMBERS struct numbers asked = NUMBERS_INIT;

	p->stamp++;
	if (r->found)
		add_unindexed(p, &r->old, &asked);
	for (size_t i = 0; i < p->other_count; i++)
		add_unindexed(p, &p->others[i].locator, &asked);
	return learn_indexes(p, &asked, more);
}

static int learn_strays(struct push *p, bool *more)
{
	DV_AUTO_NUMBERS struct numbers asked = NUMBERS_INIT;
	struct have *h = p->have;

	/* also of packs that are here: what is missing may be bad in them */
	for (size_t i = 0; i < h->count && asked.count < STRAY_INDEXES; i++)
		if (!h->packs[i].gone && !have_knows(h, i))
			numbers_add(&asked, i);
	return learn_indexes(p, &asked, more);
}

int push_learn(struct push *p, struct push_root *r, bool missing,
	       uint64_t bytes, bool *more)
{
	int err = 0;

	*more = false;
	if (p->options->force && !missing)
		return 0;
	while (!err && !*more && r->learned < 4) {
		switch (r->learned++) {
		case 1:
			if (missing || (p->had_nothing && !p->to->fresh))
				err = learn_before(p, r, more);
			break;
		case 3:
			if (missing)
				err = learn_strays(p, more);
			break;
		default:
			if (missing || p->much || bytes >= PUSH_MUCH)
				err = learn_known(p, r, more);
			else
				p->not_asked |= r->found || p->other_count;
		}
	}
	return err;
}
