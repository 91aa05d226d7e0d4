/*
 * Removing from the local store.
 *
 * Who adds decides that an object need not be stored because it is here, and
 * writes the pointer to it later.  So nothing is removed until nobody writes
 * (store_lock_out()), and then all roots are gathered once more: what came to
 * be needed since the first look is kept.  Everything that takes long, the
 * first look and packing anew, is done before, while others go on.
 */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "keep/gc_plan.h"
#include "store/loose.h"
#include "transfer/repack.h"

/* Nothing is removed where it cannot be seen what is needed. */
static int check_seen(struct gc *g)
{
	const struct live_root *r;
	uint64_t count = gc_count_unseen(g, &r);

	g->result->not_here = g->live.not_here;
	if (!count || g->options->force)
		return 0;
	dv_fail(DV_E_UNSUPPORTED, "%llu recorded %s not (wholly) here and %s, "
		"such as %s%s%.10s: what they need of the rest is not known",
		(unsigned long long)count,
		count == 1 ? "version is" : "versions are", r->damaged ?
		"what was here is damaged" : "at no remote that can be asked",
		r->path, r->commit ? " of " : "", r->commit ? r->commit : "");
	if (r->damaged)
		return dv_hint(DV_E_UNSUPPORTED, "'dv fsck --repair' looks for "
			       "good copies, also at remotes; when nothing is "
			       "lost any more, empty %s/quarantine",
			       store_path(g->live.store));
	return dv_hint(DV_E_UNSUPPORTED, "'dv fetch -A' gets what remotes "
		       "have, 'dv push -A' where it is sends the rest; with "
		       "--force what is missing here counts as being safe "
		       "elsewhere");
}

static int tell_plan(struct gc_plan *p)
{
	size_t skip = strlen(store_path(p->gc->live.store)) + 1;
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++) {
		const struct gc_file *f = &p->files[i];

		if (f->action)
			err = gc_tell(p->gc, f->action, f->pack->path + skip,
				      f->freed);
	}
	return err ? err : gc_strays_plan(p->gc, &p->strays);
}

/* --- packing anew ------------------------------------------------------ */

static int take_made(void *data, struct pack *pack)
{
	struct gc_plan *p = data;
	struct dv_id id;
	int err;

	crash_point("gc-before-adopt");
	err = repack_adopt(p->gc->live.store, pack, &id);
	pthread_mutex_lock(&p->mutex);
	id_map_put(&p->made, &id, 0, NULL);
	pthread_mutex_unlock(&p->mutex);
	return err;
}

/* One that is found damaged on the way stays; what was copied does no harm. */
static int repack_file(struct gc_plan *p, struct repack *r,
		       struct gc_file *f)
{
	const struct marks *m = &p->gc->live.marks;
	uint64_t *n = id_map_get(&m->by_id, &f->pack->id);
	int err = n ? repack_mark(r, &m->items[*n]) : 0;

	if (err != DV_E_CORRUPT && err != DV_E_NOTFOUND)
		return err;
	gc_notice(p->gc, "kept: %s", dv_error_text());
	gc_plan_keep(p, f);
	return 0;
}

static int repack_class(struct gc_plan *p, enum object_class class)
{
	struct repack_options o = {
		.class = class, .finished = take_made, .data = p,
	};
	struct live *live = &p->gc->live;
	struct repack *r;
	int err = repack_open(live->store, live->reader, &o, &r);

	for (size_t i = 0; i < p->count && !err; i++) {
		struct gc_file *f = &p->files[i];

		if (f->action == DV_GC_REPACK && f->pack->class == class)
			err = repack_file(p, r, f);
	}
	if (!err)
		err = repack_finish(r);
	repack_free(r);
	return err;
}

static int repack_all(struct gc_plan *p)
{
	int err = 0;

	for (int class = 0; class < OBJECT_CLASSES && !err; class++)
		err = repack_class(p, class);
	crash_point("gc-repacked");
	return err ? err : store_sync(p->gc->live.store);
}

/* --- whole files instead of packs --------------------------------------- */

