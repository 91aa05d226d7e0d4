#ifndef STORE_TREE_H
#define STORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/arena.h"
#include "base/buf.h"
#include "store/list.h"
#include "store/node.h"

/*
 * A directory: its entries, sorted by the raw bytes of their names, one
 * Merkle tree of nodes per directory, the same for the same entries whatever
 * their history (dvformat-node(5)).  Node: magic "DVTR" 1 0 0 0 | u8 level |
 * u32 count | entries.
 *
 *	level 0	u8 type | varint prefix shared with the name before |
 *		varint rest | rest |
 *		file: varint size | id[32] unless size is 0
 *		symlink: varint len | target
 *		dir: varint size | varint files | id[32]
 *	level n	u8 0 | (prefix, rest: the last name below) | varint entries
 *		below | id[32]
 *
 * type: 1 file, 2 symlink, 3 dir; | 0x10 executable, | 0x20 id is a list.
 * A node of level 0 ends after a name whose XXH3-64 has its last seven bits
 * zero, one of level n < 9 after bits 7n .. 7n+6 are, if it has two entries;
 * each at the latest with 1024 entries or once it is longer than 256 KiB.
 * An empty directory is one node with no entries.
 */
enum entry_type {
	ENTRY_FILE = 1,
	ENTRY_SYMLINK = 2,
	ENTRY_DIR = 3,
};

#define ENTRY_NAME_MAX	4096	/* bytes; path_name_ok() holds too */
#define ENTRY_TARGET_MAX 65536

struct tree_entry {
	const char *name;	/* 0-terminated, borrowed */
	size_t name_len;
	enum entry_type type;
	bool executable;	/* files only */
	struct content content;	/* files: what it holds; dirs: id of the root
				   node and bytes of all below */
	uint64_t files;		/* dirs: files and symlinks below */
	const char *target;	/* symlinks: where to, 0-terminated */
};

/*
 * Makes the nodes of one directory from its entries, sorted and without
 * equals (DV_E_INVALID otherwise).  Nodes go to `put`.  `out` becomes the
 * directory's own entry: type, content.id, content.size, files.
 */
int tree_build(const struct tree_entry *entries, size_t count,
	       node_put_fn *put, void *data, struct tree_entry *out);

/*
 * The same, entry by entry; texts are copied.  tree_builder_finish() fills
 * `out`; tree_builder_free() comes after it, too.
 */
struct tree_builder *tree_builder_new(node_put_fn *put, void *data);
int tree_builder_add(struct tree_builder *b, const struct tree_entry *e);
int tree_builder_finish(struct tree_builder *b, struct tree_entry *out);
void tree_builder_free(struct tree_builder **b);
#define DV_AUTO_TREE_BUILDER	__attribute__((cleanup(tree_builder_free)))

/* The directory without entries; tree_read() needs no store for it. */
extern const struct dv_id tree_empty;

/*
 * All entries of the directory whose root node is `id`, in order.  Names and
 * targets are copied into `arena`.  *entries is allocated there too.
 * Checks order, names and limits: what comes out is safe to use.
 */
int tree_read(struct store_reader *r, const struct dv_id *id,
	      struct arena *arena, struct tree_entry **entries,
	      size_t *count);

/*
 * The same for a directory that may be long: of all its nodes those on the way
 * are in memory.  Checked is what was told so far.
 */
struct tree_cursor {
	struct store_reader *reader;	/* borrowed */
	struct dv_id root;
	struct tree_step *steps;	/* owned; the nodes on the way */
	unsigned depth;
	bool begun;
	struct dv_id node;		/* at hand, and what it has */
	const struct tree_entry *entries;
	size_t count, next;
	struct buf last;		/* name of the last entry before */
	struct tree_entry total;
};

#define DV_AUTO_TREE_CURSOR	__attribute__((cleanup(tree_cursor_close)))

void tree_cursor_open(struct tree_cursor *c, struct store_reader *r,
		      const struct dv_id *id);
/*
 * The next entry, good until the next call.  Returns 1, 0 at the end, or an
 * error.
 */
int tree_cursor_next(struct tree_cursor *c, const struct tree_entry **out);
/*
 * All entries of the next node that has any, whatever was told of the one
 * before; tree_cursor_next() begins with its first.
 */
int tree_cursor_node(struct tree_cursor *c, const struct tree_entry **entries,
		     size_t *count);
/* True when no node comes after the one at hand. */
bool tree_cursor_is_last(const struct tree_cursor *c);
void tree_cursor_close(struct tree_cursor *c);

/* Calls fn for each node.  A non-zero return ends it and is returned. */
int tree_each(struct store_reader *r, const struct dv_id *id,
	      int (*fn)(void *data, const struct tree_entry *entries,
			size_t count), void *data);
/* With name and target copied into the arena. */
void tree_entry_copy(struct arena *arena, const struct tree_entry *from,
		     struct tree_entry *out);

/*
 * One entry by name, reading only the nodes on the way to it.  Returns 1, 0
 * when there is no such name, or an error (DV_E_NOTFOUND: the store lacks a
 * node).  Name and target live in `arena`.
 */
int tree_find(struct store_reader *r, const struct dv_id *id,
	      const char *name, struct arena *arena,
	      struct tree_entry *out);

/*
 * The entry at a relative path below `root` ("" gives the directory
 * itself).  DV_E_NOTFOUND names the path.
 */
int tree_resolve(struct store_reader *r, const struct tree_entry *root,
		 const char *path, struct arena *arena,
		 struct tree_entry *out);

/* An entry of an inner node. */
struct tree_child {
	const char *last_name;
	uint64_t entries;
	struct dv_id id;
};

/* One node, decoded; what it has is in an arena. */
struct tree_node {
	unsigned level;
	struct tree_entry *entries;	/* level 0, else NULL */
	struct tree_child *children;	/* other levels, else NULL */
	size_t count;
};

int tree_node_decode(const uint8_t *data, size_t len, struct arena *arena,
		     struct tree_node *out);
/* Out of the store, as it is: not held against what its parent says. */
int tree_node_load(struct store_reader *r, const struct dv_id *id,
		   struct arena *arena, struct tree_node *out);

/*
 * The file node: "DVFI" 1 0 0 0 | u8 flags (1 executable, 2 list) |
 * u64 size | id[32] (zeros when size is 0).
 */
int file_node_encode(const struct content *c, bool executable,
		     struct buf *out, struct dv_id *id);
int file_node_decode(const uint8_t *data, size_t len, struct content *out,
		     bool *executable);

#endif
