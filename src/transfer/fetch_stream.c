#include <stdlib.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/trace.h"
#include "transfer/fetch_stream.h"

/*
 * Where more must be learned of a remote than is asked for at once, data are
 * fetched meanwhile: what a locator names is asked for while others come; a
 * root is walked as soon as its own packs are known; and a pack of which that
 * shows most to be wanted is fetched whole, which nothing that is learned
 * later can change.  Parts of packs wait until everything is known, so that
 * neighbours are asked for together.
 *
 * All of this is only ahead of time: a root that cannot be dealt with here is
 * left to fetch_plan.c, with all that is known of it.
 */

/* Bytes for each file that make walking a root cheap beside fetching it. */
#define WALK_BYTES	((uint64_t)64 << 10)

enum work {
	WORK_WAIT = 1,
	WORK_END,
	WORK_MARKER,
	WORK_LOCATE,
	WORK_WALK,
	WORK_MOVE,
};

/* What one thread does next. */
struct step {
	enum work work;
	uint32_t root;
	bool whole;		/* WORK_WALK: no pack is still to come */
	struct item *item;
	size_t unit;
};

/* --- roots: with the mutex held ------------------------------------------ */

/* Without chunks there is nothing to walk for. */
static void wait_for(struct stream *s, uint32_t root)
{
	if (s->fetch->options->metadata_only)
		return;
	numbers_add(&s->waiting, root);
	s->look = true;
}

/*
 * Indexes that make it worth while to walk the root although others are still
 * to come: the first, then as many as come at once.  Not of a root that is
 * here for the most part, or of many small files: that takes too long.
 */
static size_t enough_indexes(const struct stream *s, uint32_t root)
{
	const struct fetch *f = s->fetch;
	const struct root *r = f->roots[root].root;

	if (f->hopeless || r->size / WALK_BYTES < r->files)
		return SIZE_MAX;
	switch (s->awaited[root].walks) {
	case 0:
		return 1;
	case 1:
		return f->from->window;
	default:
		return SIZE_MAX;
	}
}

static bool is_to_come(struct stream *s, uint32_t pack)
{
	const struct knowledge *p = stream_pack(s, pack);

	return p->named && !p->known;
}

static bool has_index(const struct fetch *f, uint32_t pack)
{
	return f->have->packs[pack].ref.class == OBJECT_DATA &&
	       have_knows(f->have, pack);
}

/*
 * Can the root be walked?  *whole: no pack of it is still to become known.
 * They become known in about their order: those that are behind the first that
 * is not are few, and others are not looked at again each time.
 */
static bool is_ready(struct stream *s, uint32_t root, bool *whole)
{
	const struct fetch *f = s->fetch;
	const struct numbers *packs = &f->roots[root].packs;
	const size_t enough = enough_indexes(s, root);
	struct awaited *w = &s->awaited[root];
	size_t indexes, end;

	for (; w->known < packs->count &&
	     !is_to_come(s, packs->items[w->known]); w->known++)
		w->indexes += has_index(f, packs->items[w->known]);
	*whole = w->known == packs->count;
	if (*whole || enough == SIZE_MAX)
		return *whole;
	indexes = w->indexes;
	end = w->known + 4 * (size_t)f->from->window;
	for (size_t i = w->known; i < packs->count && i < end; i++) {
		uint32_t pack = packs->items[i];

		if (!is_to_come(s, pack))
			indexes += has_index(f, pack);
		else if (f->have->packs[pack].ref.class == OBJECT_META)
			return false;
	}
	return indexes >= enough;
}

static bool next_ready(struct stream *s, struct step *out)
{
	if (!s->look || s->walking || s->marker != MARKER_GOOD)
		return false;
	for (size_t i = 0; i < s->waiting.count; i++) {
		out->root = s->waiting.items[i];
		if (!is_ready(s, out->root, &out->whole))
			continue;
		s->waiting.items[i] = s->waiting.items[--s->waiting.count];
		s->walking = true;
		return true;
	}
	s->look = false;
	return false;
}

static int walk_done(struct stream *s, const struct step *step)
{
	const struct fetch *f = s->fetch;
	const struct fetch_root *r = &f->roots[step->root];
	int err = 0;

	s->walking = false;
	s->look = true;
	if (!r->planned && !step->whole) {
		s->awaited[step->root].walks++;
		wait_for(s, step->root);
	}
	for (size_t i = 0; i < r->packs.count && !err; i++) {
		uint32_t number = r->packs.items[i];
		const struct mark *k =
			marks_find(&s->marks, &f->have->packs[number].ref.id);

		if (k)
			err = stream_take(s, k);
	}
	return err;
}

