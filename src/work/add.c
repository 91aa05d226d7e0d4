/*
 * dv add and dv commit.  In order: all arguments are checked; content and
 * trees go into the store; the store is made durable; pointers, .gitignore
 * lines and stat indexes are written.  Whatever fails before the last step
 * leaves all pointers as they were.
 */

#include <stdlib.h>
#include <string.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "work/add.h"
#include "work/add_job.h"
#include "work/relink.h"

/* Stat indexes that are written before their rows rest. */
#define REST_WRITTEN	1024

#define DV_AUTO_ADDING __attribute__((cleanup(adding_release)))

/* All but the plans. */
static void release_work(struct adding *a)
{
	for (size_t i = 0; a->outcomes && i < a->plans.count; i++) {
		struct outcome *o = &a->outcomes[i];

		free(o->pointer.rest);
		stat_writer_free(o->writer);
		buf_release(&o->pointer_path);
		buf_release(&o->ignore);
	}
	if (a->outcomes)
		spill_release(&a->rows);
	free(a->outcomes);
	if (a->reader)
		store_reader_free(a->reader);
	if (a->ignore)
		ignore_free(a->ignore);
	recorder_release(&a->r);
}

static void adding_release(struct adding *a)
{
	release_work(a);
	add_plans_release(&a->plans);
}

/* --- writing what came of it ---------------------------------------------- */

/* The pointers to be written: one for each plan that is not skipped. */
static size_t plan_writes(struct adding *a, struct pointer_write *w)
{
	size_t count = 0;

	for (size_t i = 0; i < a->plans.count; i++) {
		const struct outcome *out = &a->outcomes[i];

		if (!out->skip)
			w[count++] = (struct pointer_write){
				.path = a->plans.items[i].path,
				.pointer = out->pointer,
				.ignore = !(a->o->changed_only && out->same),
			};
	}
	return count;
}

static int announce_all(struct adding *a)
{
	int err = 0;

	for (size_t i = 0; i < a->plans.count && !err; i++) {
		const struct outcome *out = &a->outcomes[i];

		if (!out->skip && out->announced)
			err = stat_index_announce(a->repo,
						  a->plans.items[i].path,
						  &out->pointer.id);
	}
	return err;
}

/* Once the pointer is written. */
static int finish_index(struct adding *a, const char *path,
			struct outcome *out)
{
	struct stat_writer *writer = out->writer;

	out->writer = NULL;
	return !writer ? 0 :
		stat_writer_finish(writer, a->repo, path, &out->index_pointer,
				   out->complete, NULL);
}

/* Fails with the first that could not be written, once the others are done. */
static int take_written(struct adding *a, struct pointer_write *w)
{
	const struct error_state *failed = NULL;
	int err = 0;

	for (size_t i = 0; i < a->plans.count && !err; i++) {
		struct outcome *out = &a->outcomes[i];

		if (out->skip)
			continue;
		out->result.changed = w->changed;
		out->ignore = w->ignored;
		w->ignored = (struct buf)BUF_INIT;
		if (w->done)
			err = finish_index(a, a->plans.items[i].path, out);
		if (i % REST_WRITTEN == REST_WRITTEN - 1)
			spill_rest(&a->rows);
		if (!failed)
			failed = w->failed;
		w++;
	}
	return err || !failed ? err : error_restore(failed);
}

/* Where one cannot be written, those that are get finished still. */
static int write_outcomes(struct adding *a)
{
	struct pointer_write *w = xcalloc(a->plans.count + 1, sizeof(*w));
	size_t count = plan_writes(a, w);
	struct error_state failed;
	int err = announce_all(a);

	crash_point("add: before pointers");
	if (!err)
		err = tracked_write_all(a->repo, w, count);
	crash_point("add: after pointers");
	if (err) {
		error_save(err, &failed);
		take_written(a, w);
		error_restore(&failed);
	} else {
		err = take_written(a, w);
	}
	pointer_writes_release(w, count);
	free(w);
	return err;
}

static void fill_result(struct adding *a, const struct add_plan *plan,
			struct outcome *out, uint64_t stored)
{
	struct dv_add_result *r = &out->result;
	uint64_t all = atomic_load(&a->r.new_bytes);

	buf_addstr(&out->pointer_path, plan->path);
	buf_addstr(&out->pointer_path, DV_POINTER_SUFFIX);
	r->path = plan->path;
	r->pointer = out->pointer_path.data;
	r->ignore = out->ignore.len ? out->ignore.data : NULL;
	r->is_new = plan->is_new;
	r->files = out->pointer.files;
	r->size = out->pointer.size;
	if (a->plans.count == 1)
		r->stored_bytes = stored;
	else if (all)
		r->stored_bytes = (uint64_t)((double)stored *
			(double)r->new_bytes / (double)all);
	if (a->o->dry_run)
		r->changed = !out->same;
}

