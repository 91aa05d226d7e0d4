#include "store/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "chunk/check.h"
#include "store/node_code.h"
#include "store/tree_format.h"

/* Bits of a name's hash that a level looks at, and how many levels do. */
#define END_BITS	7
#define END_LEVELS	9

/*
 * Levels look at bits of their own, else each entry of an inner node, which
 * ended a node below, would end its node, too.  Names may be made so that all
 * their bits are zero: two entries to an inner node, and more above the last
 * level with bits of its own, keep a tree of such names finite.
 */
bool tree_node_ends(unsigned level, uint32_t count, size_t bytes,
		    const char *name, size_t len)
{
	uint64_t mask = (UINT64_C(1) << END_BITS) - 1;

	if (count >= TREE_NODE_MOST || bytes > TREE_NODE_BYTES)
		return true;
	if (level >= END_LEVELS || (level && count < 2))
		return false;
	return !(check64(name, len) >> (END_BITS * level) & mask);
}

static bool sizes_ok(const struct tree_entry *e)
{
	if (e->type == ENTRY_FILE)
		return content_ok(&e->content);
	return !e->content.list && e->content.size <= SIZE_MOST &&
	       e->files <= SIZE_MOST && (e->files || !e->content.size);
}

static bool target_ok(const char *target)
{
	size_t len = target ? strnlen(target, ENTRY_TARGET_MAX + 1) : 0;

	return len && len <= ENTRY_TARGET_MAX;
}

int tree_entry_check(const struct tree_entry *e, int code)
{
	if (e->name_len > ENTRY_NAME_MAX ||
	    !path_name_ok(e->name, e->name_len))
		return dv_fail(code, "a name that cannot be recorded: '%.*s'",
			       e->name_len < 255 ? (int)e->name_len : 255,
			       e->name);
	if (e->type != ENTRY_FILE && e->executable)
		return dv_fail(code, "'%s' is executable but no file",
			       e->name);
	if (e->type == ENTRY_SYMLINK && !target_ok(e->target))
		return dv_fail(code, "'%s': a target that cannot be recorded",
			       e->name);
	if (e->type != ENTRY_SYMLINK && !sizes_ok(e))
		return dv_fail(code, "'%s': impossible sizes", e->name);
	return 0;
}

bool tree_total_add(struct tree_entry *dir, const struct tree_entry *e)
{
	uint64_t size = e->type == ENTRY_SYMLINK ? 0 : e->content.size;
	uint64_t files = e->type == ENTRY_DIR ? e->files : 1;

	dir->content.size += size;
	dir->files += files;
	/* neither term is above SIZE_MOST, so the sums do not wrap */
	return dir->content.size <= SIZE_MOST && dir->files <= SIZE_MOST;
}

/* --- building ---------------------------------------------------------- */

/* A complete node, as an entry of the level above. */
struct child {
	struct dv_id id;
	uint64_t entries;	/* of the directory, below it */
	const char *last_name;	/* borrowed */
	size_t last_len;
};

struct level {
	struct buf node;	/* being filled; empty: not begun */
	uint32_t count;		/* entries in it */
	uint64_t entries;	/* of the directory, below it */
	struct buf name;	/* of its last entry, or that of the node
				   before */
	uint64_t nodes;		/* complete */
	struct child first;	/* the first of them, kept back until there is
				   a second */
	struct buf first_name;	/* its last one */
};

struct tree_builder {
	node_put_fn *put;
	void *data;
	uint64_t count;		/* entries */
	struct tree_entry dir;
	struct level levels[NODE_DEPTH_MAX];
};

/* Type and name, the name as the difference to the one before. */
static void add_name(struct level *l, unsigned n, uint8_t type,
		     const char *name, size_t len)
{
	size_t shared = 0;

	if (!l->node.len)
		node_begin(&l->node, NODE_MAGIC_TREE, n);
	if (l->count)
		while (shared < len && shared < l->name.len &&
		       name[shared] == l->name.data[shared])
			shared++;
	buf_add_u8(&l->node, type);
	buf_add_varint(&l->node, shared);
	buf_add_varint(&l->node, len - shared);
	buf_add(&l->node, name + shared, len - shared);
	buf_setlen(&l->name, shared < l->name.len ? shared : l->name.len);
	buf_add(&l->name, name + shared, len - shared);
	l->count++;
}

static int end_node(struct tree_builder *b, unsigned n);

static int add_child(struct tree_builder *b, unsigned n, const struct child *c)
{
	struct level *l = &b->levels[n];

	if (n >= NODE_DEPTH_MAX)
		return dv_fail(DV_E_INVALID, "a directory with too many names");
	add_name(l, n, 0, c->last_name, c->last_len);
	buf_add_varint(&l->node, c->entries);
	buf_add(&l->node, c->id.bytes, DV_ID_SIZE);
	l->entries += c->entries;
	if (!tree_node_ends(n, l->count, l->node.len, l->name.data,
			    l->name.len))
		return 0;
	return end_node(b, n);
}

