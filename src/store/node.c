#include "store/node_code.h"

#include <assert.h>

#include "dv/chunk.h"

#include "base/error.h"
#include "chunk/sha256.h"

void node_begin(struct buf *node, const char *magic, unsigned level)
{
	assert(!node->len && level < NODE_DEPTH_MAX);
	buf_add(node, magic, NODE_MAGIC_SIZE);
	buf_add_u8(node, level);
	buf_add_u32(node, 0);
}

void node_end(struct buf *node, uint32_t count, struct object *out)
{
	assert(node->len <= NODE_MAX);
	store_u32(node->data + NODE_HEADER_SIZE - 4, count);
	out->data = (const uint8_t *)node->data;
	out->len = node->len;
	sha256(out->data, out->len, &out->id);
}

int node_magic_decode(struct cursor *c, const char *magic, const char *what)
{
	const uint8_t *bytes;

	if (cursor_left(c) > NODE_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: too long", what);
	bytes = cursor_take(c, NODE_MAGIC_SIZE);
	if (!bytes || memcmp(bytes, magic, 4))
		return dv_fail(DV_E_CORRUPT, "%s: wrong magic", what);
	if (memcmp(bytes, magic, NODE_MAGIC_SIZE))
		return dv_hint(dv_fail(DV_E_UNSUPPORTED,
				       "%s: version %u is not known here",
				       what, bytes[4]),
			       "a newer dv may read it");
	return 0;
}

int node_head_decode(struct cursor *c, const char *magic, const char *what,
		     uint32_t most, size_t least, unsigned *level,
		     uint32_t *count)
{
	int err = node_magic_decode(c, magic, what);

	if (err)
		return err;
	*level = cursor_u8(c);
	*count = cursor_u32(c);
	if (c->bad)
		return dv_fail(DV_E_CORRUPT, "%s: too short", what);
	if (*level >= NODE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: level %u is too high", what,
			       *level);
	if (*count > most || *count > cursor_left(c) / least)
		return dv_fail(DV_E_CORRUPT, "%s: %u entries are too many",
			       what, *count);
	return 0;
}

bool content_ok(const struct content *c)
{
	static const struct dv_id zeros;

	if (c->size > SIZE_MOST)
		return false;
	if (!c->size)
		return !c->list && dv_id_equal(&c->id, &zeros);
	return c->list ? c->size > DV_CHUNK_MIN : c->size <= DV_CHUNK_MAX;
}
