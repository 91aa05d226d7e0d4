/* dv_diff(): which tracked paths are compared, and in what. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/head.h"
#include "git/repo.h"
#include "work/diff.h"
#include "work/parts.h"
#include "work/resolve.h"

/* The tracked paths of one side, sorted. */
struct tracked_side {
	struct dv_tracked *items;	/* owned, with their pointers */
	size_t count, room;
};

/* A path that was asked for. */
struct wish {
	const char *typed;
	const char *path;	/* relative to the work tree */
	bool met[2];		/* before, after */
};

struct wishes {
	struct arena arena;
	struct wish *items;	/* owned; by path_order() */
	size_t count;
};

/* --- both sides ------------------------------------------------------ */

struct taking {
	struct arena *arena;
	struct tracked_side *side;
};

static int take_tracked(const struct dv_tracked *t, void *data)
{
	struct taking *take = data;
	struct tracked_side *s = take->side;
	struct dv_tracked *kept;

	ARRAY_GROW(s->items, s->count + 1, s->room);
	kept = &s->items[s->count++];
	*kept = (struct dv_tracked){
		.path = arena_copy(take->arena, t->path, strlen(t->path)),
		.pointer = t->pointer,
	};
	kept->pointer.rest = NULL;
	return 0;
}

/* A pointer that nobody has asked for need not be one. */
static int pass_broken(const char *path, int err, void *data)
{
	const struct wishes *wishes = data;

	for (size_t i = 0; i < wishes->count; i++) {
		const char *asked = wishes->items[i].path;

		if (path_below(path, asked) || path_below(asked, path) ||
		    is_pointer_of(asked, path))
			return err;
	}
	return wishes->count ? 0 : err;
}

static int by_tracked(const void *a, const void *b)
{
	return strcmp(((const struct dv_tracked *)a)->path,
		      ((const struct dv_tracked *)b)->path);
}

static int read_side(struct diff *d, const char *rev,
		     struct wishes *wishes, struct tracked_side *out)
{
	const struct dv_selection all = {
		.rev = rev, .broken = pass_broken, .broken_data = wishes,
	};
	struct taking take = { &wishes->arena, out };
	int err = dv_tracked_each(d->repo, &all, take_tracked, &take);

	/* what a sparse work tree leaves out was not deleted */
	if (!err && !rev)
		err = tracked_hidden(d->repo, take_tracked, &take);
	if (!err && !rev && out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_tracked);
	return err;
}

/* HEAD may have no commit yet: then nothing is recorded before. */
static int read_before(struct diff *d, struct wishes *wishes,
		       struct tracked_side *out)
{
	DV_AUTO_BUF struct buf commit = BUF_INIT;
	int err;

	if (d->options->before)
		return read_side(d, d->options->before, wishes, out);
	err = head_commit(d->repo, &commit);
	return err || !commit.len ? err : read_side(d, "HEAD", wishes, out);
}

static int read_pair(struct diff *d, struct arena *arena,
		     struct tracked_side sides[2])
{
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		struct taking take = { arena, &sides[i] };

		if (d->options->pair[i])
			err = take_tracked(d->options->pair[i], &take);
	}
	return err;
}

/* --- what was asked for ---------------------------------------------- */

static int by_wish(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	return path_order(x->path, y->path);
}

static int read_wishes(struct diff *d, struct wishes *out)
{
	const struct dv_diff_options *o = d->options;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	out->items = xcalloc(o->count + 1, sizeof(*out->items));
	for (size_t i = 0; i < o->count && !err; i++) {
		err = path_inside(dv_repo_worktree(d->repo),
				  dv_repo_prefix(d->repo), o->paths[i], &path);
		if (err)
			break;
		out->items[out->count++] = (struct wish){
			.typed = o->paths[i],
			.path = arena_copy(&out->arena, path.data, path.len),
		};
	}
	if (!err && out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_wish);
	return err;
}

/* The part of the tracked path that is asked for, "" for all, or NULL. */
static const char *part_of(const struct wish *w, const struct dv_tracked *t)
{
	const char *inside = path_below(w->path, t->path);

	if (path_below(t->path, w->path) || is_pointer_of(w->path, t->path))
		return "";
	return t->pointer.kind == DV_KIND_TREE ? inside : NULL;
}

