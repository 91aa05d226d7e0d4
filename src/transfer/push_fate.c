#include <stdlib.h>

#include "base/array.h"
#include "transfer/push.h"

/* Smaller packs are gathered into one when several would be sent. */
#define PACK_SMALL	(PACK_AIM / 4)

static bool lost(const struct push *p, const struct dv_id *id)
{
	for (size_t i = 0; i < p->lost.count; i++)
		if (dv_id_equal(&p->lost.packs[i].id, id))
			return true;
	return false;
}

/* At least half of its bytes are wanted, so it goes as it is. */
static bool mostly_wanted(const struct mark *k)
{
	return k->raw >= pack_raw_bytes(k->pack) / 2;
}

static void decide_class(struct push *p, enum object_class class)
{
	size_t copies = 0, small = 0;

	for (size_t i = 0; i < p->wanted.count; i++) {
		const struct mark *k = &p->wanted.items[i];

		if (k->pack->class != class || !k->count)
			continue;
		/* under another name, if that of this one is condemned */
		if (k->pack->layout == PACK_LOOSE ||
		    condemned_has(&p->condemned, &k->pack->id)) {
			p->fates[i] = FATE_COPY;
		} else if (lost(p, &k->pack->id)) {
			p->fates[i] = FATE_WHOLE;
		} else if (!mostly_wanted(k)) {
			p->fates[i] = FATE_COPY;
		} else if (k->pack->size < PACK_SMALL) {
			small++;
			continue;
		} else {
			p->fates[i] = FATE_WHOLE;
		}
		copies += p->fates[i] == FATE_COPY;
	}
	for (size_t i = 0; i < p->wanted.count; i++)
		if (p->wanted.items[i].pack->class == class &&
		    p->wanted.items[i].count && !p->fates[i])
			p->fates[i] = copies || small > 1 ? FATE_COPY :
							    FATE_WHOLE;
}

void push_decide(struct push *p)
{
	p->fates = xcalloc(p->wanted.count + 1, sizeof(*p->fates));
	decide_class(p, OBJECT_DATA);
	decide_class(p, OBJECT_META);
}

/* About what the marked objects take as they are stored. */
static uint64_t stored_bytes(const struct mark *k)
{
	uint64_t raw = pack_raw_bytes(k->pack);
	uint64_t all = k->pack->size;

	if (k->pack->layout == PACK_LOOSE || !raw)
		return k->raw;
	return (uint64_t)((double)all * ((double)k->raw / (double)raw));
}

void push_estimate(struct push *p)
{
	struct dv_transfer_result *r = p->result;
	uint64_t copied[OBJECT_CLASSES] = { 0 };

	for (size_t i = 0; i < p->wanted.count; i++) {
		const struct mark *k = &p->wanted.items[i];

		if (p->fates[i] == FATE_WHOLE) {
			r->packs++;
			r->bytes += k->pack->size;
			r->objects += k->pack->objects;
		} else if (p->fates[i] == FATE_COPY) {
			copied[k->pack->class] += stored_bytes(k);
			r->objects += k->count;
		}
	}
	for (int c = 0; c < OBJECT_CLASSES; c++) {
		r->packs += (copied[c] + PACK_AIM - 1) / PACK_AIM;
		r->bytes += copied[c];
	}
	for (size_t i = 0; i < p->count; i++)
		r->roots_done += p->roots[i].walk;
}
