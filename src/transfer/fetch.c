#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/memory.h"
#include "base/trace.h"
#include "git/repo.h"
#include "store/pointer_line.h"
#include "transfer/fetch.h"

#define DV_AUTO_FETCH	__attribute__((cleanup(fetch_release)))

static void fetch_release(struct fetch *f)
{
	for (size_t i = 0; i < f->count; i++)
		numbers_release(&f->roots[i].packs);
	free(f->roots);
	if (f->reader)
		store_reader_free(f->reader);
	roots_release(&f->gathered);
	pthread_mutex_destroy(&f->mutex);
	/* a checkout may follow */
	if (f->result->packs) {
		store_rest(f->store);
		memory_trim();
	}
}

void fetch_notice(struct fetch *f, const char *fmt, ...)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	va_list ap;

	if (!f->options->notice)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	f->options->notice(text.data, f->options->notice_data);
}

/* Looks for roots that are whole here already; *pending counts the others. */
static int fetch_open(struct fetch *f, size_t *pending)
{
	int err = roots_gather(f->repo, &f->options->what, 0, &f->gathered);

	*pending = 0;
	if (!err)
		err = repo_store(f->repo, &f->store);
	if (err)
		return err;
	f->reader = store_reader_new(f->store);
	f->count = f->gathered.count;
	f->roots = xcalloc(f->count + 1, sizeof(*f->roots));
	f->result->roots = f->count;
	for (size_t i = 0; i < f->count; i++) {
		struct fetch_root *r = &f->roots[i];
		int here;

		r->root = &f->gathered.items[i];
		here = fetch_root_here(f, r);
		if (here < 0)
			return here;
		r->done = here;
		*pending += !here;
	}
	return 0;
}

/* --- one remote -------------------------------------------------------- */

/* After a remote: which roots are whole now, and why others are not. */
static int settle(struct fetch *f, int failed)
{
	struct error_state why = f->bad;

	if (failed)
		error_save(failed, &why);
	for (size_t i = 0; i < f->count; i++) {
		struct fetch_root *r = &f->roots[i];
		int here;

		if (r->done || (!r->located && !failed))
			continue;
		here = !failed && f->complete;
		if (!here && r->located)
			here = fetch_root_here(f, r);
		if (here < 0)
			return here;
		r->done = here;
		f->result->roots_done += here;
		if (here)
			continue;
		if (!why.code) {
			dv_fail(DV_E_CORRUPT, "%s: the packs that remote %s "
				"names for it do not hold all of it",
				r->root->path, f->from->name);
			error_save(DV_E_CORRUPT, &why);
		}
		fetch_why(r, &why);
	}
	return 0;
}

/* Failures that another remote may not have. */
static bool try_another(int err)
{
	return err == DV_E_NETWORK || err == DV_E_AUTH || err == DV_E_IO ||
	       err == DV_E_CORRUPT || err == DV_E_UNSUPPORTED;
}

static int fetch_from(struct fetch *f, struct endpoint *e)
{
	struct error_state kept = { 0 };
	bool located = false;
	int err;

	f->from = e;
	f->have = e->have;
	f->have->active_only = true;
	f->bad.code = 0;
	f->hoped = 0;
	f->hopeless = false;
	err = fetch_locate_all(f);
	for (size_t i = 0; i < f->count; i++)
		located |= f->roots[i].located;
	if (!err && located)
		err = fetch_located(f);
	if (err)
		error_save(err, &kept);
	f->result->requests += remote_requests(e->remote);
	if (err && !try_another(err))
		return error_restore(&kept);
	if (f->options->dry_run && !err) {
		for (size_t i = 0; i < f->count; i++)
			if (f->roots[i].located && !f->roots[i].done) {
				f->roots[i].done = true;
				f->result->roots_done++;
			}
		return 0;
	}
	if (err)
		error_restore(&kept);
	return settle(f, err);
}

/* --- all remotes ------------------------------------------------------- */

static const struct fetch_root *first_pending(const struct fetch *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (!f->roots[i].done)
			return &f->roots[i];
	return NULL;
}

struct names {
	char **items;	/* owned */
	size_t count, room;
	const char *not;
};

static int take_name(const struct dv_remote_info *info, void *data)
{
	struct names *n = data;

	if (strcmp(info->name, n->not)) {
		ARRAY_GROW(n->items, n->count + 1, n->room);
		n->items[n->count++] = xstrdup(info->name);
	}
	return 0;
}

static int fetch_from_others(struct fetch *f, const char *first)
{
	struct names names = { .not = first };
	int err = dv_remote_each(f->repo, take_name, &names);

	for (size_t i = 0; i < names.count && !err; i++) {
		const struct fetch_root *r = first_pending(f);
		struct endpoint *e;

		if (!r)
			break;
		/* one that is not usable is no help, and no failure */
		if (endpoint_open(f->repo, names.items[i], f->options->jobs,
				  &e))
			continue;
		fetch_notice(f, "%s; trying remote %s", r->why.text, e->name);
		err = fetch_from(f, e);
		endpoint_close(e);
	}
	for (size_t i = 0; i < names.count; i++)
		free(names.items[i]);
	free(names.items);
	return err;
}