struct verifying {
	struct gc_plan *p;
	bool read;
	bool failed;	/* guarded by the plan's mutex */
};

static int verify_one(void *data, unsigned worker, size_t i)
{
	struct verifying *v = data;
	struct gc_plan *p = v->p;
	struct dv_id key = gc_plan_key(p->files[i].pack);
	int err;

	(void)worker;
	if (!p->files[i].leaned_on)
		return 0;
	err = loose_verify(p->gc->live.store, &key, v->read);
	if (!err || err == DV_E_INTERRUPTED)
		return err;
	pthread_mutex_lock(&p->mutex);
	v->failed = true;
	gc_notice(p->gc, "kept what is in packs too: %s", dv_error_text());
	pthread_mutex_unlock(&p->mutex);
	return 0;
}

/*
 * A whole file that is about to be the only copy must be what it says, and
 * can be written to by way of a link.  One that is not is mended by others; so
 * long all packs stay as they are.
 */
static int verify_leaned_on(struct gc_plan *p, bool read)
{
	struct verifying v = { .p = p, .read = read };
	bool needed = false;
	int err;

	for (size_t i = 0; i < p->count; i++)
		needed |= p->files[i].action && p->files[i].spared;
	if (!needed)
		return 0;
	err = crew_each(read ? crew_size(0) : 1, p->count, verify_one, &v);
	for (size_t i = 0; i < p->count && v.failed; i++)
		if (p->files[i].action && p->files[i].spared)
			gc_plan_keep(p, &p->files[i]);
	return err;
}

/* --- removing ---------------------------------------------------------- */

static void waiting(void *data)
{
	gc_notice(data, "waiting until nobody writes to the store");
}

/* What has come to be needed since the plan was made. */
static int look_again(struct gc_plan *p)
{
	struct gc *g = p->gc;
	uint64_t *before = xcalloc(p->count + 1, sizeof(*before));
	int err = live_gather(&g->live, true);

	for (size_t i = 0; i < p->count; i++)
		before[i] = p->files[i].live;
	if (!err)
		err = live_walk(&g->live, NULL);
	/* no request while others wait: what is new must be run again for */
	if (!err)
		err = check_seen(g);
	if (!err)
		gc_plan_count(p);
	if (!err)
		err = gc_plan_find_linked(p);
	if (!err)
		err = verify_leaned_on(p, false);
	for (size_t i = 0; i < p->count && !err; i++) {
		struct gc_file *f = &p->files[i];

		if (!f->action || (f->live == before[i] && !f->linked &&
				   !id_map_get(&p->made, &f->pack->id)))
			continue;
		gc_plan_keep(p, f);
	}
	free(before);
	return err;
}

static int remove_all(struct gc_plan *p)
{
	struct store *s = p->gc->live.store;
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++)
		if (p->files[i].action)
			err = store_remove(s, p->files[i].pack);
	store_remove_merged(s);
	return err ? err : gc_strays_remove(p->gc, &p->strays);
}

static int collect(struct gc_plan *p)
{
	struct store *s = p->gc->live.store;
	int err = verify_leaned_on(p, true);

	if (!err)
		err = repack_all(p);
	if (!err)
		err = store_lock_out(s, waiting, p->gc);
	if (err)
		return err;
	err = look_again(p);
	if (!err)
		err = remove_all(p);
	store_let_in(s);
	return err;
}

int gc_store(struct gc *g)
{
	DV_AUTO_PLAN struct gc_plan p = { .gc = g };
	uint64_t files = 0;
	int err;

	pthread_mutex_init(&p.mutex, NULL);
	err = gc_plan_make(&p);
	if (!err && !g->options->force)
		err = gc_ask_remotes(g);
	if (!err)
		err = check_seen(g);
	if (!err)
		err = tell_plan(&p);
	files = g->result->removed + g->result->repacked;
	if (!err)
		err = gc_sources_plan(g, &p.sources);
	if (err || g->options->dry_run)
		return err;
	if (files)
		err = collect(&p);
	return err ? err : gc_sources_remove(g, &p.sources);
}
