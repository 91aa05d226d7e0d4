/*
 * What is recorded, what is there, and what was put there, side by side.
 */

#include <string.h>

#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/path_list.h"
#include "base/trace.h"
#include "git/filter.h"
#include "work/checkout.h"
#include "work/resolve.h"
#include "work/temp_name.h"

static int add_dir(struct plan *p, const char *path, uint32_t parent,
		   uint32_t *out)
{
	if (p->dir_count >= UINT32_MAX)
		return dv_fail(DV_E_UNSUPPORTED, "%s: too many folders",
			       p->path);
	*out = (uint32_t)p->dir_count;
	*plan_add_dir(p) = (struct plan_dir){
		.path = arena_copy(&p->arena, path, strlen(path)),
		.scan_dir = -1, .index_dir = -1, .parent = parent,
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

	e = plan_add(p);
	*e = *entry;
	e->dir = dir;
	plan_dir_at(p, dir)->count += dir >= p->around_count;
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
	d = plan_dir_at(p, n);
	d->want = want_dir ? e->want : NULL;
	d->wanted = wanted;
	d->left_out = e->left;
	d->scan_dir = have_dir ? (int64_t)e->have->dir : -1;
	d->here = have_dir;
	d->index_dir = index_dir;
	d->in_way = plan_dir_at(p, dir)->in_way || (e->want && !want_dir);
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
	if (e->want || plan_dir_at(p, dir)->in_way)
		return false;
	if (e->have && temp_name_is(e->name))
		return false;
	return e->row < 0 || !e->have;
}

/* A directory being walked. */
struct dir_walk {
	struct plan *p;
	uint32_t n;
	struct merge m;
	struct resolve_sums sums;	/* of what is recorded */
	size_t want, want_dirs;		/* entries of it */
};

static int take_next(struct dir_walk *w, struct plan_entry *e)
{
	if (of_no_concern(w->p, w->n, e))
		return 0;
	return add_entry(w->p, w->n, e, row_dir(w->p, e->row));
}

/* A tree_each() function: all up to the last of these names. */
static int take_wanted(void *data, const struct tree_entry *entries,
		       size_t count)
{
	struct dir_walk *w = data;
	struct arena *arena = &w->p->arena;
	struct tree_entry *want = arena_alloc(arena, count * sizeof(*want));
	struct plan_entry e;
	int err = 0;

	for (size_t i = 0; i < count; i++) {
		tree_entry_copy(arena, &entries[i], &want[i]);
		w->want_dirs += want[i].type == ENTRY_DIR;
	}
	resolve_add(&w->sums, want, count);
	w->want += count;
	w->m.want = want;
	w->m.want_count = count;
	while (!err && w->m.want_count && merge_next(w->p, &w->m, &e))
		err = take_next(w, &e);
	return err ? err : cancel_check();
}

/* What is recorded of a directory, and what else has names among these. */
static int walk_wanted(struct dir_walk *w, const struct tree_entry *dir)
{
	struct plan *p = w->p;
	const struct dv_id *id = &dir->content.id;
	int err = tree_each(p->reader, id, take_wanted, w);

	if (!err && dir == p->targets[0].root && plan_is_whole(p))
		err = resolve_check_root(p->path, p->pointer, &w->sums);
	return err ? err : unfold_node(&p->unfold, p->path, id, w->want,
				       w->want_dirs);
}

/* Nodes are missing or damaged: nothing is to be done there. */
static void close_dir(struct plan *p, uint32_t n, uint32_t dir_count, int err)
{
	struct plan_dir *d = plan_dir_at(p, n);

	p->dir_count = dir_count;
	p->entry_count = d->first;
	d->count = 0;
	d->unread = err == DV_E_NOTFOUND;
	d->damaged = err == DV_E_CORRUPT;
	d->closed = true;
}

static int walk_dir(struct plan *p, uint32_t n)
{
	struct plan_dir *d = plan_dir_at(p, n);
	struct dir_walk w = { .p = p, .n = n };
	uint32_t dir_count = (uint32_t)p->dir_count;
	struct plan_entry e;
	struct stat_dir rows;
	int err = 0;

	d->first = p->entry_count;
	if (d->scan_dir >= 0) {
		w.m.have = p->scan.dirs[d->scan_dir].entries;
		w.m.have_count = p->scan.dirs[d->scan_dir].count;
	}
	if (d->index_dir >= 0) {
		stat_index_dir(&p->index, (uint32_t)d->index_dir, &rows);
		w.m.row = rows.first;
		w.m.row_end = rows.first + rows.count;
	}
	if (d->want)
		err = walk_wanted(&w, d->want);
	if (err == DV_E_NOTFOUND || err == DV_E_CORRUPT) {
		close_dir(p, n, dir_count, err);
		return 0;
	}
	while (!err && merge_next(p, &w.m, &e))
		err = take_next(&w, &e);
	return err;
}

/* --- targets -------------------------------------------------------------- */

/* The entry of a pointer to a single file. */
static int file_root(struct plan *p, struct tree_entry *root)
{
	const struct dv_pointer *pointer = p->pointer;
	const uint8_t *bytes;
	uint32_t len;
	int err = store_read(p->reader, OBJECT_META, &pointer->id, &bytes,
			     &len);

	if (!err)
		err = file_node_decode(bytes, len, &root->content,
				       &root->executable);
	if (!err)
		err = resolve_check_file(p->path, pointer, &root->content);
	if (!err)
		root->type = ENTRY_FILE;
	return err;
}

/* Follows `inside` from the root; each directory on the way is read. */
static int inside_root(struct plan *p, const char *inside,
		       struct tree_entry *root)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct tree_entry at = *root;
	const char *rest = inside;

	while (*rest) {
		size_t len = strcspn(rest, "/");
		int found;

		if (at.type != ENTRY_DIR)
			break;
		buf_clear(&name);
		buf_add(&name, rest, len);
		found = tree_find(p->reader, &at.content.id, name.data,
				  &p->arena, &at);
		if (found < 0)
			return found;
		if (!found)
			break;
		rest += len + (rest[len] == '/');
	}
	*root = at;
	if (*rest)
		root->type = 0;
	return 0;
}