/* --- where it was imported from ---------------------------------------- */

/*
 * What was recorded here since is at no source.  But what it was made from is,
 * and may be all that lacks.
 */
static int supply_changed(struct fetch *f, const struct fetch_root *r,
			  const struct dv_tracked *missing)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	struct place place;
	int here = store_find(f->store, OBJECT_META, &r->root->id, &place);
	int err = here ? f->options->supply(f->repo, missing, f->options) : 0;

	if (!err && here)
		err = store_refresh(f->store);
	if (!err && here)
		here = fetch_root_here(f, r);
	if (err || here)
		return here < 0 ? here : err;
	return dv_hint(dv_fail(DV_E_NOTFOUND, "%s was changed after it had "
			       "been taken from there, and no remote has what "
			       "became of it", missing->path),
		       "dv push %s, in the clone where it was changed",
		       repo_word(f->repo, missing->path, &word));
}

static int supply_one(struct fetch *f, const struct fetch_root *r,
		      const struct dv_tracked *missing)
{
	int err;

	if (pointer_is_changed(&missing->pointer))
		return supply_changed(f, r, missing);
	err = f->options->supply(f->repo, missing, f->options);
	return err ? err : store_refresh(f->store);
}

static int supply_from(struct fetch *f, const struct fetch_root *r,
		       const struct root_source *from)
{
	const struct root *root = r->root;
	DV_AUTO_FREE char *rest = xstrdup(from->rest);
	const struct dv_tracked missing = {
		.path = from->path, .inside = root->inside,
		.commit = from->commit,
		.pointer = { .kind = root->kind, .id = root->id,
			     .size = root->size, .files = root->files,
			     .rest = rest },
	};
	struct error_state why;
	int err = supply_one(f, r, &missing);

	if (!err)
		return 0;
	error_save(err, &why);
	dv_fail(err, "cannot get %s from where it was imported: %s",
		from->path, why.text);
	if (*why.hint)
		dv_hint(err, "%s", why.hint);
	return err;
}

/* The next source may well be there, but not after these. */
static bool ends_supply(int err)
{
	return err == DV_E_INTERRUPTED || err == DV_E_NOSPACE;
}

/* From the first that has it. */
static int supply_root(struct fetch *f, struct fetch_root *r)
{
	const struct root_source *from = r->root->sources->first;
	int err = 0;

	for (; from && !f->options->dry_run; from = from->next) {
		err = supply_from(f, r, from);
		if (!err || ends_supply(err))
			break;
		if (from->next)
			fetch_notice(f, "%s; trying where %s came from",
				     dv_error_text(), from->next->path);
	}
	r->done = !err;
	f->result->roots_done += r->done;
	return err;
}

/* All that can be had; the first failure is returned, the others are told. */
static int supply_imports(struct fetch *f)
{
	struct error_state first = { 0 };
	int err;

	for (size_t i = 0; i < f->count; i++) {
		struct fetch_root *r = &f->roots[i];

		if (r->done || !r->root->sources->first ||
		    !f->options->supply)
			continue;
		err = supply_root(f, r);
		if (ends_supply(err))
			return err;
		if (err && first.code)
			fetch_notice(f, "%s", dv_error_text());
		else if (err)
			error_save(err, &first);
	}
	return first.code ? error_restore(&first) : 0;
}

/* All that is missing can be had without a remote. */
static bool all_imported(const struct fetch *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (!f->roots[i].done && !f->roots[i].root->sources->first)
			return false;
	return f->options->supply;
}

int dv_fetch(struct dv_repo *repo, const struct dv_transfer_options *options,
	     struct dv_transfer_result *result)
{
	DV_AUTO_FETCH struct fetch f = {
		.repo = repo, .options = options, .result = result,
		.gathered = ROOTS_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER,
	};
	const struct fetch_root *left;
	DV_AUTO_FREE char *first = NULL;
	struct endpoint *e;
	size_t pending;
	int err;
	TRACE_REGION("fetch");

	memset(result, 0, sizeof(*result));
	err = fetch_open(&f, &pending);
	if (err || !pending)
		return err;
	err = endpoint_open(repo, options->remote, options->jobs, &e);
	if (err == DV_E_NOTFOUND && !options->remote && all_imported(&f))
		return supply_imports(&f);
	if (err)
		return err;
	first = xstrdup(e->name);
	memory_give_back();
	meter_start(&f.meter, &options->progress, "downloading", "packs");
	err = fetch_from(&f, e);
	endpoint_close(e);
	if (!err && first_pending(&f))
		err = fetch_from_others(&f, first);
	meter_finish(&f.meter);
	if (!err)
		err = supply_imports(&f);
	if (err)
		return err;
	left = first_pending(&f);
	if (!left)
		return 0;
	err = error_restore(&left->why);
	if (err == DV_E_CORRUPT && !*dv_error_hint())
		dv_hint(err, "where the data is whole: dv push --force -r %s",
			first);
	return err;
}
