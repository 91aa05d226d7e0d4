/* dv_merge(): three pointers become one. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/merge.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "store/unfold.h"
#include "work/record.h"
#include "work/resolve.h"

#define NAME_MOST	255	/* bytes, of a name on common file systems */

enum side {
	BASE,
	OURS,
	THEIRS,
	SIDES,
};

struct merge {
	struct recorder r;		/* new nodes go there */
	struct store_reader *reader;	/* owned */
	struct buf path;		/* of the directory at hand */
	struct unfold unfold;
	dv_merge_cb *fn;
	void *data;
};

/* One directory being merged. */
struct level {
	struct arena arena;
	struct tree_entry *entries[SIDES];
	size_t count[SIDES], next[SIDES];
	struct tree_entry *merged;	/* owned */
	size_t merged_count, merged_room;
};

#define DV_AUTO_LEVEL	__attribute__((cleanup(level_release)))

static void level_release(struct level *l)
{
	arena_release(&l->arena);
	free(l->merged);
}

/* --- entries ----------------------------------------------------------- */

static bool same_content(const struct tree_entry *a,
			 const struct tree_entry *b)
{
	return a->type == b->type && a->content.size == b->content.size &&
		a->content.list == b->content.list &&
		dv_id_equal(&a->content.id, &b->content.id) &&
		(a->type != ENTRY_SYMLINK || !strcmp(a->target, b->target));
}

static bool same_entry(const struct tree_entry *a, const struct tree_entry *b)
{
	if (!a || !b)
		return a == b;
	return same_content(a, b) && a->executable == b->executable;
}

static bool is(const struct tree_entry *e, enum entry_type type)
{
	return e && e->type == type;
}

static int tell(struct merge *m, enum dv_merge_conflict what,
		const char *name, const char *theirs)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf other = BUF_INIT;

	buf_addstr(&path, m->path.data);
	buf_addstr(&other, m->path.data);
	path_append(&path, name);
	if (theirs)
		path_append(&other, theirs);
	return m->fn(what, path.data, theirs ? other.data : NULL, m->data);
}

static void take(struct level *l, const struct tree_entry *e)
{
	ARRAY_GROW(l->merged, l->merged_count + 1, l->merged_room);
	l->merged[l->merged_count++] = *e;
}

static int by_name(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Only names that were cut can be the same as another new one. */
static bool is_taken(const struct level *l, const char *name, bool cut)
{
	const struct tree_entry key = { .name = name };

	for (int i = 0; i < SIDES; i++)
		if (l->count[i] && bsearch(&key, l->entries[i], l->count[i],
					   sizeof(key), by_name))
			return true;
	for (size_t i = 0; cut && i < l->merged_count; i++)
		if (!strcmp(l->merged[i].name, name))
			return true;
	return false;
}

/* "<name>.theirs", or with a number, cut where a name cannot be so long. */
static const char *name_for_theirs(struct level *l, const char *name)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	char end[32] = ".theirs";

	for (unsigned n = 2;; n++) {
		size_t most = NAME_MOST - strlen(end), len = strlen(name);

		buf_clear(&out);
		buf_add(&out, name, len < most ? len : most);
		buf_addstr(&out, end);
		if (!is_taken(l, out.data, len > most))
			return arena_copy(&l->arena, out.data, out.len);
		snprintf(end, sizeof(end), ".theirs%u", n);
	}
}

/* Both stay: nothing that somebody recorded is dropped by a machine. */
static int keep_both(struct merge *m, struct level *l,
		     const struct tree_entry *const e[SIDES])
{
	struct tree_entry theirs;

	if (!e[OURS] || !e[THEIRS]) {
		const struct tree_entry *kept = e[e[OURS] ? OURS : THEIRS];

		take(l, kept);
		return tell(m, e[OURS] ? DV_MERGE_DELETED_THERE :
			    DV_MERGE_DELETED_HERE, kept->name, NULL);
	}
	theirs = *e[THEIRS];
	theirs.name = name_for_theirs(l, theirs.name);
	theirs.name_len = strlen(theirs.name);
	take(l, e[OURS]);
	take(l, &theirs);
	return tell(m, DV_MERGE_BOTH_CHANGED, e[OURS]->name, theirs.name);
}

