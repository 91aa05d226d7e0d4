#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/trace.h"
#include "git/repo.h"
#include "transfer/push.h"

/* Of a push that gc at the remote got in the way of: see write_locators(). */
#define PUSH_TRIES	4
#define WAIT_POLL_MS	250
#define WAIT_POLLS	120

#define DV_AUTO_PUSH	__attribute__((cleanup(push_release)))

static void push_release(struct push *p)
{
	if (p->to && p->result)
		p->result->requests = remote_requests(p->to->remote);
	for (size_t i = 0; i < p->count; i++) {
		locator_release(&p->roots[i].old);
		numbers_release(&p->roots[i].needs);
		numbers_release(&p->roots[i].sends);
	}
	free(p->roots);
	for (size_t i = 0; i < p->other_count; i++)
		locator_release(&p->others[i].locator);
	free(p->others);
	locator_release(&p->made);
	locator_release(&p->lost);
	condemned_release(&p->condemned);
	marks_release(&p->wanted);
	seen_close(&p->seen);
	free(p->fates);
	if (p->reader) {
		store_reader_free(p->reader);
		store_let_go(p->store);
	}
	endpoint_close(p->to);
	for (size_t i = 0; i < p->count && p->before; i++)
		roots_release(&p->before[i]);
	free(p->before);
	roots_release(&p->gathered);
}

void push_notice(struct push *p, const char *fmt, ...)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	va_list ap;

	if (!p->options->notice)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	p->options->notice(text.data, p->options->notice_data);
}

static int push_open(struct push *p)
{
	int err = roots_gather(p->repo, &p->options->what, ROOTS_WHOLE |
			       ROOTS_KNOWN |
			       (p->options->imports ? 0 : ROOTS_OWN),
			       &p->gathered);

	if (!err)
		err = endpoint_open(p->repo, p->options->remote,
				    p->options->jobs, &p->to);
	if (!err)
		err = repo_store(p->repo, &p->store);
	/* packs that are to be sent must not be packed anew meanwhile */
	if (!err)
		err = store_hold(p->store);
	if (err)
		return err;
	p->have = p->to->have;
	p->reader = store_reader_new(p->store);
	p->count = p->gathered.count;
	p->roots = xcalloc(p->count + 1, sizeof(*p->roots));
	for (size_t i = 0; i < p->count; i++)
		p->roots[i].root = &p->gathered.items[i];
	p->result->roots = p->count;
	if (p->count > PUSH_MANY)
		seen_open(&p->seen, p->have->dir);
	return 0;
}

/* --- locators ---------------------------------------------------------- */

/*
 * The packs of a root's locator.  Objects that were copied may be in any of
 * the packs made, unless push_settle() has found out.
 */
static void name_packs(struct push *p, struct push_root *r, bool settled,
		       struct locator *out)
{
	bool copied[OBJECT_CLASSES] = { false };

	for (size_t i = 0; i < r->needs.count; i++)
		locator_add(out, &p->have->packs[r->needs.items[i]].ref);
	for (size_t i = 0; i < r->sends.count && !settled; i++) {
		uint32_t mark = r->sends.items[i];
		const struct pack *pack = p->wanted.items[mark].pack;
		int64_t n = have_number(p->have, &pack->id);

		if (p->fates[mark] != FATE_WHOLE)
			copied[pack->class] = true;
		else if (n >= 0)
			locator_add(out, &p->have->packs[n].ref);
	}
	for (size_t i = 0; i < p->made.count; i++)
		if (copied[p->made.packs[i].class])
			locator_add(out, &p->made.packs[i]);
}

static bool same_locator(const struct push_root *r, const struct locator *l)
{
	if (!r->found || r->old.count != l->count)
		return false;
	for (size_t i = 0; i < l->count; i++)
		if (!pack_ref_equal(&l->packs[i], &r->old.packs[i]))
			return false;
	return true;
}

static int put_locator(struct push *p, const struct dv_id *root,
		       const struct buf *bytes)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const struct remote_source source = {
		.bytes = (const uint8_t *)bytes->data, .fd = -1,
		.len = bytes->len,
	};
	int err;

	remote_root_name(root, &name);
	crash_point("push before locator");
	err = remote_put(p->to->remote, name.data, &source, NULL, NULL);
	crash_point("push locator sent");
	if (!err)
		push_wrote_locator(p, bytes);
	return err;
}

