/*
 * What is recorded, what is there, and what was put there, side by side.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/filter.h"
#include "work/below.h"
#include "work/checkout.h"
#include "work/index_patch.h"
#include "work/resolve.h"
#include "work/temp_name.h"

/* After so many more the stat index rests. */
#define PLAN_REST_ENTRIES	((size_t)32 << 10)

void plan_release(struct plan *p)
{
	free(p->dirs);
	free(p->entries);
	free(p->items);
	arena_release(&p->arena);
	unfold_release(&p->unfold);
	scan_release(&p->scan);
	stat_index_close(&p->index);
}

void plan_path(const struct plan *p, const struct plan_entry *e,
	       struct buf *out)
{
	buf_clear(out);
	buf_addstr(out, p->dirs[e->dir].path);
	path_append(out, e->name);
}

/* The topmost folder on the way to a part that is not there; false: none. */
static bool folder_gone(const struct plan *p, struct buf *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addstr(&full, p->path);
	for (const char *rest = p->inside;;) {
		DV_AUTO_CLOSE int fd = open_below(p->top, full.data);
		size_t len = strcspn(rest, "/");

		if (fd < 0)
			return errno == ENOENT;
		if (!rest[len])
			return false;
		path_append(&full, "");
		buf_add(&full, rest, len);
		buf_setlen(out, 0);
		buf_add(out, p->inside, (size_t)(rest + len - p->inside));
		rest += len + 1;
	}
}

/*
 * Where only a part is to be put back of a folder that is gone, the rest of
 * it is absent from now on, as it is after the pull of a part into a fresh
 * clone.  With its rows it would count as deleted, and the next add would
 * drop it from the record.
 */
static int forget_gone(struct plan *p)
{
	DV_AUTO_BUF struct buf gone = BUF_INIT;
	struct index_part part = { .type = 0 };
	struct stat_writer *w;
	struct dv_id id = p->index.pointer;
	int err;

	if (!*p->inside || !p->index.dirs || p->o->dry_run ||
	    !folder_gone(p, &gone))
		return 0;
	if (!gone.len) {
		stat_index_close(&p->index);
		err = stat_index_remove(p->repo, p->path);
	} else {
		part.path = gone.data;
		w = stat_writer_new(p->repo);
		index_patch(&p->index, &part, 1, w);
		stat_index_close(&p->index);
		err = stat_writer_finish(w, p->repo, p->path, &id, false,
					 NULL);
	}
	return err ? err : stat_index_open(p->repo, p->path, &p->index);
}

int plan_scan(struct plan *p, struct ignore *ignore)
{
	int err = stat_index_open(p->repo, p->path, &p->index);

	if (!err)
		err = forget_gone(p);
	if (err)
		return err;
	err = scan_run(p->repo, p->path, p->inside, &p->index, ignore,
		       p->o->threads, &p->scan);
	if (err != DV_E_NOTFOUND)
		return err;
	memset(&p->scan, 0, sizeof(p->scan));
	return 0;
}

bool plan_is_done(const struct plan *p)
{
	const struct dv_pointer *pointer = p->pointer;
	uint64_t known = 0;
	uint32_t dirs = 0;

	if (*p->inside || !p->index.dirs || !p->index.complete ||
	    !dv_id_equal(&p->index.pointer, &pointer->id) ||
	    p->index.size != pointer->size ||
	    p->index.files != pointer->files)
		return false;
	for (uint32_t i = 0; i < p->scan.count; i++) {
		const struct scan_dir *d = &p->scan.dirs[i];

		dirs += d->index_dir >= 0;
		for (uint32_t k = 0; k < d->count; k++)
			known += d->entries[k].known;
	}
	return known == p->index.files && dirs == p->index.dirs;
}

/* --- building ------------------------------------------------------------- */

static int add_dir(struct plan *p, const char *path, uint32_t parent,
		   uint32_t *out)
{
	if (p->dir_count >= UINT32_MAX)
		return dv_fail(DV_E_UNSUPPORTED, "%s: too many folders",
			       p->path);
	ARRAY_GROW(p->dirs, p->dir_count + 1, p->dir_room);
	*out = (uint32_t)p->dir_count;
	p->dirs[p->dir_count++] = (struct plan_dir){
		.path = arena_copy(&p->arena, path, strlen(path)),
		.scan_dir = -1, .index_dir = -1, .parent = parent,
		.here = !parent && !*out,
	};
	return 0;
}

/* The number of the directory that row n is, or -1. */
static int64_t row_dir(const struct plan *p, int64_t n)
{
	struct stat_row row;

	if (n < 0)
		return -1;
	stat_index_row(&p->index, (uint32_t)n, &row);
	return row.type == ENTRY_DIR ? (int64_t)row.dir : -1;
}

