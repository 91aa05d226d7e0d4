/*
 * Collecting at a remote, in two runs that are a grace apart.
 *
 * The first writes down what it would remove (gc/pending).  Who pushes reads
 * that before relying on a pack and again before writing a locator, and sends
 * under another name what is condemned.  The second says there that it removes
 * now, then looks at everything anew, also at the locators written since
 * then, whoever's they are, and removes what still is not needed.  Who writes
 * one of the locators on the list either is done before that is said, so
 * that it is seen, or waits until they are removed.  All times are the
 * remote's.
 */

#include <stdlib.h>
#include <string.h>

#include "dv/progress.h"

#include "base/array.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "keep/gc.h"
#include "transfer/condemned.h"
#include "transfer/locator.h"

#define REMOTE_NOW	"gc/now"

struct there {
	char *name;		/* owned */
	struct dv_id id;
	uint64_t size;
	int64_t modified_ns;
	bool read;		/* a locator: what it names is needed */
	bool needed;
};

struct listing {
	struct there *items;	/* owned */
	size_t count, room;
	const char *prefix;
};

struct gc_remote {
	struct gc *gc;
	struct endpoint *to;	/* owned */
	struct condemned pending;
	struct listing packs, roots;
	int64_t now_ns, pending_ns;	/* pending_ns 0: nothing is */
	struct id_map needed;	/* packs */
	pthread_mutex_t mutex;	/* guards needed */
};

#define DV_AUTO_GC_REMOTE	__attribute__((cleanup(gc_remote_release)))

static void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i].name);
	free(l->items);
}

static void gc_remote_release(struct gc_remote *r)
{
	listing_release(&r->packs);
	listing_release(&r->roots);
	condemned_release(&r->pending);
	id_map_release(&r->needed);
	endpoint_close(r->to);
	pthread_mutex_destroy(&r->mutex);
}

/* --- what is there ----------------------------------------------------- */

/* Names that are not ours are not ours to remove. */
static int take_name(void *data, const char *name, uint64_t size,
		     int64_t modified)
{
	struct listing *l = data;
	size_t skip = strlen(l->prefix) + 3;
	struct dv_id id;

	if (strlen(name) != skip + DV_ID_HEX || name[skip - 1] != '/' ||
	    memcmp(name + skip - 3, name + skip, 2) ||
	    dv_id_from_hex(name + skip, &id))
		return cancel_check();
	ARRAY_GROW(l->items, l->count + 1, l->room);
	l->items[l->count++] = (struct there){
		.name = xstrdup(name), .id = id, .size = size,
		.modified_ns = modified,
	};
	return cancel_check();
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct there *)a)->name,
		      ((const struct there *)b)->name);
}

static int list(struct gc_remote *r, struct listing *l, const char *prefix)
{
	int err;

	l->prefix = prefix;
	err = remote_list(r->to->remote, prefix, take_name, l);
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_name);
	return err == DV_E_NOTFOUND ? 0 : err;
}

static int take_time(void *data, const char *name, uint64_t size,
		     int64_t modified)
{
	struct gc_remote *r = data;

	(void)size;
	if (!strcmp(name, REMOTE_NOW))
		r->now_ns = modified;
	else if (!strcmp(name, REMOTE_PENDING) && condemned_any(&r->pending))
		r->pending_ns = modified;
	return 0;
}

/* The remote's clock: the time of an object just written. */
static int read_clock(struct gc_remote *r)
{
	const struct remote_source source = {
		.bytes = (const uint8_t *)"now\n", .fd = -1, .len = 4,
	};
	int err = remote_put(r->to->remote, REMOTE_NOW, &source, NULL, NULL);

	if (!err)
		err = remote_list(r->to->remote, REMOTE_GC, take_time, r);
	if (!err && !r->now_ns)
		err = dv_fail(DV_E_UNSUPPORTED, "%s does not say when its "
			      "objects were written", r->to->name);
	return err;
}

/* --- what is needed ---------------------------------------------------- */