/* Content and executable bit may have been changed by one side each. */
static int merge_files(struct merge *m, struct level *l,
		       const struct tree_entry *const e[SIDES])
{
	const struct tree_entry *base = is(e[BASE], ENTRY_FILE) ? e[BASE] :
		NULL;
	struct tree_entry out = *e[OURS];

	if (!same_content(e[OURS], e[THEIRS])) {
		if (base && same_content(base, e[OURS]))
			out = *e[THEIRS];
		else if (!base || !same_content(base, e[THEIRS]))
			return keep_both(m, l, e);
	}
	/* of two that differ, the one that is not as it was */
	if (e[OURS]->executable == e[THEIRS]->executable)
		out.executable = e[OURS]->executable;
	else
		out.executable = !base || !base->executable;
	take(l, &out);
	return 0;
}

/* --- directories ------------------------------------------------------- */

static int merge_dir(struct merge *m,
		     const struct tree_entry *const dirs[SIDES], int depth,
		     struct tree_entry *out);

/* A directory, or one that was removed: a directory without entries. */
static bool as_dir(const struct tree_entry *const e[SIDES], enum side side)
{
	return e[side] ? e[side]->type == ENTRY_DIR :
		is(e[BASE], ENTRY_DIR);
}

static int merge_below(struct merge *m, struct level *l,
		       const struct tree_entry *const e[SIDES], int depth)
{
	const struct tree_entry *dirs[SIDES] = {
		is(e[BASE], ENTRY_DIR) ? e[BASE] : NULL, e[OURS], e[THEIRS],
	};
	const struct tree_entry *named = e[e[OURS] ? OURS : THEIRS];
	size_t before = m->path.len;
	struct tree_entry out;
	int err;

	path_append(&m->path, named->name);
	err = merge_dir(m, dirs, depth + 1, &out);
	buf_setlen(&m->path, before);
	if (err)
		return err;
	/* removed by one side, and nothing of the other's is left in it */
	if (!out.files && (!e[OURS] || !e[THEIRS]))
		return 0;
	out.name = named->name;
	out.name_len = named->name_len;
	take(l, &out);
	return 0;
}

static int merge_entry(struct merge *m, struct level *l,
		       const struct tree_entry *const e[SIDES], int depth)
{
	const struct tree_entry *one = NULL;

	if (same_entry(e[OURS], e[THEIRS]) || same_entry(e[BASE], e[THEIRS]))
		one = e[OURS];
	else if (same_entry(e[BASE], e[OURS]))
		one = e[THEIRS];
	else if (as_dir(e, OURS) && as_dir(e, THEIRS))
		return merge_below(m, l, e, depth);
	else if (is(e[OURS], ENTRY_FILE) && is(e[THEIRS], ENTRY_FILE))
		return merge_files(m, l, e);
	else
		return keep_both(m, l, e);
	if (one)
		take(l, one);
	return 0;
}

static int read_sides(struct merge *m, struct level *l,
		      const struct tree_entry *const dirs[SIDES])
{
	int err = 0;

	for (int i = 0; i < SIDES && !err; i++) {
		if (!dirs[i])
			continue;
		err = tree_read(m->reader, &dirs[i]->content.id, &l->arena,
				&l->entries[i], &l->count[i]);
		if (!err)
			err = unfold_dir(&m->unfold, m->path.data,
					 &dirs[i]->content.id, l->entries[i],
					 l->count[i]);
	}
	return err == DV_E_NOTFOUND ? resolve_lacks(m->path.data) : err;
}

/* The next name in order, and who has it.  NULL at the end. */
static const char *next_name(struct level *l,
			     const struct tree_entry *e[SIDES])
{
	const char *name = NULL;

	for (int i = 0; i < SIDES; i++) {
		e[i] = l->next[i] < l->count[i] ?
			&l->entries[i][l->next[i]] : NULL;
		if (e[i] && (!name || strcmp(e[i]->name, name) < 0))
			name = e[i]->name;
	}
	for (int i = 0; i < SIDES; i++) {
		if (e[i] && strcmp(e[i]->name, name))
			e[i] = NULL;
		l->next[i] += e[i] != NULL;
	}
	return name;
}

