#include "transfer/condemned.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/random.h"
#include "chunk/check.h"

#define MAGIC_SIZE	8
#define REMOVING_AT	5
#define HEAD_SIZE	32
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

static void magic_of(bool removing, uint8_t out[MAGIC_SIZE])
{
	memcpy(out, "DVGC\1\0\0", MAGIC_SIZE);
	out[REMOVING_AT] = removing;
}

static void encode(const struct condemned *c, struct buf *out)
{
	uint8_t head[HEAD_SIZE], check[8];

	magic_of(c->removing, head);
	store_u64(head + 8, c->look_ns);
	store_u64(head + 16, c->state);
	store_u32(head + 24, c->packs.count);
	store_u32(head + 28, c->roots.count);
	buf_add(out, head, sizeof(head));
	id_map_each(&c->packs, add_id, out);
	id_map_each(&c->roots, add_id, out);
	store_u64(check, check64(out->data, out->len));
	buf_add(out, check, sizeof(check));
}

int condemned_write(struct endpoint *e, struct condemned *c)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct remote_source source = { .fd = -1 };
	uint64_t before = c->state;
	int err;

	c->state = random_below(UINT64_MAX) + 1;
	encode(c, &bytes);
	source.bytes = (const uint8_t *)bytes.data;
	source.len = bytes.len;
	err = remote_put(e->remote, REMOTE_PENDING, &source, NULL, NULL);
	if (err)	/* what is there is what was */
		c->state = before;
	return err;
}

static void read_ids(const uint8_t *data, uint32_t count, struct id_map *out)
{
	for (uint32_t i = 0; i < count; i++) {
		struct dv_id id;

		memcpy(id.bytes, data + (size_t)i * DV_ID_SIZE, DV_ID_SIZE);
		id_map_put(out, &id, 0, NULL);
	}
}

/* The head alone: what does not depend on the ids. */
static int decode_head(const uint8_t *data, size_t len, struct condemned *c)
{
	uint8_t magic[MAGIC_SIZE];

	if (len >= MAGIC_SIZE && !memcmp(data, "DVGC", 4) && data[4] != 1)
		return dv_fail(DV_E_UNSUPPORTED, "%s: written by a newer dv",
			       REMOTE_PENDING);
	c->removing = len > REMOVING_AT && data[REMOVING_AT] == 1;
	magic_of(c->removing, magic);
	if (len < HEAD_SIZE || memcmp(data, magic, MAGIC_SIZE) ||
	    !load_u64(data + 16))
		return dv_fail(DV_E_CORRUPT, "%s: not what gc writes",
			       REMOTE_PENDING);
	c->look_ns = load_u64(data + 8);
	c->state = load_u64(data + 16);
	return 0;
}

int condemned_decode(const uint8_t *data, size_t len, struct condemned *c)
{
	uint32_t packs, roots;
	int err;

	memset(c, 0, sizeof(*c));
	err = decode_head(data, len, c);
	if (err)
		return err;
	packs = load_u32(data + 24);
	roots = load_u32(data + 28);
	if (packs > CONDEMNED_MAX || roots > CONDEMNED_MAX ||
	    len != HEAD_SIZE + 8 + ((size_t)packs + roots) * DV_ID_SIZE ||
	    load_u64(data + len - 8) != check64(data, len - 8))
		return dv_fail(DV_E_CORRUPT, "%s: damaged", REMOTE_PENDING);
	read_ids(data + HEAD_SIZE, packs, &c->packs);
	read_ids(data + HEAD_SIZE + (size_t)packs * DV_ID_SIZE, roots,
		 &c->roots);
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
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct condemned now = { .state = 0 };
	int err = remote_get_buf(e->remote, REMOTE_PENDING, 0, HEAD_SIZE,
				 HEAD_SIZE, &bytes);

	if (!err)
		err = decode_head((const uint8_t *)bytes.data, bytes.len,
				  &now);
	if (err == DV_E_NOTFOUND)
		err = 0;
	*changed = now.state != c->state;
	return err;
}
