/* dv_diff(): which tracked paths are compared, and in what. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/path.h"
#include "base/path_order.h"
#include "base/trace.h"
#include "git/head.h"
#include "git/repo.h"
#include "work/asked.h"
#include "work/diff.h"
#include "work/resolve.h"

/* The tracked paths of one side, sorted. */
struct tracked_side {
	struct dv_tracked *items;	/* owned, with their pointers */
	size_t count, room;
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

static int is_asked(struct asked_path *p, const char *part, void *data)
{
	(void)p;
	(void)part;
	(void)data;
	return 1;
}

/* A pointer that nobody has asked for need not be one. */
static int pass_broken(const char *path, int err, void *data)
{
	const struct asked *asked = data;

	return asked->count && !asked_each(asked, path, is_asked, NULL) ?
	       0 : err;
}

static int by_tracked(const void *a, const void *b)
{
	return strcmp(((const struct dv_tracked *)a)->path,
		      ((const struct dv_tracked *)b)->path);
}

static int read_side(struct diff *d, const char *rev, struct asked *asked,
		     struct tracked_side *out)
{
	const struct dv_selection all = {
		.rev = rev, .broken = pass_broken, .broken_data = asked,
	};
	struct taking take = { &asked->arena, out };
	int err = dv_tracked_each(d->repo, &all, take_tracked, &take);

	/* what a sparse work tree leaves out was not deleted */
	if (!err && !rev)
		err = tracked_hidden(d->repo, take_tracked, &take);
	if (!err && !rev && out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_tracked);
	return err;
}

/* HEAD may have no commit yet: then nothing is recorded before. */
static int read_before(struct diff *d, struct asked *asked,
		       struct tracked_side *out)
{
	DV_AUTO_BUF struct buf commit = BUF_INIT;
	int err;

	if (d->options->before)
		return read_side(d, d->options->before, asked, out);
	err = head_commit(d->repo, &commit);
	return err || !commit.len ? err : read_side(d, "HEAD", asked, out);
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

static int compare_part(struct diff *d,
			const struct dv_tracked *const sides[2],
			const char *inside, struct asked_path *w)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct tree_entry entries[2];
	bool there[2];
	int err = 0;

	d->tracked = sides[0] ? sides[0]->path : sides[1]->path;
	path_join(&path, d->tracked, inside);
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
static const struct dv_tracked *
with_parts(const struct dv_tracked *const sides[2])
{
	if (!sides[0] || (sides[1] && sides[1]->pointer.kind == DV_KIND_TREE))
		return sides[1];
	return sides[0];
}

/* What was asked for of one tracked path. */
struct part_walk {
	struct diff *d;
	const struct dv_tracked *const *sides;
	bool whole;
	const char *done;	/* compared last */
};

static int take_whole(struct asked_path *w, const char *part, void *data)
{
	struct part_walk *k = data;

	if (*part)
		return 0;
	k->whole = true;
	for (int i = 0; i < 2; i++)
		w->met[i] |= k->sides[i] != NULL;
	return 0;
}

static int take_part(struct asked_path *w, const char *part, void *data)
{
	struct part_walk *k = data;

	if (!*part || with_parts(k->sides)->pointer.kind != DV_KIND_TREE)
		return 0;
	/* what is around it was compared already */
	if (k->whole || (k->done && path_below(part, k->done))) {
		w->met[0] = w->met[1] = true;
		return 0;
	}
	k->done = part;
	return compare_part(k->d, k->sides, part, w);
}

static int compare_tracked(struct diff *d, const struct dv_tracked *sides[2],
			   const struct asked *asked)
{
	struct part_walk k = {
		.d = d, .sides = sides, .whole = !asked->count,
	};
	const char *path = with_parts(sides)->path;
	int err;

	asked_each(asked, path, take_whole, &k);
	err = k.whole ? compare_part(d, sides, "", NULL) : 0;
	return err ? err : asked_each(asked, path, take_part, &k);
}

/* Two lists in step. */
static int compare_all(struct diff *d, const struct tracked_side *a,
		       const struct tracked_side *b, const struct asked *asked)
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
		    asked->count || diff_overlay_below(d, sides[0]->path))
			err = compare_tracked(d, sides, asked);
		if (!err)
			err = cancel_check();
	}
	return err;
}

/* --- all of it ------------------------------------------------------- */

static int mark_here(struct asked_path *w, const char *part, void *data)
{
	const struct dv_tracked *t = data;

	w->here |= !*part || t->pointer.kind == DV_KIND_TREE;
	return 0;
}

/* What the work tree has otherwise, of the paths it tracks anything at. */
static int read_overlay(struct diff *d, const struct tracked_side *now,
			const struct asked *asked)
{
	DV_AUTO_FREE const char **paths = NULL;
	size_t count = 0;

	if (!asked->count)
		return diff_overlay_read(d, NULL, 0);
	for (size_t k = 0; k < now->count; k++)
		asked_each(asked, now->items[k].path, mark_here,
			   &now->items[k]);
	paths = xcalloc(asked->count, sizeof(*paths));
	for (size_t i = 0; i < asked->count; i++)
		if (asked->items[i].here)
			paths[count++] = asked->items[i].typed;
	return count ? diff_overlay_read(d, paths, count) : 0;
}

static int read_commits(struct diff *d, struct asked *asked,
			struct tracked_side sides[2])
{
	int err = read_before(d, asked, &sides[0]);

	if (!err)
		err = read_side(d, d->options->after, asked, &sides[1]);
	if (!err && !d->options->after)
		err = read_overlay(d, &sides[1], asked);
	return err;
}

static int check_met(const struct asked *asked)
{
	for (size_t i = 0; i < asked->count; i++) {
		const struct asked_path *w = &asked->items[i];

		if (!w->met[0] && !w->met[1] && *w->path)
			return dv_fail(DV_E_NOTFOUND, "nothing is tracked at "
				       "%s", w->typed);
	}
	return 0;
}

/* Renames of what was held, told. */
static int finish(struct diff *d, struct diff_changes *held)
{
	struct diff_changes files = { .arena = { NULL, &d->spill } };
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

static int run(struct diff *d, struct asked *asked,
	       struct tracked_side sides[2])
{
	struct diff_changes held = { .arena = { NULL, &d->spill } };
	int err = asked_read(d->repo, d->options->paths, d->options->count,
			     asked);

	if (!err && d->options->pair)
		err = read_pair(d, &asked->arena, sides);
	else if (!err)
		err = read_commits(d, asked, sides);
	if (err)
		return err;
	if (!d->options->no_renames)
		d->held = &held;
	err = compare_all(d, &sides[0], &sides[1], asked);
	if (!err)
		err = check_met(asked);
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
	struct diff d = {
		.repo = repo, .options = options, .fn = fn, .data = data,
	};
	struct tracked_side sides[2] = { { NULL, 0, 0 }, { NULL, 0, 0 } };
	DV_AUTO_ASKED struct asked asked = { .arena = ARENA_INIT };
	struct store *store;
	int err = repo_store(repo, &store);

	if (!err && !options->after && !options->pair)
		err = repo_worktree_fd(repo, &d.top);
	if (err)
		return err;
	d.reader = store_reader_new(store);
	repo_spill_init(repo, &d.spill, DIFF_MEMORY);
	err = run(&d, &asked, sides);
	store_reader_free(d.reader);
	diff_overlay_release(&d);
	spill_release(&d.spill);
	free(sides[0].items);
	free(sides[1].items);
	trace_note("%llu nodes", (unsigned long long)d.nodes);
	if (result)
		*result = (struct dv_diff_result){ d.nodes,
						   d.renames_left_out };
	return err;
}
