#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "store/list.h"
#include "store/tree.h"
#include "transfer/want.h"

/* More than this waiting to be walked is no tree that dv has made. */
#define STACK_MAX	((size_t)4 << 20)

struct walk {
	struct store_reader *reader;
	struct want *stack;	/* owned */
	size_t count, room;
	struct arena arena;	/* of the node in hand */
	uint64_t steps;
};

#define DV_AUTO_WALK	__attribute__((cleanup(walk_release)))

static void walk_release(struct walk *w)
{
	free(w->stack);
	arena_release(&w->arena);
}

struct want want_root(enum dv_kind kind, const struct dv_id *id)
{
	return (struct want){
		*id, kind == DV_KIND_TREE ? WANT_TREE : WANT_FILE
	};
}

static void push(struct walk *w, enum want_kind kind, const struct dv_id *id)
{
	ARRAY_GROW(w->stack, w->count + 1, w->room);
	w->stack[w->count++] = (struct want){ *id, kind };
}

static enum want_kind content_kind(const struct content *c)
{
	if (!c->size)
		return WANT_NOTHING;
	return c->list ? WANT_LIST : WANT_CHUNK;
}

static void push_content(struct walk *w, const struct content *c)
{
	if (c->size)
		push(w, content_kind(c), &c->id);
}

static int push_tree(struct walk *w, const uint8_t *data, size_t len)
{
	struct tree_node n;
	int err = tree_node_decode(data, len, &w->arena, &n);

	if (err)
		return err;
	for (size_t i = 0; i < n.count; i++) {
		if (n.level)
			push(w, WANT_TREE, &n.children[i].id);
		else if (n.entries[i].type == ENTRY_DIR)
			push(w, WANT_TREE, &n.entries[i].content.id);
		else if (n.entries[i].type == ENTRY_FILE)
			push_content(w, &n.entries[i].content);
	}
	return 0;
}

struct list_push {
	struct walk *walk;
	const unsigned *level;
};

static int push_list_entry(void *data, const struct dv_id *id, uint64_t bytes,
			   uint64_t chunks)
{
	struct list_push *p = data;

	(void)bytes;
	(void)chunks;
	push(p->walk, *p->level ? WANT_LIST : WANT_CHUNK, id);
	return 0;
}

static int push_list(struct walk *w, const uint8_t *data, size_t len)
{
	unsigned level = 0;
	struct list_push p = { w, &level };

	return list_node_decode(data, len, &level, push_list_entry, &p);
}

static int push_file(struct walk *w, const uint8_t *data, size_t len)
{
	struct content c;
	bool executable;
	int err = file_node_decode(data, len, &c, &executable);

	if (!err)
		push_content(w, &c);
	return err;
}

/* Reads a node and puts what it names on the stack, first on top. */
static int enter(struct walk *w, const struct want *node)
{
	size_t start = w->count;
	const uint8_t *data;
	uint32_t len;
	int err = store_read(w->reader, OBJECT_META, &node->id, &data, &len);

	if (err)
		return err;
	if (node->kind == WANT_TREE)
		err = push_tree(w, data, len);
	else if (node->kind == WANT_LIST)
		err = push_list(w, data, len);
	else
		err = push_file(w, data, len);
	arena_release(&w->arena);
	w->arena = (struct arena)ARENA_INIT;
	if (err)
		return err;
	if (w->count > STACK_MAX)
		return dv_fail(DV_E_CORRUPT, "nodes nested too deep");
	for (size_t a = start, b = w->count; a + 1 < b; a++) {
		struct want swap = w->stack[--b];

		w->stack[b] = w->stack[a];
		w->stack[a] = swap;
	}
	return 0;
}

int want_walk(struct store_reader *r, const struct want *start,
	      want_visit *visit, void *data)
{
	DV_AUTO_WALK struct walk w = { .reader = r, .arena = ARENA_INIT };

	if (start->kind != WANT_NOTHING)
		push(&w, start->kind, &start->id);
	while (w.count) {
		struct want x = w.stack[--w.count];
		int err;

		if (x.kind == WANT_CHUNK) {
			err = visit(data, OBJECT_DATA, &x.id);
			if (err < 0)
				return err;
			continue;
		}
		if (!(w.steps++ % 64)) {
			err = cancel_check();
			if (err)
				return err;
		}
		err = visit(data, OBJECT_META, &x.id);
		if (err > 0)
			err = enter(&w, &x);
		if (err < 0)
			return err;
	}
	return 0;
}

/* --- to one path ------------------------------------------------------- */

/* A component of a path being looked for in one directory. */
struct step {
	struct store_reader *reader;
	want_visit *visit;
	void *data;
	const char *name;
};

static int pick_entry(const struct tree_entry *entries, size_t count,
		      const char *name, struct want *out)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(entries[i].name, name))
			continue;
		out->id = entries[i].content.id;
		if (entries[i].type == ENTRY_DIR)
			out->kind = WANT_TREE;
		else if (entries[i].type == ENTRY_FILE)
			out->kind = content_kind(&entries[i].content);
		else
			out->kind = WANT_NOTHING;
		return 1;
	}
	return DV_E_NOTFOUND;
}

/*
 * Finds s->name in the directory whose root node is *id.  1, 0 when the
 * visitor passed over, DV_E_NOTFOUND without a text, or an error.
 */
static int find_in_tree(const struct step *s, const struct dv_id *id,
			struct want *out)
{
	struct dv_id node = *id;

	for (unsigned deep = 0; deep <= NODE_DEPTH_MAX; deep++) {
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		struct tree_node n;
		size_t i = 0;
		int err = s->visit(s->data, OBJECT_META, &node);

		if (err <= 0)
			return err;
		err = tree_node_load(s->reader, &node, &arena, &n);
		if (err)
			return err == DV_E_NOTFOUND ? DV_E_CORRUPT : err;
		if (!n.level)
			return pick_entry(n.entries, n.count, s->name, out);
		while (i < n.count &&
		       strcmp(n.children[i].last_name, s->name) < 0)
			i++;
		if (i == n.count)
			return DV_E_NOTFOUND;
		node = n.children[i].id;
	}
	return dv_fail(DV_E_CORRUPT, "tree nodes nested too deep");
}

int want_resolve(struct store_reader *r, const struct want *root,
		 const char *path, const char *inside, want_visit *visit,
		 void *data, struct want *out)
{
	DV_AUTO_FREE char *copy = xstrdup(inside);
	struct step s = { r, visit, data, NULL };
	char *rest = copy;

	*out = *root;
	while ((s.name = strsep(&rest, "/"))) {
		struct want next;
		int err = DV_E_NOTFOUND;

		if (!*s.name)
			continue;
		if (out->kind == WANT_TREE)
			err = find_in_tree(&s, &out->id, &next);
		if (err == DV_E_NOTFOUND)
			return dv_fail(DV_E_NOTFOUND, "%s: there is no %s in "
				       "what is recorded", path, inside);
		if (err <= 0)
			return err;
		*out = next;
	}
	return 1;
}
