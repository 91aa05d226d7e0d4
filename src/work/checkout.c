/* dv checkout: the work tree becomes what the pointers say. */

#include <stdlib.h>
#include <string.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/filter.h"
#include "git/repo.h"
#include "work/checkout.h"
#include "work/moves.h"
#include "work/relink.h"

/* One tracked path that was selected. */
struct target {
	char *path, *inside;	/* owned */
	struct dv_pointer pointer;	/* without rest */
};

struct checkout {
	struct dv_repo *repo;
	const struct dv_checkout_options *o;
	dv_checkout_cb *fn;
	void *data;
	struct dv_checkout_result *result;
	struct recorder r;
	struct store_reader *reader;	/* owned */
	struct ignore *ignore;		/* owned */
	struct meter meter;
	uint64_t total_bytes, total_items;
	struct target *targets;		/* owned */
	size_t count, room;
	/* the first of each kind, and how many */
	struct buf kept, missing, corrupt;
	uint64_t corrupt_count;
};

#define DV_AUTO_CHECKOUT __attribute__((cleanup(checkout_release)))

static void checkout_release(struct checkout *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->targets[i].path);
		free(c->targets[i].inside);
	}
	free(c->targets);
	if (c->reader)
		store_reader_free(c->reader);
	if (c->ignore)
		ignore_free(c->ignore);
	recorder_release(&c->r);
	buf_release(&c->kept);
	buf_release(&c->missing);
	buf_release(&c->corrupt);
}

static int take_target(const struct dv_tracked *t, void *data)
{
	struct checkout *c = data;
	struct target *to;

	ARRAY_GROW(c->targets, c->count + 1, c->room);
	to = &c->targets[c->count++];
	to->path = xstrdup(t->path);
	to->inside = xstrdup(t->inside);
	to->pointer = t->pointer;
	to->pointer.rest = NULL;
	return 0;
}

/* --- telling -------------------------------------------------------------- */

static void note_first(struct buf *first, const char *path)
{
	if (!first->len)
		buf_addstr(first, path);
}

static int tell(struct checkout *c, enum dv_checkout_event event,
		const char *path)
{
	return c->fn ? c->fn(event, path, c->data) : 0;
}

static int tell_missing(struct checkout *c, const char *path, uint64_t files)
{
	note_first(&c->missing, path);
	c->result->missing += files ? files : 1;
	return tell(c, DV_CHECKOUT_MISSING, path);
}

static int tell_corrupt(struct checkout *c, const char *path)
{
	note_first(&c->corrupt, path);
	c->corrupt_count++;
	return tell(c, DV_CHECKOUT_MISSING, path);
}

static int tell_entry(struct checkout *c, const struct plan_entry *e,
		      const char *path)
{
	struct dv_checkout_result *r = c->result;
	bool done = e->done || c->o->dry_run;

	switch ((enum checkout_action)e->action) {
	case ACT_SAME:
		r->unchanged++;
		return 0;
	case ACT_MODE:
	case ACT_WRITE:
		if (!done)
			return 0;
		r->written++;
		if (e->action == ACT_WRITE && e->want->type == ENTRY_FILE)
			r->written_bytes += e->want->content.size;
		return tell(c, DV_CHECKOUT_WRITTEN, path);
	case ACT_PRIVATE:
		if (!e->done)
			return 0;
		r->written++;
		r->written_bytes += e->have->size;
		return tell(c, DV_CHECKOUT_WRITTEN, path);
	case ACT_REMOVE:
		if (!done || e->row < 0)
			return 0;
		r->removed++;
		return tell(c, DV_CHECKOUT_REMOVED, path);
	case ACT_KEEP:
		note_first(&c->kept, path);
		r->kept++;
		return tell(c, DV_CHECKOUT_KEPT, path);
	case ACT_MISSING:
		return tell_missing(c, path, e->want->type == ENTRY_DIR ?
				    e->want->files : 1);
	case ACT_CORRUPT:
		return tell_corrupt(c, path);
	case ACT_NONE:
		break;
	}
	return 0;
}

/* Nothing is done with it. */
static int tell_passed(struct checkout *c, const struct plan *p,
		       const struct plan_target *t)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (t->err == DV_E_INVALID)
		return 0;
	plan_target_path(p, t, &path);
	if (t->err == DV_E_CORRUPT)
		return tell_corrupt(c, path.data);
	return tell_missing(c, path.data, *t->inside ? 1 : p->pointer->files);
}