static int find_root(struct plan *p, struct plan_target *t)
{
	const struct dv_pointer *pointer = p->pointer;
	struct tree_entry *root = arena_alloc(&p->arena, sizeof(*root));
	int err = 0;

	memset(root, 0, sizeof(*root));
	if (pointer->kind == DV_KIND_FILE) {
		err = file_root(p, root);
	} else {
		root->type = ENTRY_DIR;
		root->content.id = pointer->id;
		root->content.size = pointer->size;
		root->files = pointer->files;
	}
	if (!err && *t->inside)
		err = inside_root(p, t->inside, root);
	t->root = root;
	return err;
}

/* What is there of it, and what the stat index has. */
static void find_there(struct plan *p, struct plan_target *t,
		       const struct scan_part *found)
{
	const char *name = path_name(*t->inside ? t->inside : p->path);

	t->root->name_len = strlen(name);
	t->root->name = arena_copy(&p->arena, name, t->root->name_len);
	if (found->there && found->single) {
		t->have = &p->scan.dirs[found->root].entries[0];
	} else if (found->there) {
		t->have = arena_alloc(&p->arena, sizeof(*t->have));
		*t->have = (struct scan_entry){
			.name = t->root->name, .type = ENTRY_DIR, .row = -1,
			.dir = found->root,
		};
	}
	if (*t->inside)
		t->row = stat_index_find_path(&p->index, t->inside);
	else
		t->row = t->have ? t->have->row : -1;
}

/* What was put there and is not recorded any more is to go. */
static bool is_of_concern(const struct plan *p, const struct plan_target *t)
{
	return t->root->type || !*t->inside ||
		(stat_index_find_path(&p->index, t->inside) >= 0 &&
		 !plan_is_in_gone(p, t->inside));
}

static int find_target(struct plan *p, struct plan_target *t, size_t *failed)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = find_root(p, t);

	if (err == DV_E_NOTFOUND || err == DV_E_CORRUPT) {
		t->err = err;
		return 0;
	}
	if (err || is_of_concern(p, t))
		return err;
	t->err = DV_E_INVALID;
	if (*failed <= t->asked)
		return 0;
	*failed = t->asked;
	plan_target_path(p, t, &path);
	error_save(dv_fail(DV_E_INVALID, "%s is not recorded", path.data),
		   &p->failed);
	return 0;
}

int plan_find(struct plan *p)
{
	size_t failed = SIZE_MAX;	/* `asked` of the first that is wrong */
	int err = 0;

	for (size_t i = 0; i < p->target_count && !err; i++) {
		err = cancel_check();
		if (!err)
			err = find_target(p, &p->targets[i], &failed);
	}
	for (size_t i = 0; i < p->target_count && !err; i++)
		if (p->targets[i].asked > failed)
			p->targets[i].err = DV_E_INVALID;
	return err;
}

/* The folders that targets are in, each once. */
static int add_around(struct plan *p)
{
	DV_AUTO_PATH_LIST struct path_list list = PATH_LIST_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	uint32_t n = 0;
	int err = 0;

	for (size_t i = 0; i < p->target_count; i++) {
		plan_target_path(p, &p->targets[i], &path);
		if (!p->targets[i].err)
			path_list_add(&list, path.data,
				      path_parent_len(path.data));
	}
	path_list_sort(&list);
	for (size_t i = 0; i < list.count && !err; i++) {
		err = add_dir(p, list.items[i], 0, &n);
		if (!err)
			plan_dir_at(p, n)->here = true;
	}
	p->around_count = (uint32_t)p->dir_count;
	for (size_t i = 0; i < p->target_count; i++) {
		struct plan_target *t = &p->targets[i];

		plan_target_path(p, t, &path);
		buf_setlen(&path, path_parent_len(path.data));
		t->around = (uint32_t)path_list_lower(&list, path.data);
	}
	return err;
}

static int walk_target(struct plan *p, struct plan_target *t)
{
	const struct plan_entry e = {
		.name = t->root->name, .want = t->root->type ? t->root : NULL,
		.have = t->have, .row = t->row,
	};
	size_t first_dir = p->dir_count;
	int64_t index_dir = row_dir(p, t->row);
	int err;

	if (!*t->inside)
		index_dir = p->index.dirs ? 0 : -1;
	err = add_entry(p, t->around, &e, index_dir);
	for (size_t n = first_dir; n < p->dir_count && !err; n++) {
		err = cancel_check();
		if (!err)
			err = walk_dir(p, (uint32_t)n);
	}
	return err;
}

int plan_walk(struct plan *p)
{
	TRACE_REGION("checkout: compare");
	int err = plan_is_whole(p) ? plan_find(p) : 0;

	for (size_t i = 0; i < p->target_count && !err; i++)
		if (!p->targets[i].err)
			find_there(p, &p->targets[i], &p->found[i]);
	if (!err)
		err = add_around(p);
	for (size_t i = 0; i < p->target_count && !err; i++) {
		struct plan_target *t = &p->targets[i];

		t->first = p->entry_count;
		if (!t->err)
			err = walk_target(p, t);
		t->end = p->entry_count;
		t->end_dir = p->dir_count;
	}
	return err;
}
