#include <string.h>

#include "base/crew.h"
#include "base/error.h"
#include "transfer/push.h"

/*
 * What `have` says may be out of date: somebody may have removed packs from
 * the remote.  Before a locator relies on a pack, the pack is seen there in
 * the same run: by a LIST of packs/, when that takes fewer requests, or by a
 * HEAD.
 */
struct prove {
	struct push *push;
	const uint32_t *numbers;
	size_t count;
	uint64_t listed, most;	/* names seen, and to be seen at most */
};

static bool open_question(const struct have_pack *p)
{
	return !p->proved && !p->gone;
}

static int see_listed(void *data, const char *name, uint64_t size,
		      int64_t modified)
{
	struct prove *v = data;
	struct have *h = v->push->have;
	struct dv_id id;
	int64_t n;

	(void)modified;
	if (remote_pack_id(name, &id)) {
		n = have_number(h, &id);
		if (n >= 0 && size == h->packs[n].ref.size)
			h->packs[n].proved = true;
	}
	return ++v->listed > v->most ? 1 : cancel_check();
}

/* 1: all was listed; 0: there is too much to go on with that. */
static int prove_by_list(struct prove *v, unsigned page)
{
	int err;

	v->most = (uint64_t)v->count * page;
	err = remote_list(v->push->to->remote, REMOTE_PACKS, see_listed, v);
	if (err == DV_E_NOTFOUND)
		return 1;	/* no folder yet */
	if (err == 1 || err == DV_E_UNSUPPORTED)
		return 0;
	return err ? err : 1;
}

static int prove_one(void *data, unsigned worker, size_t i)
{
	struct prove *v = data;
	struct have *h = v->push->have;
	struct have_pack *p = &h->packs[v->numbers[i]];
	DV_AUTO_BUF struct buf name = BUF_INIT;
	uint64_t size;
	int err;

	(void)worker;
	if (!open_question(p))
		return 0;
	remote_pack_name(&p->ref.id, &name);
	err = remote_stat(v->push->to->remote, name.data, &size);
	if (err && err != DV_E_NOTFOUND)
		return err;
	p->proved = !err && size == p->ref.size;
	if (!p->proved)
		err = have_gone(h, v->numbers[i]);
	return err == DV_E_NOTFOUND ? 0 : err;
}

/* 1: answered by a LIST; 0: each is to be asked for. */
static int prove_asked(struct push *p, struct prove *v, size_t asked)
{
	struct have *h = p->have;
	unsigned page = remote_list_page(p->to->remote);
	uint64_t pages = page ? h->count / page + 1 : UINT64_MAX;
	int err = 0;

	if (asked > pages) {
		v->count = asked;
		err = prove_by_list(v, page);
		if (err < 0)
			return err;
	}
	if (!err)
		return 0;
	for (size_t i = 0; i < v->count; i++)
		if (open_question(&h->packs[v->numbers[i]])) {
			err = have_gone(h, v->numbers[i]);
			if (err)
				return err;
		}
	return 1;
}

int prove_packs(struct push *p, const uint32_t *numbers, size_t count,
		size_t *gone)
{
	struct prove v = { .push = p, .numbers = numbers, .count = count };
	struct have *h = p->have;
	DV_AUTO_NUMBERS struct numbers asked = NUMBERS_INIT;
	int err = 0;

	for (size_t i = 0; i < count; i++) {
		struct have_pack *k = &h->packs[numbers[i]];

		/* it may go any time: nothing is to rely on it */
		if (condemned_has(&p->condemned, &k->ref.id) && !k->gone) {
			k->proved = false;
			err = have_gone(h, numbers[i]);
			if (err)
				return err;
			if (gone)
				++*gone;
		}
		if (open_question(k))
			numbers_add(&asked, numbers[i]);
	}
	v.numbers = asked.items;
	v.count = asked.count;
	err = asked.count ? prove_asked(p, &v, asked.count) : 1;
	if (!err)
		err = crew_each(p->to->window, asked.count, prove_one, &v);
	if (err < 0)
		return err;
	for (size_t i = 0; i < asked.count && gone; i++)
		*gone += h->packs[asked.items[i]].gone;
	return 0;
}
