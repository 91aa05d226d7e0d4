#include "base/error.h"
#include "transfer/fetch.h"

/* What kept a root from being fetched; the most telling reason stays. */
void fetch_why(struct fetch_root *r, const struct error_state *why)
{
	if (!r->why.code || (r->why.code == DV_E_NOTFOUND &&
			     why->code != DV_E_NOTFOUND))
		r->why = *why;
}

/* Notes that the root needs this pack. */
static int take_pack(struct fetch *f, struct fetch_root *r,
		     const struct pack_ref *ref)
{
	struct have *h = f->have;
	struct have_pack *k;
	uint32_t n;
	int err = have_add(h, ref, false, &n);

	if (err)
		return err;
	pthread_mutex_lock(&h->mutex);
	k = &h->packs[n];
	if (!k->active) {
		k->active = true;
		k->here = store_pack(f->store, k->ref.class, &k->ref.id);
		f->hopeless |= k->here && k->ref.class == OBJECT_DATA;
	}
	pthread_mutex_unlock(&h->mutex);
	numbers_add(&r->packs, n);
	return 0;
}

static int take_locator(struct fetch *f, struct fetch_root *r,
			const struct locator *l)
{
	int err = 0;

	r->located = true;
	fetch_hope(f, r);
	for (size_t i = 0; i < l->count && !err; i++)
		err = take_pack(f, r, &l->packs[i]);
	return err;
}

static int not_taken(const struct root *root)
{
	int err = dv_fail(DV_E_NOTFOUND, "%s has not been downloaded from its "
			  "source yet", root->path);

	return dv_hint(err, "dv fetch %s", root->path);
}

int fetch_locate(struct fetch *f, struct fetch_root *r)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	struct error_state why;
	int err = r->root->awaited ? not_taken(r->root) :
		endpoint_locator(f->from, &r->root->id, &l);

	if (!err) {
		pthread_mutex_lock(&f->mutex);
		err = take_locator(f, r, &l);
		pthread_mutex_unlock(&f->mutex);
		return err;
	}
	if (r->root->awaited) {
		;	/* no remote can know it */
	} else if (err == DV_E_NOTFOUND) {
		dv_fail(err, "%s: not at remote %s", r->root->path,
			f->from->name);
		dv_hint(err, "dv push where it was added");
	} else if (err == DV_E_CORRUPT || err == DV_E_UNSUPPORTED) {
		error_save(err, &why);
		dv_fail(err, "%s: %s: %s", r->root->path, f->from->name,
			why.text);
	} else {
		return err;
	}
	error_save(err, &why);
	fetch_why(r, &why);
	return 0;
}
