#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "chunk/compress.h"

/*
 * Chunks and nodes are both "objects": bytes with an id.  They never share
 * a pack, an index or a lookup, so that the bytes of a chunk can never pass
 * for a node.
 */
enum object_class {
	OBJECT_DATA = 0,	/* chunks */
	OBJECT_META = 1,	/* nodes */
};

#define OBJECT_CLASSES	2
/* Most bytes of one object of either class. */
#define OBJECT_MAX	(1u << 20)

/* An object in memory, on its way into the store. */
struct object {
	struct dv_id id;
	const uint8_t *data;	/* borrowed */
	uint32_t len;
};

/* Where the bytes of an object lie: in frame `frame` of `pack`. */
struct place {
	struct pack *pack;	/* borrowed from the store */
	uint32_t slot;		/* of the object in the pack's index */
	uint32_t frame;		/* number of the frame in the pack */
	uint32_t offset;	/* in the raw bytes of the frame */
	uint32_t len;		/* raw bytes of the object */
	uint64_t check;		/* XXH3-64 of the raw bytes */
};

#endif
