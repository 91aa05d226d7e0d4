/* Cached indexes of packs that are at a remote, and looking into them. */

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "transfer/have_inside.h"

/* So many objects are found before indexes rest. */
#define REST_FOUND	((size_t)32 << 10)

void have_index_path(const struct have *h, const struct dv_id *id,
		     struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(id, hex);
	buf_addf(out, "%s/%s.idx", h->dir, hex);
}

/* --- opening ----------------------------------------------------------- */

/* True when the index says what the record says. */
static bool index_agrees(const struct pack *p, const struct pack_ref *ref)
{
	return p->class == ref->class && p->objects == ref->objects &&
	       p->index_len == ref->index_len && p->layout == PACK_PACKED;
}

int have_pack_open(struct have *h, uint32_t number)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have_pack *p = &h->packs[number];
	struct pack *index;
	int err;

	if (p->index)
		return 0;
	have_index_path(h, &p->ref.id, &path);
	err = pack_open_index(path.data, &p->ref.id, NULL, p->ref.size,
			      &index);
	if (!err && !index_agrees(index, &p->ref)) {
		pack_close(index);
		err = dv_fail(DV_E_CORRUPT, "%s: does not agree with what "
			      "names it", path.data);
	}
	if (err == DV_E_CORRUPT || err == DV_E_INVALID ||
	    err == DV_E_UNSUPPORTED) {
		unlink(path.data);
		return DV_E_NOTFOUND;
	}
	if (err)
		return err;
	p->index = index;
	if (!p->merged)
		numbers_add(&h->classes[index->class].fresh, number);
	return 0;
}

bool have_knows(struct have *h, uint32_t number)
{
	bool known;

	pthread_mutex_lock(&h->mutex);
	known = have_pack_known(&h->packs[number]);
	pthread_mutex_unlock(&h->mutex);
	return known;
}

int have_index_open(struct have *h, uint32_t number)
{
	int err = 0;

	pthread_mutex_lock(&h->mutex);
	have_merged_load(h);
	if (!have_pack_known(&h->packs[number]))
		err = have_pack_open(h, number);
	pthread_mutex_unlock(&h->mutex);
	return err;
}

struct pack *have_index(struct have *h, uint32_t number)
{
	struct pack *index = NULL;

	pthread_mutex_lock(&h->mutex);
	if (have_pack_known(&h->packs[number]) && !have_pack_open(h, number))
		index = h->packs[number].index;
	pthread_mutex_unlock(&h->mutex);
	return index;
}

int have_index_keep(struct have *h, uint32_t number, const uint8_t *bytes,
		    size_t len)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct pack_ref ref = have_ref(h, number);
	char hex[DV_ID_HEX + 1];
	int err;

	if (len != ref.index_len + PACK_TAIL_SIZE)
		return dv_fail(DV_E_CORRUPT, "index of the wrong length");
	err = pack_index_check(bytes, len, &ref.id);
	if (err)
		return err;
	have_index_path(h, &ref.id, &path);
	err = file_replace(path.data, bytes, len,
			   NEWFILE_NOSYNC | NEWFILE_SHARED);
	if (err)
		return err;
	pthread_mutex_lock(&h->mutex);
	err = have_pack_open(h, number);
	pthread_mutex_unlock(&h->mutex);
	if (err != DV_E_NOTFOUND)
		return err;
	dv_id_to_hex(&ref.id, hex);
	return dv_fail(DV_E_CORRUPT, "pack %.12s: its index does not agree "
		       "with the locator", hex);
}

void have_index_drop(struct have *h, uint32_t number)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have_pack *p;

	/* an index that is open stays so: marks may rely on it */
	pthread_mutex_lock(&h->mutex);
	p = &h->packs[number];
	p->here = true;
	have_index_path(h, &p->ref.id, &path);
	unlink(path.data);
	pthread_mutex_unlock(&h->mutex);
}

