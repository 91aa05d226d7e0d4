#ifndef STORE_NODE_H
#define STORE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "dv/id.h"

/*
 * Nodes: the metadata objects.  Their bytes begin with eight bytes of magic
 * "DV" kind[2] version[1] 0 0 0; their id is the SHA-256 of all their bytes.
 * A node is at most NODE_MAX bytes.  dvformat-node(5) has the layouts.
 *
 *	"DVLS" 1  list: the chunks of one file (list.h)
 *	"DVTR" 1  tree: the entries of one directory (tree.h)
 *	"DVFI" 1  file: what a pointer of a single file names (node_file)
 */
#define NODE_MAX	(1u << 20)	/* bytes */
#define NODE_DEPTH_MAX	16		/* levels of a list or tree, and
					   4096 nested directories */
#define TREE_DEPTH_MAX	4096

/*
 * The content of one file: nothing (size 0), one chunk (id is the chunk's),
 * or a list of chunks (id is the root list node's).
 */
struct content {
	struct dv_id id;	/* all zero when size is 0 */
	uint64_t size;		/* bytes */
	bool list;
};

#endif
