#include "transfer/condemned.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "chunk/check.h"

static const uint8_t magic[8] = { 'D', 'V', 'G', 'C', 1, 0, 0, 0 };

#define HEAD_SIZE	24
#define BYTES_MAX	(HEAD_SIZE + 8 + 2 * (size_t)CONDEMNED_MAX * DV_ID_SIZE)

void condemned_release(struct condemned *c)
{
	id_map_release(&c->packs);
	id_map_release(&c->roots);
	memset(c, 0, sizeof(*c));
}

static int add_id(const struct dv_id *id, uint64_t value, void *data)
{
	(void)value;
	buf_add(data, id->bytes, DV_ID_SIZE);
	return 0;
}

void condemned_encode(const struct condemned *c, struct buf *out)
{
	uint8_t number[8];
	size_t start = out->len;

	buf_add(out, magic, sizeof(magic));
	store_u64(number, c->look_ns);
	buf_add(out, number, sizeof(number));
	store_u32(number, c->packs.count);
	store_u32(number + 4, c->roots.count);
	buf_add(out, number, sizeof(number));
	id_map_each(&c->packs, add_id, out);
	id_map_each(&c->roots, add_id, out);
	store_u64(number, check64(out->data + start, out->len - start));
	buf_add(out, number, sizeof(number));
}

static void read_ids(const uint8_t *data, uint32_t count, struct id_map *out)
{
	for (uint32_t i = 0; i < count; i++) {
		struct dv_id id;

		memcpy(id.bytes, data + (size_t)i * DV_ID_SIZE, DV_ID_SIZE);
		id_map_put(out, &id, 0, NULL);
	}
}

int condemned_decode(const uint8_t *data, size_t len, struct condemned *c)
{
	uint32_t packs, roots;

	memset(c, 0, sizeof(*c));
	if (len >= sizeof(magic) && !memcmp(data, magic, 4) && data[4] != 1)
		return dv_fail(DV_E_UNSUPPORTED, "%s: written by a newer dv",
			       REMOTE_PENDING);
	if (len < HEAD_SIZE + 8 || memcmp(data, magic, sizeof(magic)))
		return dv_fail(DV_E_CORRUPT, "%s: not what gc writes",
			       REMOTE_PENDING);
	packs = load_u32(data + 16);
	roots = load_u32(data + 20);
	if (packs > CONDEMNED_MAX || roots > CONDEMNED_MAX ||
	    len != HEAD_SIZE + 8 + ((size_t)packs + roots) * DV_ID_SIZE ||
	    load_u64(data + len - 8) != check64(data, len - 8))
		return dv_fail(DV_E_CORRUPT, "%s: damaged", REMOTE_PENDING);
	read_ids(data + HEAD_SIZE, packs, &c->packs);
	read_ids(data + HEAD_SIZE + (size_t)packs * DV_ID_SIZE, roots,
		 &c->roots);
	c->look_ns = load_u64(data + 8);
	c->state = load_u64(data + len - 8) | 1;
	c->nonce = condemned_any(c) ? c->state : 0;
	return 0;
}

int condemned_read(struct endpoint *e, struct condemned *c)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	int err = remote_get_buf(e->remote, REMOTE_PENDING, 0, UINT64_MAX,
				 BYTES_MAX, &bytes);

	condemned_release(c);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	return condemned_decode((const uint8_t *)bytes.data, bytes.len, c);
}

int condemned_changed(struct endpoint *e, const struct condemned *c,
		      bool *changed)
{
	struct condemned now = { .state = 0 };
	int err = condemned_read(e, &now);

	*changed = now.state != c->state;
	condemned_release(&now);
	return err;
}