static int write_locator(struct push *p, struct push_root *r,
			 const struct locator *l, const struct buf *bytes)
{
	if (same_locator(r, l) && !p->options->force &&
	    !condemned_root(&p->condemned, &r->root->id))
		return 0;
	return put_locator(p, &r->root->id, bytes);
}

/*
 * A locator that names what it should, but is condemned: what was written
 * since the collector's look stays.
 */
static int renew_locators(struct push *p)
{
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++) {
		struct push_root *r = &p->roots[i];
		DV_AUTO_BUF struct buf bytes = BUF_INIT;

		if (r->walk || !condemned_root(&p->condemned, &r->root->id))
			continue;
		err = locator_encode(&r->old, &bytes);
		if (!err)
			err = put_locator(p, &r->root->id, &bytes);
		if (!err)
			err = cancel_check();
	}
	return err;
}

struct locator_writing {
	struct push *push;
	bool settle;
	size_t next;
	pthread_mutex_t mutex;	/* of the plan's data */
};

/* Makes the bytes of the next root's locator; false when all are made. */
static bool next_locator(struct locator_writing *w, struct push_root **root,
			 struct locator *l, struct buf *bytes, int *err)
{
	struct push *p = w->push;
	bool found = false;

	pthread_mutex_lock(&w->mutex);
	while (w->next < p->count && !p->roots[w->next].walk)
		w->next++;
	if (w->next < p->count) {
		struct push_root *r = &p->roots[w->next++];
		struct numbers kept = r->needs;
		bool settled = false;

		if (w->settle) {
			r->needs = (struct numbers)NUMBERS_INIT;
			settled = push_settle(p, r);
			if (!settled) {
				numbers_release(&r->needs);
				r->needs = kept;
			} else {
				numbers_release(&kept);
			}
		}
		l->root = r->root->id;
		name_packs(p, r, settled, l);
		*err = locator_encode(l, bytes);
		*root = r;
		found = true;
	}
	pthread_mutex_unlock(&w->mutex);
	return found;
}

static int write_some_locators(struct crew *crew, unsigned worker, void *data)
{
	struct locator_writing *w = data;
	int err = 0;

	(void)worker;
	while (!err && !crew_failed(crew)) {
		DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
		DV_AUTO_BUF struct buf bytes = BUF_INIT;
		struct push_root *r;

		if (!next_locator(w, &r, &l, &bytes, &err))
			break;
		if (!err)
			err = write_locator(w->push, r, &l, &bytes);
		if (!err)
			__atomic_fetch_add(&w->push->result->roots_done, 1,
					   __ATOMIC_RELAXED);
	}
	return err ? err : cancel_check();
}

static int write_new_locators(struct push *p, size_t walked)
{
	struct locator_writing w = { .push = p };
	int err;

	w.settle = walked > 1 && p->made.count && !p->options->force;
	pthread_mutex_init(&w.mutex, NULL);
	err = crew_run(walked < p->to->window ? walked : p->to->window,
		       write_some_locators, &w);
	pthread_mutex_destroy(&w.mutex);
	return err;
}

/*
 * What was proved to be there is so as long as nobody marks or removes.
 * Somebody may have since the plan was made, both even if sending took longer
 * than the grace: then all is to be proved anew.  And once more when the
 * locators are written, for until then no collector knew what they name.
 */
static int write_locators(struct push *p)
{
	TRACE_REGION("push: locators");
	size_t walked = 0;
	bool changed;
	int err = 0;

	for (size_t i = 0; i < p->count; i++)
		walked += p->roots[i].walk;
	if (walked) {
		err = condemned_changed(p->to, &p->condemned, &p->again);
		if (err || p->again)
			return err;
	}
	err = renew_locators(p);
	if (!err && walked)
		err = write_new_locators(p, walked);
	if (!err && (walked || condemned_any(&p->condemned))) {
		err = condemned_changed(p->to, &p->condemned, &changed);
		p->again |= changed;
	}
	return err;
}

/* --- a collector who removes meanwhile ---------------------------------- */

