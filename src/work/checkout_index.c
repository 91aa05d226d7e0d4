/* The stat index after a checkout. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "work/checkout.h"
#include "work/index_patch.h"

struct index_job {
	const struct plan *p;
	bool failed;
	bool other;		/* what was before is of another version */
	bool any;		/* out: something of the targets is there */
	bool complete;		/* out */
	bool mixed;		/* out: rows of another version are in it */
};

/* A target, as data of an index_part. */
struct noted {
	struct index_job *job;
	const struct plan_target *target;
};

static void put_copy(struct stat_writer *w, uint32_t dir,
		     const struct plan *p, int64_t n)
{
	struct stat_row row;

	stat_index_row(&p->index, (uint32_t)n, &row);
	if (row.type != ENTRY_DIR)
		stat_writer_copy(w, dir, &row);
}

/* Of something recorded that could not be put here: what was before. */
static void put_old(struct stat_writer *w, uint32_t dir,
		    struct index_job *j, int64_t n)
{
	put_copy(w, dir, j->p, n);
	j->mixed |= j->other;
	j->complete = false;
}

/* The content of a row: a symlink is known by the hash of its target. */
static struct content row_content(const struct tree_entry *want)
{
	struct content c = want->content;

	if (want->type != ENTRY_SYMLINK)
		return c;
	memset(&c, 0, sizeof(c));
	sha256(want->target, strlen(want->target), &c.id);
	return c;
}

/* What we wrote ourselves. */
static void put_written(struct stat_writer *w, uint32_t dir,
			const struct plan_entry *e)
{
	struct scan_entry now = {
		.type = e->want->type, .executable = e->want->executable,
		.mtime_ns = e->mtime_ns, .ctime_ns = e->ctime_ns,
		.inode = e->inode, .size = e->want->content.size,
	};
	const struct content c = row_content(e->want);
	int64_t read_ns = clock_real_ns();
	struct stat st;

	if (e->want->type == ENTRY_SYMLINK)
		now.size = strlen(e->want->target);
	scan_entry_stat(&now, &st);
	/* our own mtime shows any later write; see file_set_mtime() */
	if (e->want->type == ENTRY_FILE && e->action == ACT_WRITE &&
	    e->mtime_ns % 1000)
		read_ns = INT64_MAX;
	stat_writer_row(w, dir, e->name, e->want->type, &st, &c, read_ns);
}

static void put_same(struct stat_writer *w, uint32_t dir,
		     const struct plan_entry *e)
{
	struct stat st;

	scan_entry_stat(e->have, &st);
	stat_writer_row(w, dir, e->name, e->want->type, &st, &e->have->content,
			e->item->read_ns);
}

/* An entry that is recorded and not a directory. */
static void put_wanted(struct stat_writer *w, uint32_t dir,
		       struct index_job *j, const struct plan_entry *e)
{
	const struct content c = row_content(e->want);

	if (e->action == ACT_SAME && e->item)
		put_same(w, dir, e);
	else if (e->action == ACT_SAME)
		put_copy(w, dir, j->p, e->have->row);
	else if (e->done && (e->action == ACT_WRITE || e->action == ACT_MODE))
		put_written(w, dir, e);
	else if (e->row >= 0 && (e->have || j->failed) && !e->cleared &&
		 e->action != ACT_KEEP)
		put_old(w, dir, j, e->row);
	else if ((e->action == ACT_KEEP || e->left) && e->have &&
		 e->have->type != ENTRY_DIR)
		/* something is there; whatever it is, it is to be read */
		stat_writer_row(w, dir, e->name, e->want->type, NULL, &c, 0);
	else
		j->complete = false;
}

static bool closed_by_nodes(const struct plan_dir *d)
{
	return d->unread || d->damaged;
}

/* Whether directory n is in the index, given that the one above is. */
static bool is_noted(const struct index_job *j, const struct plan_dir *d)
{
	if (!d->here || (d->closed && !closed_by_nodes(d)))
		return false;
	return d->want || ((j->failed || d->left_out) && d->index_dir >= 0);
}

static void put_entry(struct stat_writer *w, uint32_t dir,
		      struct index_job *j, const struct plan_entry *e)
{
	const struct plan_dir *sub = e->sub ? plan_dir_at(j->p, e->sub) : NULL;

	if (sub && is_noted(j, sub)) {
		stat_writer_row(w, dir, e->name, ENTRY_DIR, NULL, NULL, 0);
		return;
	}
	if (e->want && e->want->type == ENTRY_DIR)
		j->complete = false;
	else if (e->want)
		put_wanted(w, dir, j, e);
	else if (e->left && e->row >= 0 && e->have)
		put_old(w, dir, j, e->row);
	else if (j->failed && e->row >= 0 && e->have && !e->done)
		put_copy(w, dir, j->p, e->row);
}

/* All that was found in the directory is recorded there, and so has a row. */
static bool all_wanted(const struct plan *p, const struct plan_dir *d)
{
	uint32_t wanted = 0;

	for (size_t i = d->first; i < d->first + d->count; i++) {
		const struct plan_entry *e = plan_pass(p, i);

		wanted += e->have && e->want;
	}
	return wanted == p->scan.dirs[d->scan_dir].count;
}

static uint32_t put_dir(struct stat_writer *w, const struct plan *p,
			const struct plan_dir *d)
{
	const char *path = path_below(d->path, p->path);
	const struct scan_dir *s;
	struct stat st;

	/* with its times it is not listed: what has no row would go unseen */
	if (d->scan_dir < 0 || !all_wanted(p, d))
		return stat_writer_dir(w, path, NULL, 0);
	/* where we wrote into it, its times differ from these by now */
	s = &p->scan.dirs[d->scan_dir];
	scan_dir_stat(s, &st);
	return stat_writer_dir(w, path, &st, s->read_ns);
}