static int tell_target(struct checkout *c, const struct plan *p,
		       const struct plan_target *t)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	if (t->err)
		return tell_passed(c, p, t);
	for (size_t i = t->first; i < t->end && !err; i++) {
		const struct plan_entry *e = plan_pass(p, i);

		if (e->action == ACT_NONE)
			continue;
		if (plan_dir_at(p, e->dir)->closed)
			continue;
		plan_path(p, e, &path);
		err = tell_entry(c, e, path.data);
	}
	return err;
}

static int tell_all(struct checkout *c, const struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->target_count && !err; i++)
		err = tell_target(c, p, &p->targets[i]);
	return err;
}

/* --- one tracked path ----------------------------------------------------- */

/* A dry run finds out what the store lacks. */
static int look_for_content(struct plan *p)
{
	for (size_t i = 0; i < p->entry_count; i++) {
		struct plan_entry *e = plan_pass(p, i);
		int here = e->action == ACT_WRITE ?
			plan_has_content(p, p->reader, e) : 1;

		if (here < 0)
			return here;
	}
	return 0;
}

static void count_work(struct checkout *c, const struct plan *p)
{
	for (size_t i = 0; i < p->entry_count; i++) {
		const struct plan_entry *e = plan_pass(p, i);

		if (e->action != ACT_WRITE && e->action != ACT_PRIVATE)
			continue;
		c->total_items++;
		if (e->want->type == ENTRY_FILE)
			c->total_bytes += e->want->content.size;
	}
	meter_total(&c->meter, c->total_bytes, c->total_items);
}

/* Applies it, and notes what was done also when not all could be. */
static int apply(struct checkout *c, struct plan *p)
{
	struct error_state first = { .code = 0 };
	DV_AUTO_HOLD struct store *held = NULL;
	int err = 0, told, noted;

	/* gc keeps the file of a link that a row of the index is there for */
	if (record_link(p->r))
		err = repo_hold_store(p->repo, &held);
	if (err)
		return err;
	err = plan_apply(p);
	if (err)
		error_save(err, &first);
	noted = p->o->links ? plan_note_links(p) : plan_write_index(p, err);
	if (noted && !err)
		error_save(noted, &first);
	told = tell_all(c, p);
	if (first.code)
		return error_restore(&first);
	return told;
}

/* All of it, by the filter. */
static bool is_left_out(const struct checkout *c, const struct target *t)
{
	const struct dv_filter *f = c->o->what.filter;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	path_join(&path, t->path, t->inside);
	if (t->pointer.kind == DV_KIND_FILE)
		return !filter_file(f, path.data, t->pointer.size);
	return filter_folder(f, path.data) == FILTER_PASS_NONE;
}

/* Those of count targets, all of one pointer, that the filter leaves in. */
static size_t list_parts(const struct checkout *c, const struct target *t,
			 size_t count, const char **parts)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_left_out(c, &t[i]))
			parts[kept++] = t[i].inside;
	return kept;
}

static int carry_out(struct checkout *c, struct plan *p)
{
	int err = 0;

	count_work(c, p);
	if (!c->o->dry_run && p->entry_count)
		return apply(c, p);
	if (!c->o->to_come)
		err = look_for_content(p);
	return err ? err : tell_all(c, p);
}

/* So many parts of the path that t is of. */
static int put_parts(struct checkout *c, const struct target *t,
		     const char *const *parts, size_t count)
{
	DV_AUTO_PLAN struct plan p = {
		.repo = c->repo, .o = c->o, .path = t->path,
		.pointer = &t->pointer, .r = &c->r, .reader = c->reader,
		.meter = &c->meter, .top = c->r.top,
		.threads = c->r.threads,
	};
	int err;

	plan_init(&p, parts, count);
	err = plan_scan(&p, c->ignore);
	if (err)
		return err;
	if (!c->o->links && plan_is_done(&p)) {
		c->result->unchanged += p.index.files;
		return 0;
	}
	err = plan_walk(&p);
	if (!err)
		err = plan_decide(&p);
	if (!err)
		err = carry_out(c, &p);
	return !err && p.failed.code ? error_restore(&p.failed) : err;
}

static int one_path(struct checkout *c, const struct target *t, size_t count)
{
	DV_AUTO_FREE const char **parts = xcalloc(count, sizeof(*parts));

	count = list_parts(c, t, count, parts);
	return count ? put_parts(c, t, parts, count) : 0;
}