static int located(struct stream *s, uint32_t root)
{
	const struct fetch_root *r = &s->fetch->roots[root];
	int err = 0;

	s->locating--;
	if (!s->ahead)
		return 0;
	if (r->located) {
		wait_for(s, root);
		/* nothing counts before the marker was seen to be right */
		if (s->marker == MARKER_GOOD)
			err = stream_name(s, r);
	}
	if (!err && !stream_locators_come(s))
		err = stream_name_later(s);
	return err;
}

static int marker_seen(struct stream *s)
{
	const struct fetch *f = s->fetch;
	int err = 0;

	s->marker = MARKER_GOOD;
	for (size_t i = 0; i < f->count && s->ahead && !err; i++)
		if (f->roots[i].located && !f->roots[i].done)
			err = stream_name(s, &f->roots[i]);
	return err;
}

static bool all_planned(const struct fetch *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->roots[i].located && !f->roots[i].done &&
		    !f->roots[i].planned)
			return false;
	return true;
}

/* No more will be known than now is. */
static bool all_known(const struct stream *s)
{
	return s->marker == MARKER_GOOD && !stream_locators_come(s) &&
	       !s->unknown && !s->walking && !s->look;
}

/* --- threads ------------------------------------------------------------ */

/* Threads that prefer what is large, while the others go on asking. */
static unsigned lanes(const struct stream *s)
{
	const struct endpoint *e = s->fetch->from;
	unsigned half = e->window / 2 ? e->window / 2 : 1;

	return e->jobs < half ? e->jobs : half;
}

static bool next_large(struct stream *s, struct step *out)
{
	out->item = queue_next(&s->large, &out->unit);
	if (!out->item)
		out->item = queue_next(&s->bulk, &out->unit);
	return out->item;
}

static struct step next_step(struct stream *s, unsigned worker)
{
	struct step x = { .work = WORK_MOVE };

	if (s->marker == MARKER_UNREAD) {
		s->marker = MARKER_COMES;
		x.work = WORK_MARKER;
	} else if (next_ready(s, &x)) {
		x.work = WORK_WALK;
	} else if (worker < lanes(s) && next_large(s, &x)) {
		;
	} else if ((x.item = queue_next(&s->small, &x.unit))) {
		;
	} else if (s->next_root < s->order.count) {
		x.work = WORK_LOCATE;
		x.root = s->order.items[s->next_root++];
		s->locating++;
	} else if (worker >= s->fetch->from->jobs || !next_large(s, &x)) {
		x.work = s->closed || !s->ahead ? WORK_END : WORK_WAIT;
	}
	return x;
}

/* Without the mutex: what takes time. */
static int walk_root(struct stream *s, struct fetch_root *r)
{
	struct fetch_walk *w = &s->walk;
	int err;

	w->missing = w->unplaced = 0;
	w->id_count = 0;
	err = fetch_walk_root(w, r);
	r->planned = !err && !w->unplaced;
	/* what was gone through in vain is gone through again */
	if (!r->planned)
		marks_release(&w->visited);
	return err == DV_E_INTERRUPTED ? err : 0;
}

static int do_step(struct stream *s, unsigned worker, const struct step *x)
{
	struct fetch *f = s->fetch;

	switch (x->work) {
	case WORK_MARKER:
		return endpoint_check_marker(f->from, false);
	case WORK_LOCATE:
		return fetch_locate(f, &f->roots[x->root]);
	case WORK_WALK:
		return walk_root(s, &f->roots[x->root]);
	default:
		return moving_unit(&x->item->moving, &s->movers.items[worker],
				   x->unit);
	}
}

/* With the mutex held: what follows from it. */
static int step_done(struct stream *s, const struct step *x)
{
	switch (x->work) {
	case WORK_MARKER:
		return marker_seen(s);
	case WORK_LOCATE:
		return located(s, x->root);
	case WORK_WALK:
		return walk_done(s, x);
	default:
		return stream_answered(s, x->item);
	}
}