/* Locators of live roots, and those too new to be known to our git. */
static void choose_locators(struct gc_remote *r)
{
	int64_t young = r->pending_ns ? r->pending.look_ns :
			r->now_ns - r->gc->grace_ns;

	for (size_t i = 0; i < r->roots.count; i++) {
		struct there *t = &r->roots.items[i];

		t->needed = id_map_get(&r->gc->live.by_id, &t->id);
		t->read = t->needed || !t->modified_ns ||
			  t->modified_ns >= young;
	}
}

static int read_locator(struct gc_remote *r, const struct there *t)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	int err = endpoint_locator(r->to, &t->id, &l);

	if (err == DV_E_NOTFOUND)	/* removed meanwhile */
		return 0;
	if (err)
		return err;
	pthread_mutex_lock(&r->mutex);
	for (size_t i = 0; i < l.count; i++)
		id_map_put(&r->needed, &l.packs[i].id, 0, NULL);
	pthread_mutex_unlock(&r->mutex);
	return 0;
}

static int read_one(void *data, unsigned worker, size_t i)
{
	struct gc_remote *r = data;
	const struct there *t = &r->roots.items[i];

	(void)worker;
	return t->read ? read_locator(r, t) : 0;
}

static int look(struct gc_remote *r)
{
	int err = list(r, &r->packs, REMOTE_PACKS);

	/* after the packs: what a new locator names is listed or younger */
	if (!err)
		err = list(r, &r->roots, REMOTE_ROOTS);
	if (err)
		return err;
	choose_locators(r);
	err = crew_each(r->to->window, r->roots.count, read_one, r);
	for (size_t i = 0; i < r->packs.count; i++)
		r->packs.items[i].needed =
			id_map_get(&r->needed, &r->packs.items[i].id);
	return err;
}

/* Pushes go by the list that is there, not by the one that was. */
static int check_alone(struct gc_remote *r)
{
	bool changed;
	int err = condemned_changed(r->to, &r->pending, &changed);

	if (err || !changed)
		return err;
	return dv_hint(dv_fail(DV_E_CHANGED, "somebody else is collecting at "
			       "%s", r->to->name), "try again later");
}

static int write_pending(struct gc_remote *r, struct condemned *c)
{
	int err = check_alone(r);

	return err ? err : condemned_write(r->to, c);
}

/* --- the first run ----------------------------------------------------- */

static int condemn(struct gc_remote *r, const struct listing *l,
		   struct id_map *out)
{
	int64_t cutoff = r->now_ns - r->gc->grace_ns;
	int err = 0;

	for (size_t i = 0; i < l->count && !err; i++) {
		const struct there *t = &l->items[i];

		if (t->needed || out->count >= CONDEMNED_MAX)
			continue;
		if (t->modified_ns >= cutoff || !t->modified_ns) {
			r->gc->result->young++;
			continue;
		}
		id_map_put(out, &t->id, 0, NULL);
		err = gc_tell(r->gc, DV_GC_CONDEMN, t->name, t->size);
	}
	return err;
}

static int mark(struct gc_remote *r)
{
	struct condemned c = { .look_ns = r->now_ns };
	int err = look(r);

	if (!err)
		err = condemn(r, &r->packs, &c.packs);
	if (!err)
		err = condemn(r, &r->roots, &c.roots);
	if (!err && !r->gc->options->dry_run && condemned_any(&c)) {
		crash_point("gc-before-mark");
		err = write_pending(r, &c);
		crash_point("gc-marked");
	}
	condemned_release(&c);
	return err;
}

/* --- the second -------------------------------------------------------- */

/* Others go on with what one has left that was stopped: the list tells. */
static int remove_there(struct gc_remote *r, const struct there *t)
{
	int err = check_alone(r);

	if (err)
		return err;
	crash_point("gc-before-remove-there");
	err = remote_remove(r->to->remote, t->name);
	return err == DV_E_NOTFOUND ? 0 : err;
}

/* One that was written again since then stays. */
static bool is_due(const struct gc_remote *r, const struct there *t,
		   const struct id_map *condemned)
{
	return !t->needed && t->modified_ns &&
	       t->modified_ns < r->pending.look_ns &&
	       id_map_get(condemned, &t->id);
}

