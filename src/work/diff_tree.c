/* The walk over two trees and what lies over the second one. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/path.h"
#include "base/path_order.h"
#include "store/tree_diff.h"
#include "store/unfold.h"
#include "work/diff.h"
#include "work/resolve.h"

/* A pair of directories on the way down; either may be missing. */
struct level {
	struct tree_diff *diff;		/* owned */
	const struct tree_entry *before, *after; /* its next difference */
	bool ready, ended;
	bool first;			/* not met before */
	struct diff_change self;	/* the directories */
	size_t overlay;			/* next item that lies over it */
	size_t path_len;
};

struct walk {
	struct diff *d;
	struct level *levels;	/* owned */
	size_t count, room;
	struct buf path;
	struct unfold unfold;
	bool expand;		/* no directory is told as one */
	bool unlisted;		/* of the entry to be compared next */
};

static bool expands(const struct walk *w)
{
	return w->expand || (!w->d->held && w->d->options->recursive);
}

/* --- adding ---------------------------------------------------------- */

static struct diff_side recorded(const char *path, const struct tree_entry *e)
{
	struct diff_side side = { .path = path };

	side.there = e;
	if (e)
		side.entry = *e;
	return side;
}

static bool is_dir(const struct diff_side *side)
{
	return side->there && side->entry.type == ENTRY_DIR;
}

static int same(struct diff *d, struct diff_change *c, bool *out)
{
	const struct diff_side *before = &c->before;
	struct diff_side *after = &c->after;
	int err = 0;

	*out = false;
	if (c->differs)
		return 0;
	if (after->disk && before->entry.type == ENTRY_FILE &&
	    after->entry.type == ENTRY_FILE &&
	    before->entry.executable == after->entry.executable &&
	    before->entry.content.size == after->entry.content.size)
		err = diff_disk_hash(d, after);
	*out = !err && tree_entry_equal(&before->entry, &after->entry);
	return err;
}

static int add_pair(struct diff *d, struct diff_change *c)
{
	bool equal;
	int err;

	if (!c->before.there && !c->after.there)
		return 0;
	if (!c->before.there || !c->after.there || c->unlisted)
		return diff_add(d, c);
	err = same(d, c, &equal);
	return err || equal ? err : diff_add(d, c);
}

/* --- going down ------------------------------------------------------ */

static const struct dv_id *tree_of(const struct diff_side *side)
{
	return side->there ? &side->entry.content.id : NULL;
}

static int push(struct walk *w, const struct diff_change *self)
{
	const struct dv_id *id = tree_of(&self->after) ?:
		tree_of(&self->before);
	struct level *l;
	int err;

	if (w->count > TREE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: more than %d folders deep",
			       w->path.data, TREE_DEPTH_MAX);
	err = unfold_paths(&w->unfold, w->d->tracked, 1);
	if (err)
		return err;
	ARRAY_GROW(w->levels, w->count + 1, w->room);
	l = &w->levels[w->count++];
	*l = (struct level){ .self = *self, .path_len = w->path.len };
	l->first = unfold_first(&w->unfold, id);
	l->overlay = diff_overlay_lower(w->d, w->path.data);
	tree_diff_open(w->d->reader, tree_of(&self->before),
		       tree_of(&self->after), &l->diff);
	return 0;
}

static void pop(struct walk *w)
{
	struct level *l = &w->levels[--w->count];

	w->d->nodes += tree_diff_nodes(l->diff);
	tree_diff_close(l->diff);
}

static int compare(struct walk *w, const struct tree_entry *before,
		   const struct tree_entry *after);

/* The first thing the store lacks is said at the end.  Returns 0. */
static int note_lacking(struct diff *d, int err)
{
	if (!d->lacks.code)
		error_save(err, &d->lacks);
	return 0;
}