static bool any_root_going(const struct push *p)
{
	for (size_t i = 0; i < p->count && p->condemned.removing; i++)
		if (condemned_root(&p->condemned, &p->roots[i].root->id))
			return true;
	return false;
}

/*
 * He may have looked already: a locator written now would go with the one
 * that he has seen.
 */
static int wait_for_collector(struct push *p)
{
	int err = 0;

	if (p->again || !any_root_going(p))
		return 0;
	crash_point("push waits");
	for (int i = 0; i < WAIT_POLLS && !p->again && !err; i++) {
		err = clock_sleep_ms(WAIT_POLL_MS);
		if (!err)
			err = condemned_changed(p->to, &p->condemned,
						&p->again);
	}
	if (err || p->again)
		return err;
	return dv_hint(dv_fail(DV_E_LOCKED, "what is pushed is being removed "
			       "at %s by somebody who collects", p->to->name),
		       "try again later; where a gc was stopped, "
		       "`dv gc -r %s` ends it", p->to->name);
}

/* --- all of it --------------------------------------------------------- */

/* Bytes and packs that are to go, for the progress display. */
static void announce(struct push *p, struct meter *meter)
{
	struct dv_transfer_result sum = { 0 }, *kept = p->result;

	p->result = &sum;
	push_estimate(p);
	p->result = kept;
	meter_total(meter, sum.bytes, sum.packs);
}

static int push_send(struct push *p)
{
	struct meter meter;
	int err = 0;

	meter_start(&meter, &p->options->progress, "uploading", "packs");
	announce(p, &meter);
	if (p->wanted.count)
		err = push_send_class(p, OBJECT_DATA, &meter);
	if (!err && p->wanted.count)
		err = push_send_class(p, OBJECT_META, &meter);
	meter_finish(&meter);
	return err ? err : write_locators(p);
}

/* What has to be known before anything is planned. */
static int read_first(void *data, unsigned worker, size_t i)
{
	struct push *p = data;

	(void)worker;
	return i ? condemned_read(p->to, &p->condemned) :
		   endpoint_check_marker(p->to, !p->options->dry_run);
}

/*
 * 1: to be done again.  Some of what was relied on is condemned now, or what
 * is missing here may be there after all.
 */
static int push_once(struct dv_repo *repo,
		     const struct dv_transfer_options *options,
		     struct dv_transfer_result *result)
{
	DV_AUTO_PUSH struct push p = {
		.repo = repo, .options = options, .result = result,
		.gathered = ROOTS_INIT, .wanted = MARKS_INIT,
	};
	TRACE_REGION("push");
	int err;

	memset(result, 0, sizeof(*result));
	err = push_open(&p);
	if (err || !p.count)
		return err;
	err = crew_each(p.have->marker ? 1 : 2, 2, read_first, &p);
	if (!err && !options->dry_run)
		err = wait_for_collector(&p);
	if (!err && p.again)
		return 1;
	if (!err)
		err = push_plan(&p);
	/* the marker may have been lost, and all else be there */
	if (err == DV_E_NOTFOUND && p.to->fresh)
		return 1;
	if (err)
		return err;
	push_decide(&p);
	result->repaired = p.lost.count;
	if (options->dry_run) {
		push_estimate(&p);
		return 0;
	}
	err = push_send(&p);
	return !err && p.again ? 1 : err;
}

/* What a try has sent that is to be repeated was sent all the same. */
static void add_result(struct dv_transfer_result *sum,
		       const struct dv_transfer_result *more)
{
	sum->packs += more->packs;
	sum->bytes += more->bytes;
	sum->objects += more->objects;
	sum->requests += more->requests;
	if (sum->roots_done < more->roots_done)
		sum->roots_done = more->roots_done;
}

int dv_push(struct dv_repo *repo, const struct dv_transfer_options *options,
	    struct dv_transfer_result *result)
{
	struct dv_transfer_result before = { 0 };
	int err = 1;

	for (int i = 0; i < PUSH_TRIES && err == 1; i++) {
		err = push_once(repo, options, result);
		add_result(result, &before);
		before = *result;
	}
	if (err == 1)
		return dv_fail(DV_E_CHANGED, "what is at the remote is being "
			       "collected again and again");
	return err;
}