/* What the filter leaves out; a directory may be wanted for a part of it. */
static bool is_left(const struct plan *p, const struct plan_entry *e,
		    const char *path, bool *wanted)
{
	const struct dv_filter *f = p->o->what.filter;
	enum filter_verdict verdict;

	if (!e->want || e->want->type == ENTRY_DIR) {
		verdict = filter_folder(f, path);
	} else {
		verdict = filter_file(f, path, e->want->content.size) ?
			FILTER_PASS_ALL : FILTER_PASS_NONE;
	}
	*wanted = verdict >= FILTER_PASS_MOST;
	return verdict == FILTER_PASS_NONE;
}

/*
 * Adds an entry to directory `dir`, and the directory below it when one is
 * recorded, or there and either recorded before or in the way.
 */
static int add_entry(struct plan *p, uint32_t dir,
		     const struct plan_entry *entry, int64_t index_dir)
{
	bool want_dir = entry->want && entry->want->type == ENTRY_DIR;
	bool have_dir = entry->have && entry->have->type == ENTRY_DIR;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct plan_entry *e;
	struct plan_dir *d;
	bool wanted;
	uint32_t n;
	int err;

	ARRAY_GROW(p->entries, p->entry_count + 1, p->entry_room);
	e = &p->entries[p->entry_count++];
	*e = *entry;
	e->dir = dir;
	p->dirs[dir].count++;
	if (!want_dir && !have_dir && !p->o->what.filter)
		return 0;
	plan_path(p, e, &path);
	e->left = is_left(p, e, path.data, &wanted);
	if ((!want_dir || (e->left && !e->have)) && !have_dir)
		return 0;
	err = add_dir(p, path.data, dir, &n);
	if (err)
		return err;
	e->sub = n;
	d = &p->dirs[n];
	d->want = want_dir ? e->want : NULL;
	d->wanted = wanted;
	d->left_out = e->left;
	d->scan_dir = have_dir ? (int64_t)e->have->dir : -1;
	d->here = have_dir;
	d->index_dir = index_dir;
	d->in_way = p->dirs[dir].in_way || (e->want && !want_dir);
	return 0;
}

/* Three sorted lists of names, passed in step. */
struct merge {
	const struct tree_entry *want;
	size_t want_count;
	struct scan_entry *have;
	uint32_t have_count;
	uint32_t row, row_end;
};

static void before(const char **least, const char *name)
{
	if (!*least || strcmp(name, *least) < 0)
		*least = name;
}

/* The next name, and who has it; false at the end. */
static bool merge_next(const struct plan *p, struct merge *m,
		       struct plan_entry *out)
{
	const char *name = NULL;
	struct stat_row row;

	*out = (struct plan_entry){ .row = -1 };
	if (m->want_count)
		before(&name, m->want->name);
	if (m->have_count)
		before(&name, m->have->name);
	if (m->row < m->row_end) {
		stat_index_row(&p->index, m->row, &row);
		before(&name, row.name);
	}
	if (!name)
		return false;
	out->name = name;
	if (m->row < m->row_end && !strcmp(row.name, name))
		out->row = m->row++;
	if (m->want_count && !strcmp(m->want->name, name)) {
		out->want = m->want++;
		m->want_count--;
	}
	if (m->have_count && !strcmp(m->have->name, name)) {
		out->have = m->have++;
		m->have_count--;
	}
	return true;
}

/* Entries that are neither recorded nor were: the user's own. */
static bool of_no_concern(const struct plan *p, uint32_t dir,
			  const struct plan_entry *e)
{
	if (e->want || p->dirs[dir].in_way)
		return false;
	if (e->have && temp_name_is(e->name))
		return false;
	return e->row < 0 || !e->have;
}

static int walk_dir(struct plan *p, uint32_t n)
{
	struct plan_dir *d = &p->dirs[n];
	struct tree_entry *want = NULL;
	struct merge m = { .row = 0 };
	struct plan_entry e;
	struct stat_dir rows;
	int err = 0;

	d->first = p->entry_count;
	if (d->want) {
		err = tree_read(p->reader, &d->want->content.id, &p->arena,
				&want, &m.want_count);
		m.want = want;
	}
	if (!err && d->want == &p->root && !*p->inside)
		err = resolve_check_root(p->path, p->pointer, want,
					 m.want_count);
	if (err == DV_E_NOTFOUND || err == DV_E_CORRUPT) {
		d->unread = err == DV_E_NOTFOUND;
		d->damaged = err == DV_E_CORRUPT;
		d->closed = true;
		return 0;
	}
	if (!err && d->want)
		err = unfold_dir(&p->unfold, p->path, &d->want->content.id,
				 want, m.want_count);
	if (d->scan_dir >= 0) {
		m.have = p->scan.dirs[d->scan_dir].entries;
		m.have_count = p->scan.dirs[d->scan_dir].count;
	}
	if (d->index_dir >= 0) {
		stat_index_dir(&p->index, (uint32_t)d->index_dir, &rows);
		m.row = rows.first;
		m.row_end = rows.first + rows.count;
	}
	while (!err && merge_next(p, &m, &e))
		if (!of_no_concern(p, n, &e))
			err = add_entry(p, n, &e, row_dir(p, e.row));
	return err;
}