/* What lies over a directory that was added changes its sums. */
static int alter(struct walk *w, struct diff_side *side)
{
	struct diff *d = w->d;
	size_t n = diff_overlay_lower(d, w->path.data);
	const struct tree_entry root = side->entry;
	int err = 0;

	side->altered = true;
	for (; n < d->overlay.count && !err; n++) {
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		const char *path = d->overlay.items[n].path;
		const char *below = path_below(path, w->path.data);
		struct tree_entry old = { .type = ENTRY_DIR };
		struct diff_side now;

		if (!below)
			break;
		if (d->overlay.items[n].state != DV_STATE_NEW)
			err = resolve_inside(d->reader, w->path.data, &root,
					     below, &arena, &old);
		if (err == DV_E_INCOMPLETE)
			return note_lacking(d, err);
		if (!err)
			err = diff_disk_entry(d, path, &arena, &now);
		if (err)
			break;
		side->entry.content.size += now.entry.content.size -
			(old.type == ENTRY_SYMLINK ? 0 : old.content.size);
		side->entry.files += (!now.there ? 0 :
			now.entry.type == ENTRY_DIR ? now.entry.files : 1) -
			(old.type == ENTRY_DIR ? old.files : 1);
	}
	return err;
}

/*
 * The entry that both sides record, though only the overlay names it: where
 * the store cannot tell, as much as the overlay knows.
 */
static int recorded_on_both(struct walk *w, struct level *l, const char *name,
			    struct arena *arena, struct tree_entry *out)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	const struct dv_status_entry *e = diff_overlay_at(w->d, w->path.data);
	int err;

	buf_add(&folder, w->path.data, l->path_len);
	err = resolve_inside(w->d->reader, folder.data, &l->self.after.entry,
			     name, arena, out);
	if (err != DV_E_INCOMPLETE)
		return err;
	*out = (struct tree_entry){
		.type = !e || e->directory ? ENTRY_DIR : ENTRY_FILE,
		.content.size = e ? e->size : 0, .files = e ? e->files : 0,
	};
	w->unlisted = true;
	return note_lacking(w->d, err);
}

/* One name of which only the overlay has something. */
static int overlaid_name(struct walk *w, struct level *l, const char *name)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	const struct dv_status_entry *e = diff_overlay_at(w->d, w->path.data);
	struct tree_entry both;
	int err;

	if (e && e->state == DV_STATE_NEW)
		return compare(w, NULL, NULL);
	err = recorded_on_both(w, l, name, &arena, &both);
	if (err)
		return err;
	return compare(w, l->self.before.there ? &both : NULL, &both);
}

/* The component after the folder in the overlay's next item, or NULL. */
static const char *overlay_name(struct walk *w, struct level *l,
				struct buf *name)
{
	struct diff_overlay *o = &w->d->overlay;
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	unsigned len = 0;
	const char *at = NULL;

	if (!l->self.after.there)
		return NULL;
	buf_add(&folder, w->path.data, l->path_len);
	for (; l->overlay < o->count; l->overlay++) {
		at = path_step(o->items[l->overlay].path, folder.data, &len);
		if (!at || len)
			break;
	}
	if (l->overlay == o->count || !at)
		return NULL;
	buf_clear(name);
	buf_add(name, at, len);
	return name->data;
}

/* Passes all items of the overlay at or below the path at hand. */
static void pass_overlay(struct walk *w, struct level *l)
{
	struct diff_overlay *o = &w->d->overlay;

	while (l->overlay < o->count &&
	       path_below(o->items[l->overlay].path, w->path.data))
		l->overlay++;
}

/* The store lacks the list of this directory: it is told as a whole. */
static int lacking(struct walk *w, struct level *l)
{
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	DV_AUTO_BUF struct buf words = BUF_INIT;
	struct diff *d = w->d;
	const char *rev = tree_diff_in_after(l->diff) ? d->options->after :
		d->options->before ? d->options->before : "HEAD";
	struct diff_change self = l->self;
	int err;

	path_typed(dv_repo_prefix(d->repo), w->path.data, &typed);
	if (rev) {
		buf_addstr(&words, "--rev ");
		path_word(rev, &words);
		buf_addch(&words, ' ');
	}
	path_word(typed.data, &words);
	err = dv_fail(DV_E_INCOMPLETE, "%s: the store lacks the list of what "
		      "is recorded there", w->path.data);
	note_lacking(d, dv_hint(err, "dv fetch %s", words.data));
	self.before.path = self.after.path = w->path.data;
	self.unlisted = true;
	return diff_add(d, &self);
}

