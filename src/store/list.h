#ifndef STORE_LIST_H
#define STORE_LIST_H

#include <stdint.h>

#include "dv/id.h"

#include "store/node.h"
#include "store/store.h"

/*
 * A file as the list of its chunks: a Merkle tree of list nodes, the same
 * for the same chunks (dvformat-node(5)).  Node: magic "DVLS" 1 0 0 0 |
 * u8 level | u32 count | entries.  Leaf entry (level 0): varint bytes |
 * id[32]; inner: varint bytes below | varint chunks below | id[32].  A node
 * ends after an entry whose id has its last seven bits zero, but not before
 * 16 entries and at the latest with 512.
 */
struct list_builder;

/* Nodes go to `put` as soon as they are complete, children first. */
typedef int node_put_fn(void *data, const struct object *node);

struct list_builder *list_builder_new(node_put_fn *put, void *data);
int list_builder_add(struct list_builder *b, const struct dv_id *chunk,
		     uint32_t len);
/* Frees the builder too.  One chunk: out->list is false. */
int list_builder_finish(struct list_builder *b, struct content *out);
void list_builder_free(struct list_builder *b);

/*
 * Walks the chunks of a file in order, from any offset.
 *
 * A few nodes may stand for any number of chunks.  What is done for each byte
 * is bounded by these; so that there are not many more steps than that, a list
 * of more chunks than LIST_CHUNKS_FREE whose mean is below LIST_CHUNK_MEAN
 * bytes is DV_E_CORRUPT.  Who does nothing for each byte calls
 * list_walk_once().
 */
struct list_walk;

#define LIST_CHUNKS_FREE	((uint64_t)1 << 18)
#define LIST_CHUNK_MEAN		1024

int list_walk_open(struct store_reader *r, const struct content *c,
		   uint64_t offset, struct list_walk **out);
/*
 * The next chunk: its id, its first byte in the file and its length.
 * Returns 1, 0 at the end, or an error (a missing node: DV_E_NOTFOUND; sizes
 * that do not add up: DV_E_CORRUPT).
 */
int list_walk_next(struct list_walk *w, struct dv_id *id, uint64_t *offset,
		   uint32_t *len);
/*
 * From now on passes over the chunks below nodes that were entered before: each
 * chunk comes once at least, which is enough to find out whether all are here.
 * Memory: some 50 bytes for each node.
 */
void list_walk_once(struct list_walk *w);
void list_walk_close(struct list_walk *w);

/*
 * Pure decoder, for transfer and fuzzing: checks the node and calls fn for
 * each entry (chunks is 1 at level 0).  *level is set before the first call.
 */
int list_node_decode(const uint8_t *data, size_t len, unsigned *level,
		     int (*fn)(void *data, const struct dv_id *id,
			       uint64_t bytes, uint64_t chunks),
		     void *fn_data);

#endif
