#ifndef STORE_NODE_CODE_H
#define STORE_NODE_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "store/list.h"

/*
 * What list and tree nodes have in common: eight bytes of magic, the level,
 * the number of entries; and how a Merkle tree of such nodes grows: when the
 * second node of a level is complete, a level above it begins.  So the root is
 * the one node of the highest level, and no node above it has one entry
 * merely to hold it.
 */
#define NODE_MAGIC_LIST	"DVLS\1\0\0\0"
#define NODE_MAGIC_TREE	"DVTR\1\0\0\0"
#define NODE_MAGIC_FILE	"DVFI\1\0\0\0"
#define NODE_MAGIC_SIZE	8
#define NODE_HEADER_SIZE 13	/* magic | u8 level | u32 count */
/* Most bytes that a file or all below a directory may be said to have. */
#define SIZE_MOST	((uint64_t)INT64_MAX)

/* Begins a list or tree node in the (empty) buffer. */
void node_begin(struct buf *node, const char *magic, unsigned level);
/* Fills in the count and gives the node its id. */
void node_end(struct buf *node, uint32_t count, struct object *out);

/*
 * Reads magic, level and count.  Returns 0; DV_E_UNSUPPORTED for a later
 * version; DV_E_CORRUPT for anything else, a level out of range, or more
 * entries than `most` or than there are bytes for at `least` bytes each.
 * `what` is for the message.
 */
int node_head_decode(struct cursor *c, const char *magic, const char *what,
		     uint32_t most, size_t least, unsigned *level,
		     uint32_t *count);

/* The magic alone, for nodes of other kinds: 0 or as above. */
int node_magic_decode(struct cursor *c, const char *magic, const char *what);

/*
 * May a file have this content: zeros when empty, one chunk, or a list of at
 * least two, of which only the last may be tiny?
 */
bool content_ok(const struct content *c);

#endif
