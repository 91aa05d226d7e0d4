#include <stdlib.h>

#include "base/array.h"
#include "base/auto.h"
#include "transfer/fetch.h"

/* How much of a pack is asked for, and how: whole, in part, unseen. */

/* A pack of nodes up to this is fetched whole, whatever is wanted of it. */
#define META_AT_ONCE	((uint64_t)4 << 20)
/* So is a pack of chunks up to this, when its root is wanted whole. */
#define DATA_AT_ONCE	((uint64_t)1 << 20)
/* And when but a part is: its index would take as long. */
#define PART_AT_ONCE	FETCH_GAP_MAX

bool fetch_any_whole(const struct fetch *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->roots[i].located && !f->roots[i].done &&
		    !*f->roots[i].root->inside && !f->options->what.filter)
			return true;
	return false;
}

/* --- by the index ------------------------------------------------------ */

enum fetch_take fetch_take_marked(const struct fetch *f, const struct mark *k)
{
	uint64_t all = k->pack->size - k->pack->index_len;
	DV_AUTO_FREE bool *frames = xcalloc((size_t)k->pack->frames + 1, 1);
	uint64_t sum = 0;

	for (uint32_t s = 0; s < k->pack->objects; s++) {
		struct frame_info info;
		struct place place;

		if (!mark_has(k, s))
			continue;
		pack_place_at(k->pack, s, &place);
		if (frames[place.frame])
			continue;
		frames[place.frame] = true;
		pack_frame_at(k->pack, place.frame, &info);
		sum += info.stored;
	}
	pack_rest(k->pack);
	return sum >= (fetch_any_whole(f) ? all / 2 : all - all / 8) ?
		TAKE_WHOLE : TAKE_FRAMES;
}

bool fetch_mostly_new(struct fetch *f, struct pack *p)
{
	uint64_t fresh = 0;

	for (uint32_t s = 0; s < p->objects; s++) {
		struct place place;

		fresh += !store_find(f->store, p->class, pack_id_at(p, s),
				     &place);
	}
	pack_rest(p);
	return fresh >= p->objects / 2 + 1;
}

/* --- by what the locators alone tell ------------------------------------ */

/* About what chunks may be stored in, of all that is wanted whole. */
void fetch_hope(struct fetch *f, const struct fetch_root *r)
{
	uint64_t size = r->root->size;

	if (*r->root->inside)
		return;
	if (size > PACK_REF_SIZE_MAX)
		size = PACK_REF_SIZE_MAX;
	f->hoped += size + size / 8;
}

/* True of packs for which more must be hoped for than of the smallest. */
static bool needs_hope(const struct fetch *f, const struct pack_ref *ref)
{
	return ref->class == OBJECT_DATA && ref->size > DATA_AT_ONCE &&
	       ref->size <= FETCH_REQUEST_MAX && !f->hopeless &&
	       fetch_any_whole(f);
}

bool fetch_may_hope(const struct fetch *f, const struct pack_ref *ref)
{
	return needs_hope(f, ref) && ref->size > f->hoped;
}

enum fetch_take fetch_take_unknown(struct fetch *f,
				   const struct pack_ref *ref)
{
	uint64_t most = PART_AT_ONCE;

	if (f->options->dry_run)
		return TAKE_INDEX;
	if (ref->class == OBJECT_META)
		most = META_AT_ONCE;
	else if (needs_hope(f, ref))
		most = f->hoped;
	else if (fetch_any_whole(f))
		most = DATA_AT_ONCE;
	if (ref->size > most)
		return TAKE_INDEX;
	if (ref->class == OBJECT_DATA)
		f->hoped -= ref->size < f->hoped ? ref->size : f->hoped;
	return TAKE_AT_ONCE;
}
