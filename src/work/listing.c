/* Looking at what is recorded: dv_list() and dv_cat(). */

#include <stdlib.h>
#include <string.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/filter.h"
#include "git/repo.h"
#include "store/store.h"
#include "store/tree.h"
#include "store/unfold.h"
#include "work/content.h"
#include "work/entry.h"
#include "work/listing.h"
#include "work/resolve.h"
#include "work/stored.h"

/* --- dv_list -------------------------------------------------------------- */

/* A directory on the way down, and how far it was told. */
struct level {
	struct tree_cursor tree;
	const struct tree_entry *entries;	/* of its node at hand */
	size_t count, next;
	size_t path_len;
};

struct levels {
	const char *top;	/* path of the first one */
	unsigned depth;		/* of its entries */
	struct level *items;	/* owned */
	size_t count, room;
	struct unfold unfold;
};

/* Whether an entry is told; no directory that is just on the way to one. */
static bool is_told(const struct listing *l, const char *path,
		    const struct tree_entry *e)
{
	const struct dv_filter *f = l->what->filter;

	if (e->type == ENTRY_DIR)
		return filter_folder(f, path) >= FILTER_PASS_MOST;
	return filter_file(f, path, e->type == ENTRY_FILE ?
			   e->content.size : 0);
}

static bool is_entered(const struct listing *l, const char *path,
		       const struct tree_entry *e)
{
	return l->flags & DV_LIST_RECURSIVE && e->type == ENTRY_DIR &&
	       filter_folder(l->what->filter, path) != FILTER_PASS_NONE;
}

static int tell(struct listing *l, const char *path,
		const struct tree_entry *e, unsigned depth)
{
	struct dv_entry out;

	if (!l->fn || !is_told(l, path, e))
		return 0;
	entry_shown(e, path, &out);
	out.depth = depth;
	if (l->flags & DV_LIST_STORED && e->type == ENTRY_FILE)
		out.stored = content_here(l->store, l->reader,
					  &e->content) == 1;
	return l->fn(&out, l->data);
}

static int enter(struct listing *l, struct levels *levels,
		 const struct dv_id *id, const struct buf *path)
{
	struct level *level;

	if (levels->count > TREE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: more than %d folders deep",
			       path->data, TREE_DEPTH_MAX);
	ARRAY_GROW(levels->items, levels->count + 1, levels->room);
	level = &levels->items[levels->count++];
	*level = (struct level){ .path_len = path->len };
	tree_cursor_open(&level->tree, l->reader, id);
	return 0;
}

/* The next entry of a level, NULL at its end. */
static int next(struct levels *levels, struct level *level, struct buf *path,
		const struct tree_entry **out)
{
	int got;

	*out = NULL;
	buf_setlen(path, level->path_len);
	if (level->next == level->count) {
		level->next = level->count = 0;
		got = tree_cursor_node(&level->tree, &level->entries,
				       &level->count);
		if (got == DV_E_NOTFOUND)
			return resolve_lacks(path->data);
		if (got != 1)
			return got;
		got = unfold_dir(&levels->unfold, levels->top,
				 &level->tree.node, level->entries,
				 level->count);
		if (got)
			return got;
	}
	*out = &level->entries[level->next++];
	return 0;
}

static int walk(struct listing *l, struct levels *levels, struct buf *path)
{
	int err = 0;

	while (levels->count && !err) {
		struct level *level = &levels->items[levels->count - 1];
		const struct tree_entry *e;

		err = next(levels, level, path, &e);
		if (err)
			break;
		if (!e) {
			tree_cursor_close(&level->tree);
			levels->count--;
			continue;
		}
		path_append(path, e->name);
		err = cancel_check();
		if (!err)
			err = tell(l, path->data, e, levels->depth +
				   (unsigned)levels->count - 1);
		if (err == DV_LIST_SKIP)
			err = 0;
		else if (!err && is_entered(l, path->data, e))
			err = enter(l, levels, &e->content.id, path);
	}
	return err;
}

/* The entries of a directory, and with DV_LIST_RECURSIVE all below. */
static int list_folder(struct listing *l, const char *path,
		       const struct dv_id *id, unsigned depth)
{
	struct levels levels = { .top = path, .depth = depth };
	DV_AUTO_BUF struct buf at = BUF_INIT;
	int err;

	buf_addstr(&at, path);
	err = enter(l, &levels, id, &at);
	if (!err)
		err = walk(l, &levels, &at);
	while (levels.count)
		tree_cursor_close(&levels.items[--levels.count].tree);
	free(levels.items);
	unfold_release(&levels.unfold);
	return err;
}

/* It or its pointer, which is no shorter, and not a folder above. */
static int is_named(struct asked_path *p, const char *part, void *data)
{
	const struct dv_tracked *t = data;

	return !*part && strlen(p->path) >= strlen(t->path);
}

/*
 * True when the tracked path itself, its pointer or something in it was asked
 * for, and not just a folder it is below of.
 */
static bool asked_for(const struct asked *asked, const struct dv_tracked *t)
{
	return *t->inside || asked_each(asked, t->path, is_named, (void *)t);
}

