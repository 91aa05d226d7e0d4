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
#include "base/buf.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/meter.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/repo.h"
#include "store/tree.h"
#include "work/add.h"
#include "work/add_tree.h"
#include "work/index_patch.h"
#include "work/record.h"
#include "work/relink.h"
#include "work/stored.h"
#include "work/temp_name.h"

/* What came of one plan, until it is written. */
struct outcome {
	bool skip;		/* nothing to say of it */
	bool same;		/* the pointer stays as it is */
	struct dv_pointer pointer;	/* rest: owned */
	struct stat_writer *writer;	/* owned; NULL: leave the index */
	struct dv_id index_pointer;
	bool complete;
	struct dv_add_result result;
	struct buf pointer_path, ignore;
};

struct adding {
	struct dv_repo *repo;
	const struct dv_add_options *o;
	bool drop;			/* parts leave the record */
	struct recorder r;
	struct ignore *ignore;		/* owned */
	struct store_reader *reader;	/* owned */
	struct meter meter;
	struct add_plans plans;
	struct outcome *outcomes;	/* owned, one per plan */
	uint64_t total_bytes, total_items;
};

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

/* One plan while it is worked on. */
struct job {
	struct adding *a;
	const struct add_plan *plan;
	struct outcome *out;
	struct stat_index index;
	struct add_part *parts;		/* owned */
	size_t count;
	char *base;			/* owned: what scans are relative to */
	size_t to_read;
	bool vouched;			/* the store has all that the index has */
};

#define DV_AUTO_JOB __attribute__((cleanup(job_release)))

static void job_release(struct job *j)
{
	for (size_t i = 0; j->parts && i < j->count; i++) {
		scan_release(&j->parts[i].scan);
		free(j->parts[i].items);
	}
	free(j->parts);
	free(j->base);
	stat_index_close(&j->index);
}

/* --- what has to be read -------------------------------------------------- */

/* All of it: what is lost or damaged is put again. */
static bool still_stored(const struct job *j, const struct content *c)
{
	return j->vouched || content_here(j->a->r.store, j->a->reader, c) == 1;
}

static int refuse_special(const struct job *j, const struct scan_dir *d,
			  const struct scan_entry *e)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	buf_addstr(&path, j->base);
	if (*d->path)
		path_append(&path, d->path);
	path_append(&path, e->name);
	err = dv_fail(DV_E_INVALID, "%s is no file, directory or symbolic "
		      "link", path.data);
	return dv_hint(err, "remove it, or name it in a .dvignore file");
}

/* Leaves out what dead runs of checkout left behind. */
static void drop_leftovers(struct scan_dir *d)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < d->count; i++)
		if (!temp_name_is(d->entries[i].name))
			d->entries[kept++] = d->entries[i];
	d->count = kept;
}

/* Lists what must be read: not known, or gone from the store. */
static int list_items(struct job *j, struct add_part *part)
{
	size_t room = 0;

	for (uint32_t n = 0; n < part->scan.count; n++) {
		struct scan_dir *d = &part->scan.dirs[n];

		drop_leftovers(d);
		for (uint32_t i = 0; i < d->count; i++) {
			struct scan_entry *e = &d->entries[i];

			if (e->special)
				return refuse_special(j, d, e);
			if (e->type == ENTRY_DIR)
				continue;
			part->known += e->known;
			if (e->type == ENTRY_FILE && e->known &&
			    still_stored(j, &e->content))
				continue;
			j->to_read += e->type == ENTRY_FILE || !e->known;
			j->a->total_bytes += e->type == ENTRY_FILE ?
				e->size : 0;
			ARRAY_GROW(part->items, part->count + 1, room);
			part->items[part->count++] = (struct record_item){
				.entry = e, .dir = n,
			};
		}
	}
	j->a->total_items += part->count;
	return 0;
}

static bool in_index(const struct scan *scan)
{
	const struct scan_dir *d = &scan->dirs[0];

	return scan->single ? d->entries[0].row >= 0 : d->index_dir >= 0;
}

