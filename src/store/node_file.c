#include "store/tree.h"

#include <string.h>

#include "base/error.h"
#include "chunk/sha256.h"
#include "store/node_code.h"

#define FILE_EXECUTABLE	1
#define FILE_LIST	2
#define FILE_FLAGS	(FILE_EXECUTABLE | FILE_LIST)

int file_node_encode(const struct content *c, bool executable,
		     struct buf *out, struct dv_id *id)
{
	if (!content_ok(c))
		return dv_fail(DV_E_INVALID, "file node: impossible sizes");
	buf_clear(out);
	buf_add(out, NODE_MAGIC_FILE, NODE_MAGIC_SIZE);
	buf_add_u8(out, (executable ? FILE_EXECUTABLE : 0) |
			(c->list ? FILE_LIST : 0));
	buf_add_u64(out, c->size);
	buf_add(out, c->id.bytes, DV_ID_SIZE);
	sha256(out->data, out->len, id);
	return 0;
}

int file_node_decode(const uint8_t *data, size_t len, struct content *out,
		     bool *executable)
{
	struct cursor c = cursor_of(data, len);
	int err = node_magic_decode(&c, NODE_MAGIC_FILE, "file node");
	struct content content;
	const uint8_t *id;
	uint8_t flags;

	if (err)
		return err;
	flags = cursor_u8(&c);
	content.size = cursor_u64(&c);
	content.list = flags & FILE_LIST;
	id = cursor_take(&c, DV_ID_SIZE);
	if (!id || cursor_left(&c))
		return dv_fail(DV_E_CORRUPT, "file node: wrong length");
	memcpy(content.id.bytes, id, DV_ID_SIZE);
	if (flags & ~FILE_FLAGS)
		return dv_fail(DV_E_CORRUPT, "file node: unknown flags");
	if (!content_ok(&content))
		return dv_fail(DV_E_CORRUPT, "file node: impossible sizes");
	*out = content;
	*executable = flags & FILE_EXECUTABLE;
	return 0;
}