/* Nothing can be done now; with the mutex held. */
static int wait_or_close(struct stream *s)
{
	struct fetch *f = s->fetch;
	int err;

	if (!all_known(s)) {
		crew_wait(&s->moved, &f->mutex);
		return 0;
	}
	s->closed = true;
	/* parts are not asked for before all that is wanted is known */
	err = all_planned(f) ? stream_take_rest(s) : 0;
	pthread_cond_broadcast(&s->moved);
	return err;
}

static int stream_work(struct crew *crew, unsigned worker, void *data)
{
	struct stream *s = data;
	struct fetch *f = s->fetch;
	int err = 0;

	pthread_mutex_lock(&f->mutex);
	while (!err && !crew_failed(crew)) {
		struct step x = next_step(s, worker);

		if (x.work == WORK_END)
			break;
		if (x.work == WORK_WAIT) {
			err = wait_or_close(s);
			continue;
		}
		pthread_mutex_unlock(&f->mutex);
		err = do_step(s, worker, &x);
		pthread_mutex_lock(&f->mutex);
		if (!err)
			err = step_done(s, &x);
		pthread_cond_broadcast(&s->moved);
	}
	pthread_mutex_unlock(&f->mutex);
	return err;
}

/* --- one stream --------------------------------------------------------- */

/* `requests`: so many can be made at once. */
static void stream_init(struct stream *s, struct fetch *f, size_t requests)
{
	unsigned most = f->from->window;

	*s = (struct stream){ .fetch = f };
	movers_init(&s->movers, requests < most ? requests : most);
	for (unsigned i = 0; i < s->movers.count && i < f->from->jobs; i++)
		s->movers.items[i].keep = FETCH_REQUEST_MAX;
	s->walk = (struct fetch_walk){
		.fetch = f, .data = true, .nodes_here = true,
		.marks = &s->marks,
	};
	s->awaited = xcalloc(f->count + 1, sizeof(*s->awaited));
	crew_cond_init(&s->moved);
}

static void stream_release(struct stream *s)
{
	queue_release(&s->small);
	queue_release(&s->large);
	queue_release(&s->bulk);
	numbers_release(&s->order);
	numbers_release(&s->waiting);
	numbers_release(&s->later);
	fetch_walk_release(&s->walk);
	marks_release(&s->marks);
	pthread_cond_destroy(&s->moved);
	free(s->packs);
	free(s->awaited);
}

/* Runs and releases it; `err`: of what was done before. */
static int stream_run(struct stream *s, int err)
{
	struct fetch *f = s->fetch;
	struct error_state first = { 0 };
	TRACE_REGION("fetch: stream");

	if (!err)
		err = crew_run(s->movers.count, stream_work, s);
	if (err)
		error_save(err, &first);
	err = movers_finish(&s->movers);
	/* some of it has not come, or was not asked for */
	if (first.code || err || s->failed || !all_planned(f))
		for (size_t i = 0; i < f->count; i++)
			f->roots[i].planned = false;
	stream_release(s);
	return first.code ? error_restore(&first) : err;
}

/* Large roots first: their data take longest. */
static void add_roots(struct stream *s, bool large)
{
	const struct fetch *f = s->fetch;

	for (size_t i = 0; i < f->count; i++)
		if (!f->roots[i].done &&
		    (f->roots[i].root->size >= PACK_AIM) == large)
			numbers_add(&s->order, i);
}

int fetch_locate_all(struct fetch *f)
{
	bool whole = !f->options->what.filter;
	struct stream s;
	size_t most = 1;	/* the marker: nothing counts without it */

	for (size_t i = 0; i < f->count; i++) {
		struct fetch_root *r = &f->roots[i];

		r->located = r->planned = false;
		r->packs.count = 0;
		most += !r->done;
		whole &= r->done || !*r->root->inside;
	}
	stream_init(&s, f, most);
	add_roots(&s, true);
	add_roots(&s, false);
	s.ahead = whole && most > f->from->window && !f->options->dry_run;
	return stream_run(&s, 0);
}

int fetch_stream_packs(struct fetch *f, size_t unknown)
{
	struct stream s;

	stream_init(&s, f, unknown > f->from->jobs ? unknown : f->from->jobs);
	s.ahead = true;
	for (size_t i = 0; i < f->count; i++)
		if (f->roots[i].located && !f->roots[i].done)
			wait_for(&s, i);
	return stream_run(&s, marker_seen(&s));
}
