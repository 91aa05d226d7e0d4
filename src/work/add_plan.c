/* One tracked path: what has to be read of it, and the pointer that makes. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "store/pointer_line.h"
#include "store/tree.h"
#include "work/add_job.h"
#include "work/below.h"
#include "work/linked.h"
#include "work/stored.h"
#include "work/temp_name.h"

void job_release(struct job *j)
{
	for (size_t i = 0; j->parts && i < j->count; i++)
		scan_release(&j->parts[i].scan);
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

	path_join(&path, j->base, d->path);
	path_append(&path, e->name);
	err = dv_fail(DV_E_INVALID, "%s is no file, directory or symbolic "
		      "link", path.data);
	return dv_hint(err, "remove it, or name it in a .dvignore file");
}

/* Leaves out what dead runs of checkout left behind. */
static void drop_leftovers(struct scan_dir *d, struct scan_pass *pass)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < d->count; i++) {
		scan_passed(pass, 1);
		if (temp_name_is(d->entries[i].name))
			continue;
		if (kept != i)
			d->entries[kept] = d->entries[i];
		kept++;
	}
	d->count = kept;
}

/* Lists what must be read: not known, or gone from the store. */
static int list_items(struct job *j, struct add_part *part)
{
	struct scan_pass pass = { &part->scan, 0 };

	/* one for each file, though few may have to be read */
	part->items = arena_alloc(scan_arena(&part->scan), part->scan.files *
				  sizeof(*part->items));
	for (uint32_t n = 0; n < part->scan.count; n++) {
		struct scan_dir *d = &part->scan.dirs[n];

		drop_leftovers(d, &pass);
		for (uint32_t i = 0; i < d->count; i++) {
			struct scan_entry *e = &d->entries[i];

			scan_passed(&pass, 1);
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
	path_join(&full, j->plan->path, part->inside);
	err = scan_ignore_above(a->repo, a->ignore, full.data);
	if (err || !ignore_match(a->ignore, full.data, !part->scan.single))
		return err;
	err = dv_fail(DV_E_INVALID, "%s is ignored by a .dvignore file",
		      full.data);
	return dv_hint(err, "take the rule out of .dvignore to record it");
}

/*
 * Where a symbolic link has taken the place of what is tracked, its data are
 * elsewhere: as a link alone they would be lost.
 */
static int refuse_link(const struct job *j, const struct add_part *part)
{
	const struct scan *scan = &part->scan;
	const char *path = j->plan->path;
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int top, err;

	if (*part->inside || !scan->single ||
	    scan->dirs[0].entries[0].type != ENTRY_SYMLINK)
		return 0;
	err = repo_worktree_fd(j->a->repo, &top);
	if (err)
		return err;
	buf_add(&parent, path, path_parent_len(path));
	DV_AUTO_CLOSE int fd = open_below(top, parent.data);
	err = linked_refuse(repo_store_real(j->a->repo), fd, path);
	if (err)
		return err;
	path = repo_word(j->a->repo, path, &word);
	return dv_hint(dv_fail(DV_E_INVALID, "%s is a symbolic link",
			       j->plan->path),
		       "put what it leads to in its place, or: dv rm --keep %s",
		       path);
}

/* It would become part of itself. */
static int refuse_store(const struct job *j)
{
	struct dv_repo *repo = j->a->repo;
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addf(&full, "%s/%s", dv_repo_worktree(repo), j->plan->path);
	if (!path_below(repo_store_real(repo), full.data))
		return 0;
	return dv_hint(dv_fail(DV_E_INVALID, "%s: the store lies in it",
			       j->plan->path), "dv config --local store.path "
		       "<path>, outside of what is recorded");
}

static int scan_part(struct job *j, struct add_part *part)
{
	struct adding *a = j->a;
	int err;

	part->gone = a->drop;
	if (a->drop)
		return 0;
	err = refuse_store(j);
	if (err)
		return err;
	err = scan_run(a->repo, j->plan->path, part->inside, &j->index,
		       a->ignore, a->o->threads, &part->scan);

	if (err == DV_E_NOTFOUND && (*part->inside || a->o->changed_only)) {
		part->gone = true;
		return 0;
	}
	if (!err)
		err = refuse_ignored(j, part);
	if (!err)
		err = refuse_link(j, part);
	return err ? err : list_items(j, part);
}

/* --- shortcuts ------------------------------------------------------------ */

/* True when all that dv put here is as it was, and nothing else is here. */
static bool untouched(const struct job *j)
{
	const struct scan *scan = &j->parts[0].scan;
	struct scan_pass pass = { scan, 0 };
	uint64_t files = 0;

	if (*j->parts[0].inside || j->parts[0].gone || !j->index.dirs ||
	    scan->count != j->index.dirs)
		return false;
	for (uint32_t i = 0; i < scan->count; i++) {
		const struct scan_dir *d = &scan->dirs[i];

		if (d->index_dir < 0)
			return false;
		for (uint32_t k = 0; k < d->count; k++) {
			files += d->entries[k].type != ENTRY_DIR;
			scan_passed(&pass, 1);
		}
	}
	return files == j->index.files && j->parts[0].known == files;
}

bool add_pointer_moved(const struct job *j)
{
	return j->index.dirs && !j->plan->is_new &&
		!dv_id_equal(&j->index.pointer, &j->plan->old.id);
}

/* It was not git but an add that was killed before it wrote the index. */
static bool is_announced(const struct job *j)
{
	return add_pointer_moved(j) &&
		stat_index_was_announced(j->a->repo, j->plan->path,
					 &j->plan->old.id);
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

	path = repo_word(j->a->repo, path, &typed);
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
	struct dv_id taken;
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
	if (!j->out->same && pointer_has_source(p)) {
		pointer_taken_id(&plan->old, &taken);
		pointer_set_taken(p, &taken);
	}
	return err;
}

/* All of a path is recorded though its pointer is not what was put here. */
static bool is_superseding(const struct job *j)
{
	return add_pointer_moved(j) && !*j->parts[0].inside;
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
		.repo = j->a->repo, .r = &j->a->r, .path = j->plan->path,
		.index = &j->index,
		.keep = !j->index.complete || add_pointer_moved(j),
		.lenient = j->a->o->changed_only,
		.drop = j->a->drop,
		.reader = j->a->reader,
	};
	int err = tree_record(&s, has_old ? &old : NULL, j->parts, j->count,
			      &root);

	j->out->result.absent = s.absent;
	return err ? repo_hint_fetch(j->a->repo, err, j->plan->path) :
		set_pointer(j, &root);
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

int add_do_plan(struct adding *a, const struct add_plan *plan,
		struct outcome *out)
{
	DV_AUTO_JOB struct job j = {
		.a = a, .plan = plan, .out = out, .index = STAT_INDEX_INIT,
		.base = xstrdup(plan->path),
	};
	uint64_t read_before = atomic_load(&a->r.read_bytes);
	uint64_t new_before = atomic_load(&a->r.new_bytes);
	bool may_supersede = a->o->force;
	int err = stat_index_open(a->repo, plan->path, &j.index);

	if (!err) {
		j.vouched = is_vouched(&j);
		may_supersede |= is_announced(&j);
		err = scan_parts(&j);
	}
	if (err)
		return err;
	meter_total(&a->meter, a->total_bytes, a->total_items);
	a->r.expected = a->total_bytes;
	out->skip = a->o->changed_only && !*j.parts[0].inside &&
		j.parts[0].gone;
	if (a->o->changed_only && add_pointer_moved(&j) && !may_supersede) {
		/* a checkout that is still to come is no change */
		out->skip |= untouched(&j);
		err = out->skip ? 0 : refuse_moved(&j);
	}
	if (err || out->skip)
		return err;
	if (!plan->is_new && !add_pointer_moved(&j) && !j.to_read &&
	    untouched(&j)) {
		take_old(&j);
		return 0;
	}
	err = read_parts(&j);
	if (!err)
		err = make_pointer(&j);
	if (!err && is_superseding(&j) && !out->same && !may_supersede)
		err = refuse_moved(&j);
	if (!err && !a->o->dry_run)
		add_make_index(&j);
	out->announced = j.index.dirs && !dv_id_equal(&j.index.pointer,
						      &out->pointer.id);
	out->result.read_bytes = atomic_load(&a->r.read_bytes) - read_before;
	out->result.new_bytes = atomic_load(&a->r.new_bytes) - new_before;
	return err;
}
