#include "store/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "store/tree_format.h"

static int bad_tree(const char *what)
{
	return dv_fail(DV_E_CORRUPT, "tree node: %s", what);
}

static const char *last_name(const struct tree_node *n)
{
	return n->level ? n->children[n->count - 1].last_name :
			  n->entries[n->count - 1].name;
}

static uint64_t entries_below(const struct tree_node *n)
{
	uint64_t sum = 0;

	if (!n->level)
		return n->count;
	for (size_t i = 0; i < n->count; i++)
		sum += n->children[i].entries;
	return sum;
}

int tree_node_load(struct store_reader *r, const struct dv_id *id,
		   struct arena *arena, struct tree_node *out)
{
	const uint8_t *data;
	uint32_t len;
	int err = store_read(r, OBJECT_META, id, &data, &len);

	return err ? err : tree_node_decode(data, len, arena, out);
}

int tree_node_read(struct store_reader *r, const struct dv_id *id,
		   const struct tree_expected *x, struct arena *arena,
		   struct tree_node *out)
{
	int err = tree_node_load(r, id, arena, out);

	if (err)
		return err;
	if (x->root)
		return out->level && out->count < 2 ?
			bad_tree("a needless root") : 0;
	if (out->level != x->level)
		return bad_tree("at a wrong level");
	if (!out->count || entries_below(out) != x->child->entries ||
	    strcmp(last_name(out), x->child->last_name))
		return bad_tree("not what its parent says");
	return 0;
}

/* --- all of a directory ------------------------------------------------ */

void tree_entry_copy(struct arena *arena, const struct tree_entry *from,
		     struct tree_entry *out)
{
	*out = *from;
	out->name = arena_copy(arena, from->name, from->name_len);
	if (from->target)
		out->target = arena_copy(arena, from->target,
					 strlen(from->target));
}

/* SHA-256 of the magic, level 0 and count 0: known without any store. */
const struct dv_id tree_empty = { {
	0x12, 0x17, 0x34, 0xf9, 0x78, 0x46, 0xdc, 0xc1,
	0x2b, 0x68, 0x76, 0x15, 0x53, 0xd3, 0xe1, 0xe9,
	0xb5, 0xfa, 0xca, 0xaa, 0xb5, 0x2e, 0x35, 0xba,
	0x9b, 0x72, 0x1d, 0x2e, 0xdb, 0x75, 0x41, 0xdd,
} };

/* A node on the way down, and how far its children were passed. */
struct tree_step {
	struct arena arena;
	struct tree_node node;
	size_t next;
};

void tree_cursor_open(struct tree_cursor *c, struct store_reader *r,
		      const struct dv_id *id)
{
	*c = (struct tree_cursor){ .reader = r, .root = *id, .last = BUF_INIT };
}

static void leave(struct tree_cursor *c)
{
	arena_release(&c->steps[--c->depth].arena);
}

void tree_cursor_close(struct tree_cursor *c)
{
	while (c->depth)
		leave(c);
	free(c->steps);
	buf_release(&c->last);
}

/* At most NODE_DEPTH_MAX levels, because each is one lower. */
static int enter(struct tree_cursor *c, const struct dv_id *id,
		 const struct tree_expected *x)
{
	struct tree_step *t = &c->steps[c->depth];

	if (c->depth == NODE_DEPTH_MAX)
		return bad_tree("too many levels");
	*t = (struct tree_step){ .arena = ARENA_INIT };
	c->depth++;
	c->node = *id;
	return tree_node_read(c->reader, id, x, &t->arena, &t->node);
}

static int enter_root(struct tree_cursor *c)
{
	const struct tree_expected root = { .root = true };

	c->begun = true;
	if (dv_id_equal(&c->root, &tree_empty))
		return 0;
	c->steps = xcalloc(NODE_DEPTH_MAX, sizeof(*c->steps));
	return enter(c, &c->root, &root);
}

/* Goes on to the next node of level 0; none: depth is 0. */
static int enter_next(struct tree_cursor *c)
{
	int err = 0;

	if (!c->begun)
		err = enter_root(c);
	else if (c->depth)
		leave(c);
	while (!err && c->depth) {
		struct tree_step *t = &c->steps[c->depth - 1];
		const struct tree_child *child = &t->node.children[t->next];
		struct tree_expected x = { false, t->node.level - 1, child };

		if (!t->node.level)
			break;
		if (t->next == t->node.count) {
			leave(c);
			continue;
		}
		t->next++;
		err = enter(c, &child->id, &x);
	}
	return err;
}