/* --- looking ----------------------------------------------------------- */

/* What one lookup wants and has found. */
struct search {
	struct have *h;
	struct have_class *c;
	const struct dv_id *id;
	uint32_t number;
	struct place place;
};

static bool is_searched(const struct have *h, const struct have_pack *p)
{
	return !p->gone && !p->bad && (!h->active_only || p->active);
}

/* Most objects are in the pack that had the one before. */
static bool search_last(struct search *x)
{
	const struct have_pack *p;

	if (x->c->last == HAVE_NONE)
		return false;
	p = &x->h->packs[x->c->last];
	x->number = x->c->last;
	return is_searched(x->h, p) &&
	       pack_find_likely(p->index, x->id, &x->place);
}

static bool search_fresh(struct search *x)
{
	for (size_t i = x->c->fresh.count; i-- > 0;) {
		const struct have_pack *p;

		x->number = x->c->fresh.items[i];
		p = &x->h->packs[x->number];
		if (x->number != x->c->last && is_searched(x->h, p) &&
		    pack_find(p->index, x->id, &x->place))
			return true;
	}
	return false;
}

static bool search_entry(struct search *x, struct have_merged *m, uint64_t at)
{
	struct have_pack *p;
	uint32_t row, slot;

	if (!midx_entry(m->midx, at, &row, &slot) ||
	    m->numbers[row] == HAVE_NONE)
		return false;
	x->number = m->numbers[row];
	p = &x->h->packs[x->number];
	if (!is_searched(x->h, p) || !have_pack_known(p))
		return false;
	if (have_pack_open(x->h, x->number)) {
		m->numbers[row] = HAVE_NONE;
		p->merged = false;
		x->h->lost++;
		return false;
	}
	if (!midx_confirm(m->midx, p->index, slot, x->id))
		return false;
	pack_place_at(p->index, slot, &x->place);
	return true;
}

static bool search_merged(struct search *x)
{
	struct have_class *c = x->c;
	size_t i = 0;

	while (i < c->merged_count) {
		struct have_merged *m = &c->merged[i];
		uint64_t from, to;

		if (midx_find(m->midx, x->id, &from, &to))
			for (; from < to; from++)
				if (search_entry(x, m, from))
					return true;
		if (!midx_is_bad(m->midx)) {
			i++;
			continue;
		}
		have_merged_settle(x->h, midx_class(m->midx));
		if (search_fresh(x))
			return true;
		i = 0;
	}
	return false;
}

static void rest(struct have *h, struct have_class *c)
{
	for (size_t i = 0; i < c->touched.count; i++)
		pack_rest_touched(h->packs[c->touched.items[i]].index);
	for (size_t i = 0; i < c->fresh.count; i++)
		pack_rest_touched(h->packs[c->fresh.items[i]].index);
	for (size_t i = 0; i < c->merged_count; i++)
		midx_rest(c->merged[i].midx);
	c->touched.count = 0;
	/* it will be looked into again */
	numbers_add(&c->touched, c->last);
}

/* As in the store: who looks for much passes over the packs. */
static void note_found(struct search *x)
{
	struct have_class *c = x->c;

	if (c->last != x->number) {
		c->last = x->number;
		numbers_add(&c->touched, x->number);
	}
	if (++c->found % REST_FOUND == 0)
		rest(x->h, c);
}

bool have_lookup(struct have *h, enum object_class class,
		 const struct dv_id *id, uint32_t *number,
		 struct place *out)
{
	struct search x = { .h = h, .c = &h->classes[class], .id = id };
	bool found;

	pthread_mutex_lock(&h->mutex);
	found = search_last(&x);
	if (!found) {
		have_merged_make(h, class);
		found = search_fresh(&x) || search_merged(&x);
	}
	if (found) {
		note_found(&x);
		*number = x.number;
		*out = x.place;
	}
	pthread_mutex_unlock(&h->mutex);
	return found;
}
