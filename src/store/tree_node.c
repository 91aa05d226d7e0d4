#include "store/tree.h"

#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "store/node_code.h"
#include "store/tree_format.h"

/* The shortest entry: type, prefix, rest of one byte, that, size 0. */
#define ENTRY_LEAST	5

static int bad_tree(const char *what)
{
	return dv_fail(DV_E_CORRUPT, "tree node: %s", what);
}

/* One node on its way from bytes to memory. */
struct reading {
	struct cursor at;
	struct arena *arena;
	const uint8_t *begin;	/* of the node */
	unsigned level;
	uint32_t count;		/* all its entries */
	uint32_t done;		/* those read */
	const char *name;	/* of the last one */
	size_t name_len;
};

/*
 * The next name.  It must come after the one before, and share no more with
 * it than it says: there is one way to write a node.
 */
static int read_name(struct reading *r)
{
	uint64_t shared = cursor_varint(&r->at);
	uint64_t rest = cursor_varint(&r->at);
	const uint8_t *bytes;
	char *name;

	if (r->at.bad || shared > r->name_len || rest > ENTRY_NAME_MAX ||
	    shared + rest > ENTRY_NAME_MAX)
		return bad_tree("impossible length of a name");
	bytes = cursor_take(&r->at, rest);
	if (!bytes)
		return bad_tree("too short");
	/* all of the one before: longer; else it differs, upwards */
	if (r->done && (!rest || (shared < r->name_len &&
				  bytes[0] <= (uint8_t)r->name[shared])))
		return bad_tree("names out of order");
	name = arena_alloc(r->arena, shared + rest + 1);
	if (shared)
		memcpy(name, r->name, shared);
	memcpy(name + shared, bytes, rest);
	name[shared + rest] = '\0';
	r->name = name;
	r->name_len = shared + rest;
	if (!path_name_ok(r->name, r->name_len))
		return bad_tree("an impossible name");
	return 0;
}

/* To be called after each entry. */
static int check_end(struct reading *r)
{
	if (r->at.bad)
		return bad_tree("too short, or a bad number");
	r->done++;
	if (r->done < r->count &&
	    tree_node_ends(r->level, r->done, r->at.at - r->begin, r->name,
			   r->name_len))
		return bad_tree("goes on past its end");
	return 0;
}

static int read_id(struct reading *r, struct dv_id *out)
{
	const uint8_t *bytes = cursor_take(&r->at, DV_ID_SIZE);

	if (!bytes)
		return bad_tree("too short");
	memcpy(out->bytes, bytes, DV_ID_SIZE);
	return 0;
}

static int read_target(struct reading *r, struct tree_entry *e)
{
	uint64_t len = cursor_varint(&r->at);
	const uint8_t *bytes;

	if (r->at.bad || !len || len > ENTRY_TARGET_MAX)
		return bad_tree("impossible length of a target");
	bytes = cursor_take(&r->at, len);
	if (!bytes)
		return bad_tree("too short");
	if (memchr(bytes, '\0', len))
		return bad_tree("a target with a 0 byte");
	e->target = arena_copy(r->arena, bytes, len);
	return 0;
}

static int read_entry(struct reading *r, struct tree_entry *e)
{
	uint8_t type = cursor_u8(&r->at);
	int err;

	e->type = type & TREE_TYPE;
	if (e->type < ENTRY_FILE || e->type > ENTRY_DIR ||
	    type & ~(TREE_TYPE | TREE_EXECUTABLE | TREE_LIST) ||
	    (e->type != ENTRY_FILE && type != e->type))
		return bad_tree("unknown type of an entry");
	err = read_name(r);
	if (err)
		return err;
	e->name = r->name;
	e->name_len = r->name_len;
	e->executable = type & TREE_EXECUTABLE;
	if (e->type == ENTRY_SYMLINK) {
		err = read_target(r, e);
	} else {
		e->content.list = type & TREE_LIST;
		e->content.size = cursor_varint(&r->at);
		if (e->type == ENTRY_DIR)
			e->files = cursor_varint(&r->at);
		if (e->type == ENTRY_DIR || e->content.size)
			err = read_id(r, &e->content.id);
	}
	if (!err)
		err = check_end(r);
	return err ? err : tree_entry_check(e, DV_E_CORRUPT);
}

static int read_entries(struct reading *r, struct tree_entry **out)
{
	struct tree_entry dir = { .type = ENTRY_DIR };
	struct tree_entry *entries;

	entries = arena_alloc(r->arena, r->count * sizeof(*entries));
	for (uint32_t i = 0; i < r->count; i++) {
		int err;

		memset(&entries[i], 0, sizeof(entries[i]));
		err = read_entry(r, &entries[i]);
		if (err)
			return err;
		if (!tree_total_add(&dir, &entries[i]))
			return bad_tree("more than can be counted");
	}
	*out = entries;
	return 0;
}

static int read_children(struct reading *r, struct tree_child **out)
{
	struct tree_child *children;
	uint64_t all = 0;

	children = arena_alloc(r->arena, r->count * sizeof(*children));
	for (uint32_t i = 0; i < r->count; i++) {
		struct tree_child *child = &children[i];
		int err;

		if (cursor_u8(&r->at))
			return bad_tree("unknown type of an entry");
		err = read_name(r);
		if (err)
			return err;
		child->last_name = r->name;
		child->entries = cursor_varint(&r->at);
		err = read_id(r, &child->id);
		if (!err)
			err = check_end(r);
		if (err)
			return err;
		if (!child->entries || child->entries > SIZE_MOST - all)
			return bad_tree("impossible number of entries");
		all += child->entries;
	}
	*out = children;
	return 0;
}

int tree_node_decode(const uint8_t *data, size_t len, struct arena *arena,
		     struct tree_node *out)
{
	struct reading r = {
		.at = cursor_of(data, len),
		.arena = arena,
		.begin = data,
		.name = "",
	};
	int err;

	*out = (struct tree_node){ .level = 0 };
	err = node_head_decode(&r.at, NODE_MAGIC_TREE, "tree node",
			       TREE_NODE_MOST, ENTRY_LEAST, &out->level,
			       &r.count);
	if (err)
		return err;
	r.level = out->level;
	if (r.level && !r.count)
		return bad_tree("no entries");
	err = r.level ? read_children(&r, &out->children) :
			read_entries(&r, &out->entries);
	if (err)
		return err;
	if (cursor_left(&r.at))
		return bad_tree("bytes after its end");
	out->count = r.count;
	return 0;
}