/* --- the target ----------------------------------------------------------- */

/* The entry of a pointer to a single file. */
static int file_root(struct plan *p)
{
	const struct dv_pointer *pointer = p->pointer;
	const uint8_t *bytes;
	uint32_t len;
	int err = store_read(p->reader, OBJECT_META, &pointer->id, &bytes,
			     &len);

	if (!err)
		err = file_node_decode(bytes, len, &p->root.content,
				       &p->root.executable);
	if (!err)
		err = resolve_check_file(p->path, pointer, &p->root.content);
	if (!err)
		p->root.type = ENTRY_FILE;
	return err;
}

/* Follows `inside` from the root; each directory on the way is read. */
static int inside_root(struct plan *p)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct tree_entry at = p->root;
	const char *rest = p->inside;

	while (*rest) {
		size_t len = strcspn(rest, "/");
		struct tree_entry next;
		struct tree_entry *all;
		size_t count, k;
		int err;

		if (at.type != ENTRY_DIR)
			break;
		buf_clear(&name);
		buf_add(&name, rest, len);
		err = tree_read(p->reader, &at.content.id, &p->arena, &all,
				&count);
		if (err)
			return err;
		for (k = 0; k < count && strcmp(all[k].name, name.data); k++)
			;
		if (k == count)
			break;
		next = all[k];
		at = next;
		rest += len + (rest[len] == '/');
	}
	p->root = at;
	if (*rest)
		p->root.type = 0;
	return 0;
}

static int find_root(struct plan *p)
{
	const struct dv_pointer *pointer = p->pointer;
	int err = 0;

	memset(&p->root, 0, sizeof(p->root));
	if (pointer->kind == DV_KIND_FILE) {
		err = file_root(p);
	} else {
		p->root.type = ENTRY_DIR;
		p->root.content.id = pointer->id;
		p->root.content.size = pointer->size;
		p->root.files = pointer->files;
	}
	if (!err && *p->inside)
		err = inside_root(p);
	return err;
}

/* What the stat index has of the target. */
static void root_rows(struct plan *p, struct plan_entry *e, int64_t *dir)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	int64_t above;

	*dir = -1;
	if (!*p->inside) {
		*dir = p->index.dirs ? 0 : -1;
		e->row = e->have ? e->have->row : -1;
		return;
	}
	buf_add(&parent, p->inside, path_parent_len(p->inside));
	above = stat_index_find_dir(&p->index, parent.data);
	if (above >= 0)
		e->row = stat_index_find(&p->index, (uint32_t)above,
					 path_name(p->inside));
	*dir = row_dir(p, e->row);
}

static void root_entry(struct plan *p, const char *target,
		       struct plan_entry *e)
{
	const char *name = path_name(target);

	*e = (struct plan_entry){ .want = p->root.type ? &p->root : NULL,
				  .row = -1 };
	e->name = arena_copy(&p->arena, name, strlen(name));
	p->root.name = e->name;
	p->root.name_len = strlen(name);
	if (p->scan.single) {
		e->have = &p->scan.dirs[0].entries[0];
	} else if (p->scan.count) {
		p->root_have = (struct scan_entry){
			.name = e->name, .type = ENTRY_DIR, .row = -1,
		};
		e->have = &p->root_have;
	}
}

int plan_walk(struct plan *p)
{
	TRACE_REGION("checkout: compare");
	DV_AUTO_BUF struct buf target = BUF_INIT;
	struct plan_entry e;
	int64_t index_dir;
	uint32_t n;
	size_t len, rested = 0;
	int err = find_root(p);

	if (err)
		return err;
	buf_addstr(&target, p->path);
	if (*p->inside)
		path_append(&target, p->inside);
	root_entry(p, target.data, &e);
	root_rows(p, &e, &index_dir);
	/* what was put there and is not recorded any more is to go */
	if (!e.want && e.row < 0)
		return dv_fail(DV_E_INVALID, "%s is not recorded",
			       target.data);
	len = path_parent_len(target.data);
	err = add_dir(p, arena_copy(&p->arena, target.data, len), 0, &n);
	if (!err)
		err = add_entry(p, n, &e, index_dir);
	for (uint32_t i = 1; i < p->dir_count && !err; i++) {
		err = cancel_check();
		if (!err)
			err = walk_dir(p, i);
		if (p->entry_count - rested < PLAN_REST_ENTRIES)
			continue;
		stat_index_rest(&p->index);
		rested = p->entry_count;
	}
	return err;
}
