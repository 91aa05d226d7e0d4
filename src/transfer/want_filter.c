/* A walk that leaves out what a filter does not want. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/filter.h"
#include "store/tree.h"
#include "store/unfold.h"
#include "transfer/want.h"

/* A node of a directory that is to be looked at. */
struct step {
	struct dv_id id;
	size_t path;		/* number of the directory's path */
	unsigned depth;
};

struct filtered {
	const struct want_filter *how;
	struct store_reader *reader;
	struct arena paths;
	struct step *steps;	/* owned; a stack */
	size_t count, room;
	const char **names;	/* owned: paths of directories */
	size_t name_count, name_room;
	struct unfold unfold;
};

static size_t add_path(struct filtered *w, const char *path)
{
	ARRAY_GROW(w->names, w->name_count + 1, w->name_room);
	w->names[w->name_count] = arena_copy(&w->paths, path, strlen(path));
	return w->name_count++;
}

static void push(struct filtered *w, const struct dv_id *id, size_t path,
		 unsigned depth)
{
	ARRAY_GROW(w->steps, w->count + 1, w->room);
	w->steps[w->count++] = (struct step){ *id, path, depth };
}

/* All of it, as any other walk. */
static int walk_all(struct filtered *w, enum want_kind kind,
		    const struct dv_id *id)
{
	struct want start = { *id, kind };

	return want_walk(w->reader, &start, w->how->visit, w->how->data);
}

static int take_entry(struct filtered *w, const struct step *at,
		      const struct tree_entry *e)
{
	const struct content *c = &e->content;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (e->type == ENTRY_SYMLINK)
		return 0;
	buf_addstr(&path, w->names[at->path]);
	path_append(&path, e->name);
	if (e->type == ENTRY_FILE)
		return !c->size || !filter_file(w->how->filter, path.data,
						c->size) ? 0 :
			walk_all(w, c->list ? WANT_LIST : WANT_CHUNK, &c->id);
	switch (filter_folder(w->how->filter, path.data)) {
	case FILTER_PASS_NONE:
		return 0;
	case FILTER_PASS_ALL:
		return walk_all(w, WANT_TREE, &c->id);
	case FILTER_PASS_SOME:
	case FILTER_PASS_MOST:
		break;
	}
	if (at->depth == TREE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: more than %d folders deep",
			       path.data, TREE_DEPTH_MAX);
	push(w, &c->id, add_path(w, path.data), at->depth + 1);
	return 0;
}

static int take_node(struct filtered *w, const struct step *at)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct tree_node n;
	/* seen before it may have been at another path */
	int err = w->how->visit_way(w->how->data, OBJECT_META, &at->id);

	if (err <= 0)
		return err;
	err = tree_node_load(w->reader, &at->id, &arena, &n);
	if (!err)
		err = n.level ? unfold_node(&w->unfold, w->names[0], &at->id,
					    n.count, n.count) :
			unfold_dir(&w->unfold, w->names[0], &at->id,
				   n.entries, n.count);
	for (size_t i = 0; !err && i < n.count; i++) {
		if (n.level)
			push(w, &n.children[i].id, at->path, at->depth);
		else
			err = take_entry(w, at, &n.entries[i]);
	}
	return err;
}

static int walk_tree(struct filtered *w, const char *path,
		     const struct dv_id *id)
{
	int err = 0;

	push(w, id, add_path(w, path), 0);
	while (w->count && !err) {
		struct step at = w->steps[--w->count];

		err = cancel_check();
		if (!err)
			err = take_node(w, &at);
	}
	return err;
}

int want_walk_filtered(struct store_reader *r, const struct want *start,
		       const char *path, uint64_t size,
		       const struct want_filter *how)
{
	struct filtered w = { .how = how, .reader = r };
	int err = 0;

	if (start->kind != WANT_TREE) {
		if (filter_file(how->filter, path, size))
			err = walk_all(&w, start->kind, &start->id);
		return err;
	}
	switch (filter_folder(how->filter, path)) {
	case FILTER_PASS_NONE:
		break;
	case FILTER_PASS_ALL:
		err = walk_all(&w, WANT_TREE, &start->id);
		break;
	case FILTER_PASS_SOME:
	case FILTER_PASS_MOST:
		err = walk_tree(&w, path, &start->id);
		break;
	}
	arena_release(&w.paths);
	free(w.steps);
	free(w.names);
	unfold_release(&w.unfold);
	return err;
}