static int stage(struct adding *a)
{
	const char **paths;
	size_t count = 0;
	int err = dv_config_bool(a->repo, "core.autostage", false);

	if (err <= 0 || a->o->dry_run)
		return err < 0 ? err : 0;
	paths = xcalloc(a->plans.count, 2 * sizeof(*paths));
	for (size_t i = 0; i < a->plans.count; i++) {
		const struct outcome *out = &a->outcomes[i];

		if (out->skip)
			continue;
		if (out->result.changed)
			paths[count++] = out->pointer_path.data;
		if (out->ignore.len)
			paths[count++] = out->ignore.data;
	}
	err = count ? repo_stage(a->repo, paths, count) : 0;
	free(paths);
	return err;
}

/* What is durable in the store now may be replaced by a link into it. */
static int link_added(struct adding *a)
{
	DV_AUTO_FREE struct dv_tracked *paths = xcalloc(a->plans.count + 1,
							sizeof(*paths));
	size_t count = 0;

	crash_point("add-before-links");
	for (size_t i = 0; i < a->plans.count; i++) {
		const struct outcome *out = &a->outcomes[i];

		if (out->skip || !out->pointer.kind)
			continue;
		paths[count++] = (struct dv_tracked){
			.path = a->plans.items[i].path, .inside = "",
			.pointer = out->pointer,
		};
	}
	return count ? checkout_relink(a->repo, paths, count, a->o->threads) :
		0;
}

static int write_all(struct adding *a, dv_add_cb *fn, void *data)
{
	uint64_t stored;
	int err = recorder_finish(&a->r, &stored);

	if (!err && !a->o->dry_run)
		err = write_outcomes(a);
	for (size_t i = 0; i < a->plans.count && !err; i++)
		if (!a->outcomes[i].skip)
			fill_result(a, &a->plans.items[i], &a->outcomes[i],
				    stored);
	if (!err)
		err = stage(a);
	if (!err && !a->o->dry_run && record_link(&a->r))
		err = link_added(a);
	for (size_t i = 0; i < a->plans.count && !err && fn; i++) {
		struct outcome *out = &a->outcomes[i];

		if (!out->skip && !(a->o->changed_only &&
				    !out->result.changed))
			err = fn(&out->result, data);
	}
	return err;
}

static int start(struct adding *a)
{
	int err = recorder_open(&a->r, a->repo, a->o->dry_run ? RECORD_DRY :
				RECORD_PUT, a->o->threads, &a->meter);

	if (err)
		return err;
	a->reader = store_reader_new(a->r.store);
	a->outcomes = xcalloc(a->plans.count + 1, sizeof(*a->outcomes));
	stat_writer_spill(a->repo, &a->rows);
	for (size_t i = 0; i < a->plans.count; i++) {
		a->outcomes[i].pointer_path = (struct buf)BUF_INIT;
		a->outcomes[i].ignore = (struct buf)BUF_INIT;
	}
	return ignore_new(a->repo, &a->ignore);
}

/* All that was planned. */
static int add_all(struct adding *a, dv_add_cb *fn, void *data)
{
	int err = start(a);

	if (err)
		return err;
	meter_start(&a->meter, &a->o->progress, "adding", "files");
	for (size_t i = 0; i < a->plans.count && !err; i++) {
		err = cancel_check();
		if (!err)
			err = add_do_plan(a, &a->plans.items[i],
					  &a->outcomes[i]);
	}
	meter_finish(&a->meter);
	return err ? err : write_all(a, fn, data);
}

int add_locked(struct dv_repo *repo, const struct add_plans *plans,
	       enum add_locked_flags flags, dv_add_cb *fn, void *data)
{
	const struct dv_add_options o = { .dry_run = flags & ADD_DRY_RUN };
	struct adding a = {
		.repo = repo, .o = &o, .drop = flags & ADD_DROP,
		.plans = *plans,
	};
	int err = add_all(&a, fn, data);

	release_work(&a);
	return err;
}

int dv_add(struct dv_repo *repo, const char *const *paths, size_t count,
	   const struct dv_add_options *options, dv_add_cb *fn, void *data)
{
	TRACE_REGION("add");
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_ADDING struct adding a = { .repo = repo, .o = options };
	int err = 0;

	if (!options->dry_run)
		err = repo_lock(repo, options->changed_only ? "commit" : "add",
				&lock);
	if (!err && options->changed_only)
		err = add_args_tracked(repo, paths, count, &a.plans);
	else if (!err)
		err = add_args(repo, paths, count, &a.plans);
	return err ? err : add_all(&a, fn, data);
}
