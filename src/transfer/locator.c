#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/error.h"
#include "chunk/check.h"
#include "store/pack.h"
#include "transfer/locator.h"

static const uint8_t locator_magic[8] = { 'D', 'V', 'R', 'L', 1, 0, 0, 0 };

/* An index has its header and fanout, and so much for each object. */
#define INDEX_LEN_MIN	(24 + 4 * 256)
#define INDEX_PER_OBJECT 56

bool pack_ref_ok(const struct pack_ref *p)
{
	if (p->class != OBJECT_DATA && p->class != OBJECT_META)
		return false;
	if (p->size > PACK_REF_SIZE_MAX || p->index_len > PACK_INDEX_MAX)
		return false;
	if (!p->objects || p->index_len < INDEX_LEN_MIN +
	    (uint64_t)p->objects * INDEX_PER_OBJECT)
		return false;
	return p->size > PACK_HEADER_SIZE + p->index_len + PACK_TAIL_SIZE;
}

bool pack_ref_equal(const struct pack_ref *a, const struct pack_ref *b)
{
	return dv_id_equal(&a->id, &b->id) && a->size == b->size &&
	       a->index_len == b->index_len && a->objects == b->objects &&
	       a->class == b->class;
}

void pack_ref_encode(const struct pack_ref *p, struct buf *out)
{
	static const uint8_t zeros[3];

	buf_add(out, p->id.bytes, DV_ID_SIZE);
	buf_add_u64(out, p->size);
	buf_add_u64(out, p->index_len);
	buf_add_u32(out, p->objects);
	buf_add_u8(out, p->class);
	buf_add(out, zeros, sizeof(zeros));
}

bool pack_ref_decode(const uint8_t *bytes, struct pack_ref *out)
{
	uint8_t class = bytes[52];

	if (class > OBJECT_META || bytes[53] || bytes[54] || bytes[55])
		return false;
	memcpy(out->id.bytes, bytes, DV_ID_SIZE);
	out->size = load_u64(bytes + 32);
	out->index_len = load_u64(bytes + 40);
	out->objects = load_u32(bytes + 48);
	out->class = class;
	return pack_ref_ok(out);
}

void locator_add(struct locator *l, const struct pack_ref *p)
{
	ARRAY_GROW(l->packs, l->count + 1, l->room);
	l->packs[l->count++] = *p;
}

static int compare_refs(const void *a, const void *b)
{
	const struct pack_ref *x = a, *y = b;

	if (x->class != y->class)
		return x->class == OBJECT_META ? -1 : 1;
	return dv_id_compare(&x->id, &y->id);
}

int locator_encode(struct locator *l, struct buf *out)
{
	size_t start = out->len, n = 0;

	if (l->count)
		qsort(l->packs, l->count, sizeof(*l->packs), compare_refs);
	for (size_t i = 0; i < l->count; i++)
		if (!n || !dv_id_equal(&l->packs[n - 1].id, &l->packs[i].id))
			l->packs[n++] = l->packs[i];
	l->count = n;
	if (n > LOCATOR_PACKS_MAX)
		return dv_fail(DV_E_UNSUPPORTED,
			       "a root of %zu packs is more than a locator "
			       "can name", n);

	buf_add(out, locator_magic, sizeof(locator_magic));
	buf_add(out, l->root.bytes, DV_ID_SIZE);
	buf_add_u32(out, n);
	buf_add_u32(out, 0);
	for (size_t i = 0; i < n; i++)
		pack_ref_encode(&l->packs[i], out);
	buf_add_u64(out, check64(out->data + start, out->len - start));
	return 0;
}

static int bad_locator(const struct dv_id *root, const char *what)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(root, hex);
	return dv_fail(DV_E_CORRUPT, "locator of %.12s: %s", hex, what);
}

int locator_decode(const uint8_t *data, size_t len, const struct dv_id *root,
		   struct locator *out)
{
	uint32_t count;
	const uint8_t *entry;

	*out = (struct locator)LOCATOR_INIT;
	out->root = *root;
	if (len < LOCATOR_HEADER_SIZE + 8 || memcmp(data, locator_magic, 4))
		return bad_locator(root, "not a root locator");
	if (memcmp(data + 4, locator_magic + 4, 4))
		return dv_fail(DV_E_UNSUPPORTED, "root locator of a version "
			       "that needs a newer dv");
	if (memcmp(data + 8, root->bytes, DV_ID_SIZE))
		return bad_locator(root, "names another root");
	count = load_u32(data + 40);
	if (load_u32(data + 44) || count > LOCATOR_PACKS_MAX ||
	    len != LOCATOR_HEADER_SIZE + 8 +
		   (size_t)count * LOCATOR_ENTRY_SIZE)
		return bad_locator(root, "bad length");
	if (load_u64(data + len - 8) != check64(data, len - 8))
		return bad_locator(root, "does not match its check");

	ARRAY_GROW(out->packs, count, out->room);
	entry = data + LOCATOR_HEADER_SIZE;
	for (uint32_t i = 0; i < count; i++, entry += LOCATOR_ENTRY_SIZE) {
		struct pack_ref *p = &out->packs[i];

		if (!pack_ref_decode(entry, p) ||
		    (i && compare_refs(p - 1, p) >= 0)) {
			locator_release(out);
			return bad_locator(root, "bad entry");
		}
		out->count++;
	}
	return 0;
}

void locator_release(struct locator *l)
{
	free(l->packs);
	l->packs = NULL;
	l->count = l->room = 0;
}

/* --- names ------------------------------------------------------------- */

static void add_name(const char *folder, const struct dv_id *id,
		     struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(id, hex);
	buf_addf(out, "%s%.2s/%s", folder, hex, hex);
}

void remote_pack_name(const struct dv_id *id, struct buf *out)
{
	add_name(REMOTE_PACKS, id, out);
}

void remote_root_name(const struct dv_id *id, struct buf *out)
{
	add_name(REMOTE_ROOTS, id, out);
}

static bool name_id(const char *folder, const char *name, struct dv_id *out)
{
	size_t skip = strlen(folder);

	return strlen(name) == skip + 3 + DV_ID_HEX &&
	       !strncmp(name, folder, skip) &&
	       name[skip + 2] == '/' &&
	       !strncmp(name + skip, name + skip + 3, 2) &&
	       !dv_id_from_hex(name + skip + 3, out);
}

bool remote_pack_id(const char *name, struct dv_id *out)
{
	return name_id(REMOTE_PACKS, name, out);
}

bool remote_root_id(const char *name, struct dv_id *out)
{
	return name_id(REMOTE_ROOTS, name, out);
}

int remote_marker_check(const char *text, size_t len, const char *url)
{
	size_t known = strlen(REMOTE_MARKER_TEXT);

	if (len == known && !memcmp(text, REMOTE_MARKER_TEXT, known))
		return 0;
	if (len < 10 || memcmp(text, "dv-remote ", 10))
		return dv_fail(DV_E_CORRUPT, "%s: the file %s there is not "
			       "dv's", url, REMOTE_MARKER);
	return dv_fail(DV_E_UNSUPPORTED, "%s: this remote needs a newer dv",
		       url);
}