/* dirs: NULL for a side that has it not. */
static int merge_dir(struct merge *m,
		     const struct tree_entry *const dirs[SIDES], int depth,
		     struct tree_entry *out)
{
	DV_AUTO_LEVEL struct level l = { .arena = ARENA_INIT };
	const struct tree_entry *e[SIDES];
	int err = cancel_check();

	if (!err && depth > TREE_DEPTH_MAX)
		err = dv_fail(DV_E_INVALID, "%s: more than %d levels of "
			      "directories", m->path.data, TREE_DEPTH_MAX);
	if (!err)
		err = read_sides(m, &l, dirs);
	while (!err && next_name(&l, e))
		err = merge_entry(m, &l, e, depth);
	if (err)
		return err;
	/* what theirs was renamed to has its own place in the order */
	if (l.merged_count)
		qsort(l.merged, l.merged_count, sizeof(*l.merged), by_name);
	return tree_build(l.merged, l.merged_count, record_node, &m->r, out);
}

/* --- pointers ---------------------------------------------------------- */

static bool same_pointer(const struct dv_pointer *a,
			 const struct dv_pointer *b)
{
	return a && a->kind == b->kind && dv_id_equal(&a->id, &b->id);
}

static int merge_trees(struct dv_repo *repo, struct merge *m,
		       const struct dv_merge_sides *s, struct dv_pointer *out)
{
	const struct dv_pointer *pointers[SIDES] = {
		s->base && s->base->kind == DV_KIND_TREE ? s->base : NULL,
		s->ours, s->theirs,
	};
	const struct tree_entry *dirs[SIDES] = { NULL };
	struct tree_entry roots[SIDES], merged;
	struct meter meter = { 0 };
	uint64_t stored;
	int err = recorder_open(&m->r, repo, RECORD_PUT, 1, &meter);

	for (int i = 0; i < SIDES; i++) {
		if (!pointers[i])
			continue;
		resolve_root(pointers[i], &roots[i]);
		dirs[i] = &roots[i];
	}
	if (!err) {
		m->reader = store_reader_new(m->r.store);
		err = merge_dir(m, dirs, 0, &merged);
		store_reader_free(m->reader);
	}
	if (!err)
		err = recorder_finish(&m->r, &stored);
	recorder_release(&m->r);
	if (err)
		return err;
	out->id = merged.content.id;
	out->size = merged.content.size;
	out->files = merged.files;
	return 0;
}

static int merge_content(struct dv_repo *repo, struct merge *m,
			 const struct dv_merge_sides *s,
			 struct dv_pointer *out)
{
	*out = *s->ours;
	out->rest = NULL;
	if (same_pointer(s->ours, s->theirs) ||
	    same_pointer(s->base, s->theirs))
		return 0;
	if (same_pointer(s->base, s->ours)) {
		*out = *s->theirs;
		out->rest = NULL;
		return 0;
	}
	if (s->ours->kind == DV_KIND_TREE && s->theirs->kind == DV_KIND_TREE)
		return merge_trees(repo, m, s, out);
	return m->fn(DV_MERGE_WHOLE, s->path, NULL, m->data);
}

/* Lines that dv does not know go with the side that changed them. */
static int merge_rest(struct merge *m, const struct dv_merge_sides *s,
		      struct dv_pointer *out)
{
	const char *base = s->base ? s->base->rest : "";
	const char *one = s->ours->rest;

	if (!strcmp(base, s->ours->rest))
		one = s->theirs->rest;
	out->rest = xstrdup(one);
	if (!strcmp(one, s->theirs->rest) || !strcmp(base, s->theirs->rest))
		return 0;
	return m->fn(DV_MERGE_LINES, s->path, NULL, m->data);
}

int dv_merge(struct dv_repo *repo, const struct dv_merge_sides *sides,
	     dv_merge_cb *fn, void *data, struct dv_pointer *out)
{
	TRACE_REGION("merge");
	struct merge m = { .path = BUF_INIT, .fn = fn, .data = data };
	int err;

	buf_addstr(&m.path, sides->path);
	err = merge_content(repo, &m, sides, out);
	if (!err)
		err = merge_rest(&m, sides, out);
	if (err)
		dv_pointer_release(out);
	buf_release(&m.path);
	unfold_release(&m.unfold);
	return err;
}