/* As in git, ignoring is for what is not recorded yet. */
static int refuse_ignored(const struct job *j, const struct add_part *part)
{
	const struct adding *a = j->a;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err;

	if (a->o->changed_only || in_index(&part->scan) ||
	    (!*part->inside && !j->plan->is_new))
		return 0;
	buf_addstr(&full, j->plan->path);
	if (*part->inside)
		path_append(&full, part->inside);
	err = scan_ignore_above(a->repo, a->ignore, full.data);
	if (err || !ignore_match(a->ignore, full.data, !part->scan.single))
		return err;
	err = dv_fail(DV_E_INVALID, "%s is ignored by a .dvignore file",
		      full.data);
	return dv_hint(err, "take the rule out of .dvignore to record it");
}

static int scan_part(struct job *j, struct add_part *part)
{
	struct adding *a = j->a;
	int err;

	part->gone = a->drop;
	if (a->drop)
		return 0;
	err = scan_run(a->repo, j->plan->path, part->inside, &j->index,
		       a->ignore, a->o->threads, &part->scan);

	if (err == DV_E_NOTFOUND && (*part->inside || a->o->changed_only)) {
		part->gone = true;
		return 0;
	}
	if (!err)
		err = refuse_ignored(j, part);
	return err ? err : list_items(j, part);
}

/* --- shortcuts ------------------------------------------------------------ */

/* True when all that dv put here is as it was, and nothing else is here. */
static bool untouched(const struct job *j)
{
	const struct scan *scan = &j->parts[0].scan;
	uint64_t files = 0;

	if (*j->parts[0].inside || j->parts[0].gone || !j->index.dirs ||
	    scan->count != j->index.dirs)
		return false;
	for (uint32_t i = 0; i < scan->count; i++) {
		const struct scan_dir *d = &scan->dirs[i];

		if (d->index_dir < 0)
			return false;
		for (uint32_t k = 0; k < d->count; k++)
			files += d->entries[k].type != ENTRY_DIR;
	}
	return files == j->index.files && j->parts[0].known == files;
}

static bool pointer_moved(const struct job *j)
{
	return j->index.dirs && !j->plan->is_new &&
		!dv_id_equal(&j->index.pointer, &j->plan->old.id);
}

/*
 * Git has moved the pointer since the last checkout: to record what is here
 * would undo what the new pointer brings.
 */
static int refuse_moved(const struct job *j)
{
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	const char *path = j->plan->path;
	int err = dv_fail(DV_E_CHANGED, "%s: the pointer was changed since "
			  "the last checkout; what is here is of the version "
			  "before", path);

	path = add_word(j->a->repo, path, &typed);
	return dv_hint(err, "dv checkout %s brings the two together and keeps "
		       "your changes; dv add -f %s records what is here", path,
		       path);
}

/* --- the new pointer ------------------------------------------------------ */

static int set_pointer(struct job *j, const struct tree_entry *root)
{
	struct dv_pointer *p = &j->out->pointer;
	const struct add_plan *plan = j->plan;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct object node;
	int err = 0;

	p->rest = xstrdup(plan->is_new || !plan->old.rest ? "" :
			  plan->old.rest);
	p->size = root->content.size;
	if (root->type == ENTRY_DIR) {
		p->kind = DV_KIND_TREE;
		p->id = root->content.id;
		p->files = root->files;
	} else {
		p->kind = DV_KIND_FILE;
		p->files = 1;
		err = file_node_encode(&root->content, root->executable,
				       &bytes, &p->id);
		node.id = p->id;
		node.data = (const uint8_t *)bytes.data;
		node.len = (uint32_t)bytes.len;
		if (!err)
			err = record_node(&j->a->r, &node);
	}
	j->out->same = !plan->is_new && p->kind == plan->old.kind &&
		dv_id_equal(&p->id, &plan->old.id);
	return err;
}

/* All of a path is recorded though its pointer is not what was put here. */
static bool is_superseding(const struct job *j)
{
	return pointer_moved(j) && !*j->parts[0].inside;
}

/*
 * The tree that what is here was made from, whose absent entries are kept:
 * the pointer's, or that of the last checkout.
 */
static bool base_tree(const struct job *j, struct tree_entry *out)
{
	const struct dv_pointer *p = &j->plan->old;
	static const struct dv_id mixed;

	memset(out, 0, sizeof(*out));
	out->type = ENTRY_DIR;
	if (is_superseding(j)) {
		out->content.id = j->index.pointer;
		return !j->index.complete &&
			!dv_id_equal(&j->index.pointer, &mixed);
	}
	out->content.id = p->id;
	return !j->plan->is_new && p->kind == DV_KIND_TREE;
}

