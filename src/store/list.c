#include "store/list.h"

#include <stdlib.h>
#include <string.h>

#include "dv/chunk.h"

#include "base/array.h"
#include "base/error.h"
#include "store/node_code.h"

#define ENTRIES_LEAST	16	/* of a node, but for the last of a level */
#define ENTRIES_MOST	512
#define END_MASK	0x7f	/* of the id's last byte */
/* A leaf entry has one byte of length at least. */
#define ENTRY_LEAST	(1 + DV_ID_SIZE)

struct entry {
	struct dv_id id;
	uint64_t bytes, chunks;
};

struct level {
	struct buf node;	/* being filled; empty: not begun */
	uint32_t count;		/* entries in it */
	uint64_t bytes, chunks;	/* below it */
	uint64_t nodes;		/* complete */
	struct entry first;	/* the first of them, kept back until there is
				   a second */
};

struct list_builder {
	node_put_fn *put;
	void *data;
	uint64_t size, chunks;
	struct dv_id chunk;	/* the last one */
	struct level levels[NODE_DEPTH_MAX];
};

static bool node_ends(uint32_t count, const struct dv_id *id)
{
	return count >= ENTRIES_MOST ||
	       (count >= ENTRIES_LEAST &&
		!(id->bytes[DV_ID_SIZE - 1] & END_MASK));
}

struct list_builder *list_builder_new(node_put_fn *put, void *data)
{
	struct list_builder *b = xcalloc(1, sizeof(*b));

	b->put = put;
	b->data = data;
	for (int i = 0; i < NODE_DEPTH_MAX; i++)
		b->levels[i].node = (struct buf)BUF_INIT;
	return b;
}

void list_builder_free(struct list_builder *b)
{
	if (!b)
		return;
	for (int i = 0; i < NODE_DEPTH_MAX; i++)
		buf_release(&b->levels[i].node);
	free(b);
}

static int add_entry(struct list_builder *b, unsigned n,
		     const struct entry *entry);

/* Completes the node of level n and tells the level above. */
static int end_node(struct list_builder *b, unsigned n)
{
	struct level *l = &b->levels[n];
	struct object object;
	struct entry entry;
	int err;

	node_end(&l->node, l->count, &object);
	err = b->put(b->data, &object);
	if (err)
		return err;
	entry = (struct entry){ object.id, l->bytes, l->chunks };
	buf_clear(&l->node);
	l->count = 0;
	l->bytes = l->chunks = 0;
	if (!l->nodes++) {
		l->first = entry;
		return 0;
	}
	err = l->nodes == 2 ? add_entry(b, n + 1, &l->first) : 0;
	return err ? err : add_entry(b, n + 1, &entry);
}

static int add_entry(struct list_builder *b, unsigned n,
		     const struct entry *entry)
{
	struct level *l = &b->levels[n];

	/* sixteen to a node: 2^64 chunks do not get there */
	if (n >= NODE_DEPTH_MAX)
		return dv_fail(DV_E_INVALID, "list of chunks: too long");
	if (!l->count)
		node_begin(&l->node, NODE_MAGIC_LIST, n);
	buf_add_varint(&l->node, entry->bytes);
	if (n)
		buf_add_varint(&l->node, entry->chunks);
	buf_add(&l->node, entry->id.bytes, DV_ID_SIZE);
	l->count++;
	l->bytes += entry->bytes;
	l->chunks += entry->chunks;
	return node_ends(l->count, &entry->id) ? end_node(b, n) : 0;
}

int list_builder_add(struct list_builder *b, const struct dv_id *chunk,
		     uint32_t len)
{
	const struct entry entry = { *chunk, len, 1 };

	if (!len || len > DV_CHUNK_MAX)
		return dv_fail(DV_E_INVALID, "list of chunks: one of %u bytes",
			       len);
	b->size += len;
	if (b->size > SIZE_MOST)
		return dv_fail(DV_E_INVALID, "list of chunks: too long");
	b->chunks++;
	b->chunk = *chunk;
	return add_entry(b, 0, &entry);
}

/* Ends the last node of each level, up to the one that has a single node. */
static int end_levels(struct list_builder *b, struct dv_id *root)
{
	for (unsigned n = 0; n < NODE_DEPTH_MAX; n++) {
		struct level *l = &b->levels[n];
		int err = l->count ? end_node(b, n) : 0;

		if (err)
			return err;
		if (l->nodes == 1) {
			*root = l->first.id;
			return 0;
		}
	}
	return dv_fail(DV_E_INVALID, "list of chunks: too long");
}

int list_builder_finish(struct list_builder *b, struct content *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	out->size = b->size;
	out->list = b->chunks > 1;
	if (out->list)
		err = end_levels(b, &out->id);
	else if (b->chunks)
		out->id = b->chunk;
	list_builder_free(b);
	return err;
}

static int bad_list(const char *what)
{
	return dv_fail(DV_E_CORRUPT, "list node: %s", what);
}

int list_node_decode(const uint8_t *data, size_t len, unsigned *level,
		     int (*fn)(void *data, const struct dv_id *id,
			       uint64_t bytes, uint64_t chunks),
		     void *fn_data)
{
	struct cursor c = cursor_of(data, len);
	uint64_t all_bytes = 0;
	uint32_t count;
	int err = node_head_decode(&c, NODE_MAGIC_LIST, "list node",
				   ENTRIES_MOST, ENTRY_LEAST, level, &count);

	if (err)
		return err;
	if (!count)
		return bad_list("no entries");
	for (uint32_t i = 1; i <= count; i++) {
		uint64_t bytes = cursor_varint(&c);
		uint64_t chunks = *level ? cursor_varint(&c) : 1;
		const uint8_t *id_bytes = cursor_take(&c, DV_ID_SIZE);
		struct dv_id id;

		if (!id_bytes)
			return bad_list("too short, or a bad number");
		memcpy(id.bytes, id_bytes, DV_ID_SIZE);
		if (!chunks || bytes < chunks ||
		    bytes > (*level ? SIZE_MOST - all_bytes : DV_CHUNK_MAX))
			return bad_list("impossible sizes");
		all_bytes += bytes;
		if (i < count && node_ends(i, &id))
			return bad_list("goes on past its end");
		err = fn ? fn(fn_data, &id, bytes, chunks) : 0;
		if (err)
			return err;
	}
	return cursor_left(&c) ? bad_list("bytes after its end") : 0;
}