static int each_due(struct gc_remote *r, const struct listing *l,
		    const struct id_map *condemned, bool remove)
{
	int err = 0;

	for (size_t i = 0; i < l->count && !err; i++) {
		const struct there *t = &l->items[i];

		if (!is_due(r, t, condemned)) {
			r->gc->result->kept += !remove &&
				id_map_get(condemned, &t->id);
			continue;
		}
		err = remove ? remove_there(r, t) :
		      gc_tell(r->gc, DV_GC_REMOVE, t->name, t->size);
		if (!err)
			err = cancel_check();
	}
	return err;
}

static int tell_due(struct gc_remote *r)
{
	int err = each_due(r, &r->roots, &r->pending.roots, false);

	return err ? err : each_due(r, &r->packs, &r->pending.packs, false);
}

/*
 * Locators first: none is to name what is gone.  When they are, nobody has to
 * wait any more: packs that are listed are not relied on.
 */
static int remove_due(struct gc_remote *r)
{
	int err = each_due(r, &r->roots, &r->pending.roots, true);

	if (!err && r->pending.roots.count) {
		id_map_release(&r->pending.roots);
		err = write_pending(r, &r->pending);
	}
	crash_point("gc-before-packs");
	if (!err)
		err = each_due(r, &r->packs, &r->pending.packs, true);
	if (err)
		return err;
	id_map_release(&r->pending.packs);
	r->pending.removing = false;
	return write_pending(r, &r->pending);
}

/*
 * What was not removed waits for another gc, and nobody for this one, also when
 * it was Ctrl-C that ended it.
 */
static int give_back(struct gc_remote *r, int err)
{
	struct error_state why;
	bool changed;

	error_save(err, &why);
	cancel_reset();
	if (!condemned_changed(r->to, &r->pending, &changed) && !changed) {
		r->pending.removing = false;
		condemned_write(r->to, &r->pending);
	}
	if (err == DV_E_INTERRUPTED)
		dv_cancel();
	return error_restore(&why);
}

static int collect(struct gc_remote *r)
{
	int err;

	if (r->gc->options->dry_run) {
		err = look(r);
		return err ? err : tell_due(r);
	}
	r->pending.removing = true;
	err = write_pending(r, &r->pending);
	crash_point("gc-claimed");
	if (!err)
		err = look(r);
	if (!err)
		err = tell_due(r);
	crash_point("gc-looked");
	if (!err)
		err = remove_due(r);
	return err ? give_back(r, err) : 0;
}

/* --- all of it --------------------------------------------------------- */

static int pass_over(void *data, const char *name, uint64_t size,
		     int64_t modified)
{
	(void)data;
	(void)name;
	(void)size;
	(void)modified;
	return cancel_check();
}

static int open_there(struct gc_remote *r)
{
	const struct dv_gc_options *o = r->gc->options;
	int err = endpoint_open(r->gc->repo, o->remote, o->jobs, &r->to);

	if (err)
		return err;
	/* before anything is written: can it be listed at all? */
	err = remote_list(r->to->remote, REMOTE_GC, pass_over, NULL);
	if (err && err != DV_E_NOTFOUND)
		return err;
	return endpoint_check_marker(r->to, false);
}

int gc_remote(struct gc *g)
{
	DV_AUTO_GC_REMOTE struct gc_remote r = { .gc = g };
	int err;

	pthread_mutex_init(&r.mutex, NULL);
	err = open_there(&r);
	if (!err && !r.to->have->marker)
		return 0;	/* nothing was ever pushed there */
	/* before git is looked at: a push that came earlier is in both */
	if (!err)
		err = condemned_read(r.to, &r.pending);
	if (!err)
		err = live_gather(&g->live, false);
	if (!err)
		err = read_clock(&r);
	if (err)
		return err;
	for (size_t i = 0; i < g->live.count; i++)
		g->result->roots += g->live.roots[i].kind != 0;
	if (!r.pending_ns)
		err = mark(&r);
	else if (!r.pending.removing && r.now_ns - r.pending_ns < g->grace_ns)
		g->result->pending = true;
	else
		err = collect(&r);
	if (!err)
		err = remote_remove(r.to->remote, REMOTE_NOW);
	return err == DV_E_NOTFOUND ? 0 : err;
}