/* An old directory to be taken over as it is. */
struct old_dir {
	uint32_t from, to;
};

/*
 * All rows below a directory whose nodes are missing: what is there is still
 * that of the version before.
 */
static void put_old_rows(struct stat_writer *w, const struct plan *p,
			 uint32_t from, uint32_t to)
{
	struct old_dir *queue = NULL;
	size_t count = 0, room = 0;

	ARRAY_GROW(queue, 1, room);
	queue[count++] = (struct old_dir){ from, to };
	for (size_t k = 0; k < count; k++) {
		struct stat_dir d, below;

		to = queue[k].to;
		stat_index_dir(&p->index, queue[k].from, &d);
		for (uint32_t i = 0; i < d.count; i++) {
			struct stat_row row;

			stat_index_row(&p->index, d.first + i, &row);
			stat_writer_copy(w, to, &row);
			if (row.type != ENTRY_DIR)
				continue;
			stat_index_dir(&p->index, row.dir, &below);
			ARRAY_GROW(queue, count + 1, room);
			queue[count++] = (struct old_dir){
				row.dir,
				stat_writer_dir(w, below.path, NULL, 0),
			};
		}
	}
	free(queue);
}

/* An index_part.write(). */
static void write_target(struct stat_writer *w, uint32_t dir,
			 const struct index_part *part)
{
	const struct noted *noted = part->data;
	const struct plan_target *t = noted->target;
	struct index_job *j = noted->job;
	const struct plan *p = j->p;
	const struct plan_entry *e = plan_at(p, t->first);

	if (!e->sub || !is_noted(j, plan_dir_at(p, e->sub))) {
		put_wanted(w, dir, j, e);
		return;
	}
	for (size_t n = e->sub; n < t->end_dir; n++) {
		const struct plan_dir *d = plan_dir_at(p, n);

		if (!is_noted(j, d))
			continue;
		dir = put_dir(w, p, d);
		if (closed_by_nodes(d))
			j->complete = false;
		if (closed_by_nodes(d) && d->index_dir >= 0) {
			put_old_rows(w, p, (uint32_t)d->index_dir, dir);
			j->mixed = true;
		}
		for (size_t i = d->first; i < d->first + d->count; i++)
			put_entry(w, dir, j, plan_pass(p, i));
	}
}

/* What the index will have at the target: see write_target(). */
static uint8_t target_type(const struct index_job *j,
			   const struct plan_target *t)
{
	const struct plan *p = j->p;
	const struct plan_entry *e = plan_at(p, t->first);

	if (e->sub && is_noted(j, plan_dir_at(p, e->sub)))
		return ENTRY_DIR;
	if (!e->want || e->want->type == ENTRY_DIR)
		return 0;
	if (e->action == ACT_SAME || e->done)
		return e->want->type;
	if (e->action != ACT_KEEP && e->row >= 0 && e->have && !e->cleared)
		return ENTRY_FILE;
	return e->action == ACT_KEEP && e->have &&
		e->have->type != ENTRY_DIR ? e->want->type : 0;
}

/* Such as when there is no room: all is as it was, and so is the index. */
static bool nothing_done(const struct plan *p, const struct plan_target *t)
{
	for (size_t i = t->first; i < t->end; i++) {
		const struct plan_entry *e = plan_pass(p, i);

		if (e->done || e->cleared)
			return false;
	}
	return true;
}

/* Those that the index is to be patched with; returns how many. */
static size_t list_parts(struct index_job *j, struct noted *noted,
			 struct index_part *parts)
{
	const struct plan *p = j->p;
	size_t count = 0;

	for (size_t i = 0; i < p->target_count; i++) {
		const struct plan_target *t = &p->targets[i];

		if (t->err || (j->failed && nothing_done(p, t)))
			continue;
		noted[count] = (struct noted){ j, t };
		parts[count] = (struct index_part){
			.path = t->inside, .type = target_type(j, t),
			.write = write_target, .data = &noted[count],
		};
		j->any |= parts[count].type != 0;
		j->complete &= parts[count].type != 0;
		count++;
	}
	return count;
}

static void write_parts(struct index_job *j, const struct index_part *parts,
			size_t count, struct stat_writer *w)
{
	if (*parts->path || parts->type == ENTRY_DIR) {
		index_patch(&j->p->index, parts, count, w);
	} else {
		uint32_t dir = stat_writer_dir(w, "", NULL, 0);

		if (parts->type)
			parts->write(w, dir, parts);
	}
}

int plan_write_index(struct plan *p, bool failed)
{
	struct index_job j = { .p = p, .failed = failed, .complete = true };
	DV_AUTO_FREE struct noted *noted = xcalloc(p->target_count + 1,
						   sizeof(*noted));
	DV_AUTO_FREE struct index_part *parts = xcalloc(p->target_count + 1,
							sizeof(*parts));
	size_t count = list_parts(&j, noted, parts);
	struct dv_id id = p->pointer->id;
	bool whole = plan_is_whole(p);
	struct stat_writer *w;

	/* nothing was put here, and nothing was before: absent, not deleted */
	if (!count || (!j.any && !p->index.dirs))
		return 0;
	j.other = !p->index.dirs ||
		!dv_id_equal(&p->index.pointer, &p->pointer->id);
	j.mixed = !whole && p->index.dirs && j.other;
	w = stat_writer_new(p->repo);
	write_parts(&j, parts, count, w);
	j.mixed |= failed && j.other;
	if (j.mixed)
		memset(&id, 0, sizeof(id));
	return stat_writer_finish(w, p->repo, p->path, &id, !j.mixed &&
				  j.complete && (whole || p->index.complete),
				  NULL);
}