/* How many targets from the first on are of its pointer. */
static size_t same_pointer(const struct target *t, size_t count)
{
	size_t n = 1;

	while (n < count && !strcmp(t[n].path, t->path) &&
	       dv_id_equal(&t[n].pointer.id, &t->pointer.id))
		n++;
	return n;
}

/* --- all ------------------------------------------------------------------ */

/* What was not done, the worst first. */
static int verdict(const struct checkout *c)
{
	const struct dv_checkout_result *r = c->result;
	int err;

	if (c->corrupt_count) {
		err = dv_fail(DV_E_CORRUPT, "%s: what the store has of it is "
			      "damaged%s", c->corrupt.data,
			      c->corrupt_count > 1 ? ", and others" : "");
		return dv_hint(err, "dv pull gets a good copy");
	}
	if (r->missing && !c->o->allow_missing) {
		err = dv_fail(DV_E_NOTFOUND, "%s: not in the store (%llu "
			      "missing in all)", c->missing.data,
			      (unsigned long long)r->missing);
		return dv_hint(err, "dv pull");
	}
	if (r->kept) {
		err = dv_fail(DV_E_EXISTS, "%s: changed here and not recorded; "
			      "kept (%llu in all)", c->kept.data,
			      (unsigned long long)r->kept);
		return dv_hint(err, "dv add records it, dv checkout -f "
			       "overwrites it");
	}
	return 0;
}

/* Data whose pointer has a new name gets it as well. */
static int follow_names(struct checkout *c)
{
	DV_AUTO_MOVES struct moves m = {
		.repo = c->repo, .top = c->r.top, .forsaken = PATH_LIST_INIT,
		.ignores = PATH_LIST_INIT,
	};
	int err = 0;

	for (size_t i = 0; i < c->count && !err; i++) {
		const struct target *t = &c->targets[i];
		bool moved;

		if (*t->inside)
			continue;
		err = moves_follow(&m, t->path, &t->pointer, &moved);
		if (err || !moved)
			continue;
		c->result->moved++;
		err = tell(c, DV_CHECKOUT_MOVED, t->path);
	}
	return err ? err : moves_stage(&m);
}

static int start(struct checkout *c)
{
	int err = recorder_open(&c->r, c->repo, RECORD_CHECK, c->o->threads,
				&c->meter);

	if (err)
		return err;
	c->reader = store_reader_new(c->r.store);
	return ignore_new(c->repo, &c->ignore);
}

/* The lock is held, unless it is a dry run. */
static int checkout_locked(struct checkout *c)
{
	const struct dv_checkout_options *o = c->o;
	int err = dv_tracked_each(c->repo, &o->what, take_target, c);

	if (err == DV_E_NOTFOUND && !o->what.count)
		return 0;
	if (!err && c->count)
		err = start(c);
	if (!err && c->count && !o->dry_run && !o->links)
		err = follow_names(c);
	if (err || !c->count)
		return err;
	meter_start(&c->meter, &o->progress, "checking out", "files");
	for (size_t i = 0, n; i < c->count && !err; i += n) {
		n = same_pointer(&c->targets[i], c->count - i);
		err = cancel_check();
		if (!err)
			err = one_path(c, &c->targets[i], n);
	}
	meter_finish(&c->meter);
	return err ? err : verdict(c);
}

int checkout_relink(struct dv_repo *repo, const struct dv_tracked *paths,
		    size_t count, unsigned threads)
{
	const struct dv_checkout_options o = {
		.what = { .given = paths, .given_count = count },
		.threads = threads, .links = DV_LINKS_APPLY,
	};
	struct dv_checkout_result result = { 0 };
	DV_AUTO_CHECKOUT struct checkout c = {
		.repo = repo, .o = &o, .result = &result, .kept = BUF_INIT,
		.missing = BUF_INIT, .corrupt = BUF_INIT,
	};

	return checkout_locked(&c);
}

int dv_checkout(struct dv_repo *repo, const struct dv_checkout_options *o,
		dv_checkout_cb *fn, void *data,
		struct dv_checkout_result *result)
{
	TRACE_REGION("checkout");
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_CHECKOUT struct checkout c = {
		.repo = repo, .o = o, .fn = fn, .data = data,
		.result = result, .kept = BUF_INIT, .missing = BUF_INIT,
		.corrupt = BUF_INIT,
	};
	int err = 0;

	memset(result, 0, sizeof(*result));
	if (!o->dry_run)
		err = repo_lock(repo, "checkout", &lock);
	return err ? err : checkout_locked(&c);
}