static int make_pointer(struct job *j)
{
	struct tree_entry root, old;
	bool has_old = base_tree(j, &old);
	struct tree_source s = {
		.r = &j->a->r, .path = j->plan->path, .index = &j->index,
		.keep = !j->index.complete || pointer_moved(j),
		.lenient = j->a->o->changed_only,
		.drop = j->a->drop,
		.reader = j->a->reader,
	};
	int err = tree_record(&s, has_old ? &old : NULL, j->parts, j->count,
			      &root);

	j->out->result.absent = s.absent;
	return err ? err : set_pointer(j, &root);
}

/* --- the new stat index --------------------------------------------------- */

struct index_source {
	const struct stat_index *old;
	const struct add_part *part;
};

static void write_entry(struct stat_writer *w, uint32_t dir,
			const struct index_source *src,
			const struct scan_entry *e,
			const struct record_item *item)
{
	struct stat_row row;
	struct stat st;

	if (e->type == ENTRY_DIR) {
		stat_writer_row(w, dir, e->name, ENTRY_DIR, NULL, NULL, 0);
	} else if (item) {
		scan_entry_stat(e, &st);
		stat_writer_row(w, dir, e->name, e->type, &st, &e->content,
				item->read_ns);
	} else {
		stat_index_row(src->old, (uint32_t)e->row, &row);
		stat_writer_copy(w, dir, &row);
	}
}

/* An index_part.write(): all that was scanned, or its one entry. */
static void write_scan(struct stat_writer *w, uint32_t dir,
		       const struct index_part *part)
{
	const struct index_source *src = part->data;
	const struct scan *scan = &src->part->scan;
	const struct record_item *item = src->part->items;
	const struct record_item *end = item + src->part->count;

	for (uint32_t n = 0; n < scan->count; n++) {
		const struct scan_dir *d = &scan->dirs[n];
		struct stat st;

		if (!scan->single) {
			scan_dir_stat(d, &st);
			dir = stat_writer_dir(w, d->path, &st, d->read_ns);
		}
		for (uint32_t i = 0; i < d->count; i++) {
			const struct scan_entry *e = &d->entries[i];
			bool read = item < end && item->entry == e;

			write_entry(w, dir, src, e, read ? item : NULL);
			item += read;
		}
	}
}

static uint8_t part_type(const struct add_part *part)
{
	if (part->gone)
		return 0;
	return part->scan.single ? part->scan.dirs[0].entries[0].type :
		ENTRY_DIR;
}

static void make_index(struct job *j)
{
	struct outcome *out = j->out;
	bool whole = !*j->parts[0].inside, mixed;
	struct index_source *sources = xcalloc(j->count, sizeof(*sources));
	struct index_part *parts = xcalloc(j->count, sizeof(*parts));

	out->writer = stat_writer_new();
	for (size_t i = 0; i < j->count; i++) {
		sources[i] = (struct index_source){ &j->index, &j->parts[i] };
		parts[i] = (struct index_part){
			.path = j->parts[i].inside,
			.type = part_type(&j->parts[i]),
			.write = write_scan, .data = &sources[i],
		};
	}
	if (whole && j->parts[0].scan.single)
		write_scan(out->writer,
			   stat_writer_dir(out->writer, "", NULL, 0), parts);
	else
		index_patch(&j->index, parts, j->count, out->writer);
	free(sources);
	free(parts);
	/* rows of several versions are those of no pointer */
	mixed = !whole && pointer_moved(j);
	out->index_pointer = mixed ? (struct dv_id){ { 0 } } : out->pointer.id;
	out->complete = !mixed && !out->result.absent &&
		(whole || (j->index.dirs && j->index.complete));
}

/* --- one plan ------------------------------------------------------------- */