/* A tracked path as an entry; the store is asked only for what it can tell. */
static int tell_tracked(struct listing *l, const struct dv_tracked *t,
			unsigned depth)
{
	struct tree_entry e;

	if (t->pointer.kind == DV_KIND_TREE) {
		resolve_root(&t->pointer, &e);
	} else if (resolve_file(l->reader, t->path, &t->pointer, &e)) {
		memset(&e, 0, sizeof(e));
		e.type = ENTRY_FILE;
		e.content.size = t->pointer.size;
	}
	return tell(l, t->path, &e, depth);
}

/* What was asked for is, or is inside of, this tracked path. */
static int list_inside(struct listing *l, const struct dv_tracked *t)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct tree_entry root, e;
	int err;

	resolve_root(&t->pointer, &root);
	err = resolve_inside(l->reader, t->path, &root, t->inside, &arena,
			     &e);
	if (err)
		return err;
	path_join(&path, t->path, t->inside);
	if (e.type == ENTRY_DIR)
		return list_folder(l, path.data, &e.content.id, 0);
	return tell(l, path.data, &e, 0);
}

int listing_whole(struct listing *l, const struct dv_tracked *t,
		  unsigned depth)
{
	struct tree_entry root;
	int err = tell_tracked(l, t, depth);

	if (err == DV_LIST_SKIP)
		return 0;
	resolve_root(&t->pointer, &root);
	if (err || t->pointer.kind == DV_KIND_FILE ||
	    !is_entered(l, t->path, &root))
		return err;
	return list_folder(l, t->path, &t->pointer.id, depth + 1);
}

int listing_tracked(const struct dv_tracked *t, void *data)
{
	struct listing *l = data;

	if (t->pointer.kind == DV_KIND_FILE && *t->inside)
		return dv_fail(DV_E_NOTFOUND, "%s/%s is not recorded",
			       t->path, t->inside);
	return repo_hint_fetch(l->repo, t->pointer.kind == DV_KIND_FILE ||
			       !asked_for(&l->asked, t) ?
			       listing_whole(l, t, 0) : list_inside(l, t),
			       t->path);
}

int dv_list(struct dv_repo *repo, const struct dv_selection *what,
	    enum dv_list_flags flags, dv_entry_cb *fn, void *data)
{
	struct listing l = {
		.repo = repo, .what = what, .flags = flags,
		.fn = fn, .data = data,
	};
	int err = repo_store(repo, &l.store);

	if (!err)
		err = asked_read(repo, what->paths, what->count, &l.asked);
	if (!err) {
		l.reader = store_reader_new(l.store);
		err = flags & (DV_LIST_GIT | DV_LIST_GIT_ONLY) ?
			listing_git(&l) :
			dv_tracked_each(repo, what, listing_tracked, &l);
	}
	store_reader_free(l.reader);
	asked_release(&l.asked);
	return err;
}

/* --- dv_cat --------------------------------------------------------------- */

struct cat {
	struct dv_repo *repo;
	struct asked asked;
	struct store *store;		/* borrowed */
	struct store_reader *reader;	/* owned */
	const char *typed;
	unsigned found;
	int (*write)(void *data, const uint8_t *bytes, size_t len);
	void *data;
};

static int cat_tracked(const struct dv_tracked *t, void *data)
{
	struct cat *c = data;
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct tree_entry root, e;
	int err;

	if (c->found++ || !asked_for(&c->asked, t))
		return dv_fail(DV_E_INVALID, "%s is a folder", c->typed);
	path_join(&path, t->path, t->inside);
	if (t->pointer.kind == DV_KIND_FILE && *t->inside)
		return dv_fail(DV_E_NOTFOUND, "%s is not recorded",
			       path.data);
	if (t->pointer.kind == DV_KIND_FILE) {
		err = resolve_file(c->reader, t->path, &t->pointer, &e);
	} else {
		resolve_root(&t->pointer, &root);
		err = resolve_inside(c->reader, t->path, &root, t->inside,
				     &arena, &e);
	}
	if (err)
		return repo_hint_fetch(c->repo, err, path.data);
	if (e.type == ENTRY_DIR)
		return dv_fail(DV_E_INVALID, "%s is a folder", path.data);
	if (e.type == ENTRY_SYMLINK)
		return dv_fail(DV_E_INVALID, "%s is a symbolic link",
			       path.data);
	err = content_write(c->store, path.data, &e.content, c->write,
			    c->data);
	return repo_hint_fetch(c->repo, err, path.data);
}

int dv_cat(struct dv_repo *repo, const char *rev, const char *path,
	   int (*write)(void *data, const uint8_t *bytes, size_t len),
	   void *data)
{
	const struct dv_selection what = {
		.paths = &path, .count = 1, .rev = rev,
	};
	struct cat c = {
		.repo = repo, .typed = path, .write = write,
		.data = data,
	};
	int err = repo_store(repo, &c.store);

	if (!err)
		err = asked_read(repo, &path, 1, &c.asked);
	if (!err) {
		c.reader = store_reader_new(c.store);
		err = dv_tracked_each(repo, &what, cat_tracked, &c);
	}
	store_reader_free(c.reader);
	asked_release(&c.asked);
	return err;
}