/* Completes the node of level n and tells the level above. */
static int end_node(struct tree_builder *b, unsigned n)
{
	struct level *l = &b->levels[n];
	struct object object;
	struct child child;
	int err;

	node_end(&l->node, l->count, &object);
	err = b->put(b->data, &object);
	if (err)
		return err;
	child = (struct child){ object.id, l->entries, l->name.data,
				l->name.len };
	buf_clear(&l->node);
	l->count = 0;
	l->entries = 0;
	if (!l->nodes++) {
		buf_addstr(&l->first_name, l->name.data);
		l->first = child;
		l->first.last_name = l->first_name.data;
		return 0;
	}
	err = l->nodes == 2 ? add_child(b, n + 1, &l->first) : 0;
	return err ? err : add_child(b, n + 1, &child);
}

static int add_entry(struct tree_builder *b, const struct tree_entry *e)
{
	struct level *l = &b->levels[0];
	uint8_t type = e->type;

	if (e->executable)
		type |= TREE_EXECUTABLE;
	if (e->type == ENTRY_FILE && e->content.list)
		type |= TREE_LIST;
	add_name(l, 0, type, e->name, e->name_len);
	l->entries++;
	if (e->type == ENTRY_SYMLINK) {
		size_t len = strlen(e->target);

		buf_add_varint(&l->node, len);
		buf_add(&l->node, e->target, len);
	} else {
		buf_add_varint(&l->node, e->content.size);
		if (e->type == ENTRY_DIR)
			buf_add_varint(&l->node, e->files);
		if (e->type == ENTRY_DIR || e->content.size)
			buf_add(&l->node, e->content.id.bytes, DV_ID_SIZE);
	}
	if (!tree_node_ends(0, l->count, l->node.len, l->name.data,
			    l->name.len))
		return 0;
	return end_node(b, 0);
}

/* Ends the last node of each level, up to the one that has a single node. */
static int end_levels(struct tree_builder *b, struct dv_id *root)
{
	struct level *leaf = &b->levels[0];

	if (!leaf->count && !leaf->nodes)
		node_begin(&leaf->node, NODE_MAGIC_TREE, 0);
	for (unsigned n = 0; n < NODE_DEPTH_MAX; n++) {
		struct level *l = &b->levels[n];
		int err = l->node.len ? end_node(b, n) : 0;

		if (err)
			return err;
		if (l->nodes == 1) {
			*root = l->first.id;
			return 0;
		}
	}
	return dv_fail(DV_E_INVALID, "a directory with too many names");
}

/* After the last name, which the level keeps beyond the end of its node. */
static bool in_order(const struct tree_builder *b, const struct tree_entry *e)
{
	const struct buf *last = &b->levels[0].name;
	size_t both = last->len < e->name_len ? last->len : e->name_len;
	int diff = memcmp(last->data, e->name, both);

	return !b->count || diff < 0 || (!diff && last->len < e->name_len);
}

struct tree_builder *tree_builder_new(node_put_fn *put, void *data)
{
	struct tree_builder *b = xcalloc(1, sizeof(*b));

	b->put = put;
	b->data = data;
	b->dir = (struct tree_entry){ .name = "", .type = ENTRY_DIR };
	for (int i = 0; i < NODE_DEPTH_MAX; i++) {
		b->levels[i].node = (struct buf)BUF_INIT;
		b->levels[i].name = (struct buf)BUF_INIT;
		b->levels[i].first_name = (struct buf)BUF_INIT;
	}
	return b;
}

void tree_builder_free(struct tree_builder **b)
{
	for (int i = 0; *b && i < NODE_DEPTH_MAX; i++) {
		struct level *l = &(*b)->levels[i];

		buf_release(&l->node);
		buf_release(&l->name);
		buf_release(&l->first_name);
	}
	free(*b);
	*b = NULL;
}

int tree_builder_add(struct tree_builder *b, const struct tree_entry *e)
{
	int err = tree_entry_check(e, DV_E_INVALID);

	if (!err && (e->type < ENTRY_FILE || e->type > ENTRY_DIR))
		err = dv_fail(DV_E_INVALID, "'%s': unknown type", e->name);
	if (!err && !in_order(b, e))
		err = dv_fail(DV_E_INVALID, "'%s' is out of order", e->name);
	if (!err && !tree_total_add(&b->dir, e))
		err = dv_fail(DV_E_INVALID, "'%s': more than can be counted",
			      e->name);
	b->count++;
	return err ? err : add_entry(b, e);
}

int tree_builder_finish(struct tree_builder *b, struct tree_entry *out)
{
	int err = end_levels(b, &b->dir.content.id);

	if (!err)
		*out = b->dir;
	return err;
}

int tree_build(const struct tree_entry *entries, size_t count,
	       node_put_fn *put, void *data, struct tree_entry *out)
{
	DV_AUTO_TREE_BUILDER struct tree_builder *b =
		tree_builder_new(put, data);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = tree_builder_add(b, &entries[i]);
	return err ? err : tree_builder_finish(b, out);
}