static int read_parts(struct job *j)
{
	int err = 0;

	for (size_t i = 0; i < j->count && !err; i++) {
		struct add_part *part = &j->parts[i];
		bool single = !*part->inside && part->scan.single;
		DV_AUTO_BUF struct buf base = BUF_INIT;

		if (!part->count)
			continue;
		/* of a tracked file, dirs[0] is the folder around it */
		buf_add(&base, j->base, single ? path_parent_len(j->base) :
			strlen(j->base));
		err = record_run(&j->a->r, base.data, &part->scan,
				 part->items, part->count);
	}
	return err;
}

static int scan_parts(struct job *j)
{
	int err = 0;

	j->count = j->plan->count;
	j->parts = xcalloc(j->count, sizeof(*j->parts));
	for (size_t i = 0; i < j->count && !err; i++) {
		j->parts[i].inside = j->plan->inside[i];
		err = scan_part(j, &j->parts[i]);
	}
	return err;
}

static void take_old(struct job *j)
{
	struct dv_pointer *p = &j->out->pointer;

	*p = j->plan->old;
	p->rest = xstrdup(p->rest ? p->rest : "");
	j->out->same = true;
}

/* Status has looked everything up since the store was last changed. */
static bool is_vouched(const struct job *j)
{
	struct dv_id now;

	return j->index.dirs &&
		!stored_fingerprint(j->a->repo, &now) &&
		dv_id_equal(&j->index.stored, &now);
}

static int do_plan(struct adding *a, const struct add_plan *plan,
		   struct outcome *out)
{
	DV_AUTO_JOB struct job j = {
		.a = a, .plan = plan, .out = out, .index = STAT_INDEX_INIT,
		.base = xstrdup(plan->path),
	};
	uint64_t read_before = atomic_load(&a->r.read_bytes);
	uint64_t new_before = atomic_load(&a->r.new_bytes);
	int err = stat_index_open(a->repo, plan->path, &j.index);

	if (!err) {
		j.vouched = is_vouched(&j);
		err = scan_parts(&j);
	}
	if (err)
		return err;
	meter_total(&a->meter, a->total_bytes, a->total_items);
	a->r.expected = a->total_bytes;
	out->skip = a->o->changed_only && !*j.parts[0].inside &&
		j.parts[0].gone;
	if (a->o->changed_only && pointer_moved(&j) && !a->o->force) {
		/* a checkout that is still to come is no change */
		out->skip |= untouched(&j);
		err = out->skip ? 0 : refuse_moved(&j);
	}
	if (err || out->skip)
		return err;
	if (!plan->is_new && !pointer_moved(&j) && !j.to_read &&
	    untouched(&j)) {
		take_old(&j);
		return 0;
	}
	err = read_parts(&j);
	if (!err)
		err = make_pointer(&j);
	if (!err && is_superseding(&j) && !out->same && !a->o->force)
		err = refuse_moved(&j);
	if (!err && !a->o->dry_run)
		make_index(&j);
	out->result.read_bytes = atomic_load(&a->r.read_bytes) - read_before;
	out->result.new_bytes = atomic_load(&a->r.new_bytes) - new_before;
	return err;
}

/* --- writing what came of it ---------------------------------------------- */

static int write_outcome(struct adding *a, const struct add_plan *plan,
			 struct outcome *out)
{
	struct stat_writer *w = out->writer;
	int err;

	out->writer = NULL;
	crash_point("add: before pointer");
	err = tracked_write(a->repo, plan->path, &out->pointer,
			    &out->result.changed);
	crash_point("add: after pointer");
	if (!err && !(a->o->changed_only && out->same))
		err = repo_gitignore_add(a->repo, plan->path, &out->ignore);
	if (!w)
		return err;
	if (err) {
		stat_writer_free(w);
		return err;
	}
	return stat_writer_finish(w, a->repo, plan->path, &out->index_pointer,
				  out->complete, NULL);
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

	for (size_t i = 0; i < a->plans.count && !err; i++) {
		struct outcome *out = &a->outcomes[i];

		if (out->skip)
			continue;
		if (!a->o->dry_run)
			err = write_outcome(a, &a->plans.items[i], out);
		if (!err)
			fill_result(a, &a->plans.items[i], out, stored);
	}
	if (!err)
		err = stage(a);
	if (!err && !a->o->dry_run && atomic_load(&a->r.hard))
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
			err = do_plan(a, &a->plans.items[i], &a->outcomes[i]);
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