static int next_difference(struct walk *w, struct level *l)
{
	int got;

	if (l->ready || l->ended)
		return 0;
	got = tree_diff_next(l->diff, &l->before, &l->after);
	if (got == DV_E_NOTFOUND) {
		l->ended = true;
		l->overlay = w->d->overlay.count;
		return lacking(w, l);
	}
	l->ready = got > 0;
	w->unfold.entries += l->ready && l->first;
	l->ended = !got;
	return got < 0 ? got : 0;
}

/* One name of the innermost pair of directories, or back up. */
static int step(struct walk *w)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct level *l = &w->levels[w->count - 1];
	const char *over, *listed;
	int err, order;

	buf_setlen(&w->path, l->path_len);
	err = next_difference(w, l);
	if (err)
		return err;
	over = overlay_name(w, l, &name);
	if (!l->ready && !over) {
		pop(w);
		return 0;
	}
	listed = !l->ready ? NULL : l->before ? l->before->name :
		l->after->name;
	order = !listed ? 1 : !over ? -1 : strcmp(listed, over);
	path_append(&w->path, order > 0 ? over : listed);
	pass_overlay(w, l);
	if (order > 0)
		return overlaid_name(w, l, over);
	l->ready = false;
	return compare(w, l->before, l->after);
}

/* --- one path -------------------------------------------------------- */

static int add_or_expand(struct walk *w, struct diff_change *c);

/* A directory that took the place of something, or the other way round. */
static int add_both(struct walk *w, struct diff_change *c)
{
	struct diff_change second = *c;
	int err;

	c->after.there = false;
	second.before.there = false;
	err = add_or_expand(w, c);
	return err ? err : add_or_expand(w, &second);
}

static int add_or_expand(struct walk *w, struct diff_change *c)
{
	const struct diff_side *one = c->before.there ? &c->before : &c->after;

	if (c->before.there && c->after.there && !c->unlisted &&
	    (is_dir(&c->before) || is_dir(&c->after)))
		return add_both(w, c);
	if (expands(w) && c->before.there != c->after.there && is_dir(one) &&
	    one->entry.files)
		return one->disk ? diff_disk_expand(w->d, one->path) :
			push(w, c);
	return add_pair(w->d, c);
}

/* With w->path: may go down a level, which step() then goes through. */
static int compare(struct walk *w, const struct tree_entry *before,
		   const struct tree_entry *after)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct diff *d = w->d;
	struct diff_change c = {
		.before = recorded(w->path.data, before),
		.after = recorded(w->path.data, after),
		.tracked = !strcmp(w->path.data, d->tracked),
		.unlisted = w->unlisted,
	};
	int err = cancel_check();

	w->unlisted = false;
	if (err)
		return err;
	if (diff_overlay_at(d, w->path.data)) {
		err = diff_disk_entry(d, w->path.data, &arena, &c.after);
		/* it differs from what is recorded, so much is known */
		c.differs = before && after && tree_entry_equal(before, after);
	} else if (is_dir(&c.before) && is_dir(&c.after) && !c.unlisted) {
		return push(w, &c);
	} else if (is_dir(&c.after) && !expands(w) &&
		   diff_overlay_below(d, w->path.data)) {
		err = alter(w, &c.after);
	}
	return err ? err : add_or_expand(w, &c);
}

/* What compare() gave goes in, and all below is gone through. */
static int run(struct walk *w, int err)
{
	while (w->count && !err)
		err = step(w);
	while (w->count)
		pop(w);
	free(w->levels);
	unfold_release(&w->unfold);
	buf_release(&w->path);
	return err;
}

int diff_entries(struct diff *d, const char *path,
		 const struct tree_entry *before,
		 const struct tree_entry *after)
{
	struct walk w = { .d = d, .path = BUF_INIT };
	int err;

	buf_addstr(&w.path, path);
	err = compare(&w, before, after);
	return run(&w, err);
}

int diff_expand(struct diff *d, const struct diff_change *c)
{
	struct walk w = { .d = d, .path = BUF_INIT, .expand = true };
	struct diff_change self = *c;
	int err;

	buf_addstr(&w.path, c->before.there ? c->before.path : c->after.path);
	self.before.path = self.after.path = w.path.data;
	err = add_or_expand(&w, &self);
	return run(&w, err);
}
