#ifndef STORE_TREE_FORMAT_H
#define STORE_TREE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/tree.h"

/*
 * What writing and reading tree nodes share (dvformat-node(5)).
 */
#define TREE_TYPE	0x0f	/* of the first byte of an entry */
#define TREE_EXECUTABLE	0x10
#define TREE_LIST	0x20

#define TREE_NODE_MOST	1024u		/* entries */
#define TREE_NODE_BYTES	(256u << 10)

/*
 * Does a node of this level end here: it has `count` entries and `bytes`
 * bytes with its header, and name is the last entry's?
 */
bool tree_node_ends(unsigned level, uint32_t count, size_t bytes,
		    const char *name, size_t len);

/*
 * Is this what a tree may have: name, target, flags and sizes?  Returns 0 or
 * `code`, with a text that has the name in it.
 */
int tree_entry_check(const struct tree_entry *e, int code);

/*
 * Adds an entry to what is below a directory.  False when that cannot be
 * counted any more.
 */
bool tree_total_add(struct tree_entry *dir, const struct tree_entry *e);

/* What a parent says about a node.  For a root nothing is known. */
struct tree_expected {
	bool root;
	unsigned level;
	const struct tree_child *child;
};

/*
 * As tree_node_load(), and holds the node against what its parent says of it.
 */
int tree_node_read(struct store_reader *r, const struct dv_id *id,
		   const struct tree_expected *x, struct arena *arena,
		   struct tree_node *out);

#endif