/* Inside a node the decoder has seen to it. */
static int check_node(struct tree_cursor *c)
{
	if (c->count && strcmp(c->last.data, c->entries[0].name) >= 0)
		return bad_tree("names out of order");
	for (size_t i = 0; i < c->count; i++)
		if (!tree_total_add(&c->total, &c->entries[i]))
			return bad_tree("more than can be counted");
	return 0;
}

int tree_cursor_node(struct tree_cursor *c, const struct tree_entry **entries,
		     size_t *count)
{
	int err;

	if (c->count) {
		buf_clear(&c->last);
		buf_addstr(&c->last, c->entries[c->count - 1].name);
	}
	c->count = c->next = 0;
	err = enter_next(c);
	if (err || !c->depth)
		return err;
	c->entries = c->steps[c->depth - 1].node.entries;
	c->count = c->steps[c->depth - 1].node.count;
	err = check_node(c);
	*entries = c->entries;
	*count = c->count;
	return err ? err : c->count > 0;
}

int tree_cursor_next(struct tree_cursor *c, const struct tree_entry **out)
{
	const struct tree_entry *entries;
	size_t count;
	int got = c->next < c->count ? 1 : tree_cursor_node(c, &entries,
							    &count);

	*out = got == 1 ? &c->entries[c->next++] : NULL;
	return got;
}

bool tree_cursor_is_last(const struct tree_cursor *c)
{
	for (unsigned i = 0; i + 1 < c->depth; i++)
		if (c->steps[i].next < c->steps[i].node.count)
			return false;
	return true;
}

int tree_each(struct store_reader *r, const struct dv_id *id,
	      int (*fn)(void *data, const struct tree_entry *entries,
			size_t count), void *data)
{
	DV_AUTO_TREE_CURSOR struct tree_cursor c;
	const struct tree_entry *entries;
	size_t count;
	int got;

	tree_cursor_open(&c, r, id);
	while ((got = tree_cursor_node(&c, &entries, &count)) == 1) {
		int err = fn(data, entries, count);

		if (err)
			return err;
	}
	return got;
}

struct gathering {
	struct arena *arena;
	struct tree_entry *entries;	/* owned */
	size_t count, room;
};

static int gather(void *data, const struct tree_entry *entries, size_t count)
{
	struct gathering *g = data;

	ARRAY_GROW(g->entries, g->count + count, g->room);
	for (size_t i = 0; i < count; i++)
		tree_entry_copy(g->arena, &entries[i],
				&g->entries[g->count++]);
	return 0;
}

int tree_read(struct store_reader *r, const struct dv_id *id,
	      struct arena *arena, struct tree_entry **entries,
	      size_t *count)
{
	struct gathering g = { .arena = arena };
	int err = tree_each(r, id, gather, &g);

	*entries = NULL;
	*count = 0;
	if (!err) {
		size_t bytes = g.count * sizeof(*g.entries);

		*entries = arena_alloc(arena, bytes);
		if (bytes)
			memcpy(*entries, g.entries, bytes);
		*count = g.count;
	}
	free(g.entries);
	return err;
}

/* --- one entry of it --------------------------------------------------- */

static const char *name_at(const struct tree_node *n, size_t i)
{
	return n->level ? n->children[i].last_name : n->entries[i].name;
}

/* The first name that is not before `name`, or n->count. */
static size_t lower_bound(const struct tree_node *n, const char *name)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(name_at(n, middle), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int tree_find(struct store_reader *r, const struct dv_id *id,
	      const char *name, struct arena *arena, struct tree_entry *out)
{
	DV_AUTO_ARENA struct arena nodes = ARENA_INIT;
	struct tree_expected x = { .root = true };
	struct dv_id next = *id;
	struct tree_node n;

	for (;;) {
		int err = tree_node_read(r, &next, &x, &nodes, &n);
		size_t i;

		if (err)
			return err;
		i = lower_bound(&n, name);
		if (i == n.count)
			return 0;
		if (!n.level) {
			if (strcmp(n.entries[i].name, name))
				return 0;
			tree_entry_copy(arena, &n.entries[i], out);
			return 1;
		}
		next = n.children[i].id;
		x = (struct tree_expected){ false, n.level - 1,
					    &n.children[i] };
	}
}

int tree_resolve(struct store_reader *r, const struct tree_entry *root,
		 const char *path, struct arena *arena,
		 struct tree_entry *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct tree_entry at = *root;

	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");
		int found = 0;

		buf_clear(&name);
		buf_add(&name, p, len);
		if (at.type == ENTRY_DIR)
			found = tree_find(r, &at.content.id, name.data, arena,
					  &at);
		if (found < 0)
			return found;
		if (!found)
			return dv_fail(DV_E_NOTFOUND, "no entry '%s'", path);
		p += len + (p[len] == '/');
	}
	*out = at;
	return 0;
}