/* --- one tracked path ------------------------------------------------ */

/* A file whose node the store lacks has its pointer's id and size. */
static int root_entry(struct diff *d, const struct dv_tracked *t,
		      struct tree_entry *out)
{
	int err;

	if (t->pointer.kind == DV_KIND_TREE) {
		resolve_root(&t->pointer, out);
		return 0;
	}
	err = resolve_file(d->reader, t->path, &t->pointer, out);
	if (err != DV_E_INCOMPLETE)
		return err;
	*out = (struct tree_entry){
		.name = "", .type = ENTRY_FILE, .files = 1,
		.content = { t->pointer.id, t->pointer.size, false },
	};
	return 0;
}

/* What a side records at t->path/inside; *there false: nothing. */
static int part_entry(struct diff *d, const struct dv_tracked *t,
		      const char *inside, struct arena *arena,
		      struct tree_entry *out, bool *there)
{
	struct tree_entry root;
	int err;

	*there = false;
	if (!t || (*inside && t->pointer.kind == DV_KIND_FILE))
		return 0;
	err = root_entry(d, t, &root);
	if (!err)
		err = resolve_inside(d->reader, t->path, &root, inside, arena,
				     out);
	*there = !err;
	return err == DV_E_NOTFOUND ? 0 : err;
}

static int compare_part(struct diff *d, const struct dv_tracked *sides[2],
			const char *inside, struct wish *w)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct tree_entry entries[2];
	bool there[2];
	int err = 0;

	d->tracked = sides[0] ? sides[0]->path : sides[1]->path;
	buf_addstr(&path, d->tracked);
	if (*inside)
		path_append(&path, inside);
	for (int i = 0; i < 2 && !err; i++) {
		err = part_entry(d, sides[i], inside, &arena, &entries[i],
				 &there[i]);
		if (w && !err)
			w->met[i] |= there[i] || (sides[i] && !*inside);
	}
	if (err)
		return err;
	if (w && diff_overlay_at(d, path.data))
		w->met[1] = true;
	return diff_entries(d, path.data, there[0] ? &entries[0] : NULL,
			    there[1] ? &entries[1] : NULL);
}

/* Either side, but a directory if one of them is: that has parts. */
static const struct dv_tracked *with_parts(const struct dv_tracked *sides[2])
{
	if (!sides[0] || (sides[1] && sides[1]->pointer.kind == DV_KIND_TREE))
		return sides[1];
	return sides[0];
}

static int compare_tracked(struct diff *d, const struct dv_tracked *sides[2],
			   struct wishes *wishes)
{
	const struct dv_tracked *any = with_parts(sides);
	const char *done = NULL;
	bool whole = !wishes->count;
	int err = 0;

	for (size_t i = 0; i < wishes->count; i++) {
		const char *part = part_of(&wishes->items[i], any);

		if (!part || *part)
			continue;
		whole = true;
		wishes->items[i].met[0] |= sides[0] != NULL;
		wishes->items[i].met[1] |= sides[1] != NULL;
	}
	if (whole)
		err = compare_part(d, sides, "", NULL);
	for (size_t i = 0; i < wishes->count && !err; i++) {
		struct wish *w = &wishes->items[i];
		const char *part = part_of(w, any);

		if (!part || !*part)
			continue;
		/* what is around it was compared already */
		if (whole || (done && path_below(part, done))) {
			w->met[0] = w->met[1] = true;
			continue;
		}
		done = part;
		err = compare_part(d, sides, part, w);
	}
	return err;
}

/* Two lists in step. */
static int compare_all(struct diff *d, const struct tracked_side *a,
		       const struct tracked_side *b, struct wishes *wishes)
{
	size_t i = 0, k = 0;
	int err = 0;

	while ((i < a->count || k < b->count) && !err) {
		const struct dv_tracked *sides[2] = { NULL, NULL };
		int order = i == a->count ? 1 : k == b->count ? -1 :
			strcmp(a->items[i].path, b->items[k].path);

		if (order <= 0)
			sides[0] = &a->items[i++];
		if (order >= 0)
			sides[1] = &b->items[k++];
		if (order || sides[0]->pointer.kind != sides[1]->pointer.kind ||
		    !dv_id_equal(&sides[0]->pointer.id,
				 &sides[1]->pointer.id) ||
		    wishes->count || diff_overlay_below(d, sides[0]->path))
			err = compare_tracked(d, sides, wishes);
		if (!err)
			err = cancel_check();
	}
	return err;
}

/* --- all of it ------------------------------------------------------- */

/* What the work tree has otherwise, of the paths it tracks anything at. */
static int read_overlay(struct diff *d, const struct tracked_side *now,
			const struct wishes *wishes)
{
	DV_AUTO_FREE const char **paths = NULL;
	size_t count = 0;

	if (!wishes->count)
		return diff_overlay_read(d, NULL, 0);
	paths = xcalloc(wishes->count, sizeof(*paths));
	for (size_t i = 0; i < wishes->count; i++)
		for (size_t k = 0; k < now->count; k++)
			if (part_of(&wishes->items[i], &now->items[k])) {
				paths[count++] = wishes->items[i].typed;
				break;
			}
	return count ? diff_overlay_read(d, paths, count) : 0;
}

static int read_commits(struct diff *d, struct wishes *wishes,
			struct tracked_side sides[2])
{
	int err = read_before(d, wishes, &sides[0]);

	if (!err)
		err = read_side(d, d->options->after, wishes, &sides[1]);
	if (!err && !d->options->after)
		err = read_overlay(d, &sides[1], wishes);
	return err;
}

static int check_wishes(const struct wishes *wishes)
{
	for (size_t i = 0; i < wishes->count; i++) {
		const struct wish *w = &wishes->items[i];

		if (!w->met[0] && !w->met[1] && *w->path)
			return dv_fail(DV_E_NOTFOUND, "nothing is tracked at "
				       "%s", w->typed);
	}
	return 0;
}

/* Renames of what was held, told. */
static int finish(struct diff *d, struct diff_changes *held)
{
	struct diff_changes files = { .arena = ARENA_INIT };
	int err = 0;

	if (!d->held)
		return 0;
	err = diff_renames(d, held);
	if (!err && d->options->recursive) {
		err = diff_expand_all(d, held, &files);
		if (!err && d->held)
			err = diff_renames(d, &files);
		*held = files;
	}
	d->held = NULL;
	return err ? err : diff_tell(d, held);
}

static int run(struct diff *d, struct arena *arena, struct wishes *wishes,
	       struct tracked_side sides[2])
{
	struct diff_changes held = { .arena = ARENA_INIT };
	int err = read_wishes(d, wishes);

	if (!err && d->options->pair)
		err = read_pair(d, arena, sides);
	else if (!err)
		err = read_commits(d, wishes, sides);
	if (err)
		return err;
	if (!d->options->no_renames)
		d->held = &held;
	err = compare_all(d, &sides[0], &sides[1], wishes);
	if (!err)
		err = check_wishes(wishes);
	if (!err)
		err = finish(d, &held);
	diff_changes_release(&held);
	if (!err && d->lacks.code)
		err = error_restore(&d->lacks);
	return err;
}

int dv_diff(struct dv_repo *repo, const struct dv_diff_options *options,
	    dv_change_cb *fn, void *data, struct dv_diff_result *result)
{
	TRACE_REGION("diff");
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct diff d = {
		.repo = repo, .options = options, .fn = fn, .data = data,
	};
	struct tracked_side sides[2] = { { NULL, 0, 0 }, { NULL, 0, 0 } };
	struct wishes wishes = { .arena = ARENA_INIT };
	struct store *store;
	int err = repo_store(repo, &store);

	if (!err && !options->after && !options->pair)
		err = repo_worktree_fd(repo, &d.top);
	if (err)
		return err;
	d.reader = store_reader_new(store);
	err = run(&d, &arena, &wishes, sides);
	store_reader_free(d.reader);
	diff_overlay_release(&d);
	free(sides[0].items);
	free(sides[1].items);
	free(wishes.items);
	arena_release(&wishes.arena);
	trace_note("%llu nodes", (unsigned long long)d.nodes);
	if (result)
		*result = (struct dv_diff_result){ d.nodes,
						   d.renames_left_out };
	return err;
}
