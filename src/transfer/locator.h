#ifndef TRANSFER_LOCATOR_H
#define TRANSFER_LOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/buf.h"
#include "store/place.h"

/*
 * What lies at a remote, by name (dvprotocol-remote(7)): the marker, packs,
 * and root locators.  A root locator says which packs hold everything below
 * a root:
 *
 *	"DVRL" 1 0 0 0 | root id[32] | u32 count | u32 0 |
 *	count x (id[32] | u64 size | u64 index length | u32 objects |
 *	u8 class | 3 zeros) | u64 XXH3-64 of all before
 *
 * Packs are sorted, meta packs first, then by id, without equals.
 */
#define REMOTE_MARKER		"dv-remote"
#define REMOTE_MARKER_TEXT	"dv-remote 1\n"
#define REMOTE_MARKER_MAX	4096u		/* bytes */
#define REMOTE_PACKS		"packs/"
#define REMOTE_ROOTS		"roots/"

#define LOCATOR_PACKS_MAX	(1u << 20)
#define LOCATOR_HEADER_SIZE	48
#define LOCATOR_ENTRY_SIZE	56
/* Most bytes of a locator. */
#define LOCATOR_MAX	(LOCATOR_HEADER_SIZE + 8 + \
			 (size_t)LOCATOR_PACKS_MAX * LOCATOR_ENTRY_SIZE)

/* Most bytes of a pack at a remote. */
#define PACK_REF_SIZE_MAX	((uint64_t)1 << 36)

/* A pack at a remote, as locators and have/ name it. */
struct pack_ref {
	struct dv_id id;
	uint64_t size;		/* of the pack, bytes */
	uint64_t index_len;	/* of its index, bytes, without the tail */
	uint32_t objects;
	enum object_class class;
};

/* True when the numbers can be those of a pack. */
bool pack_ref_ok(const struct pack_ref *p);
bool pack_ref_equal(const struct pack_ref *a, const struct pack_ref *b);
/* The 56 bytes of an entry. */
void pack_ref_encode(const struct pack_ref *p, struct buf *out);
/* Reads 56 bytes; false when they are not those of a usable entry. */
bool pack_ref_decode(const uint8_t *bytes, struct pack_ref *out);

struct locator {
	struct dv_id root;
	struct pack_ref *packs;	/* owned */
	size_t count, room;
};

#define LOCATOR_INIT	{ .packs = NULL }
#define DV_AUTO_LOCATOR	__attribute__((cleanup(locator_release)))

void locator_add(struct locator *l, const struct pack_ref *p);
/* Sorts, drops equals, and appends the bytes to *out. */
int locator_encode(struct locator *l, struct buf *out);
/*
 * Reads a locator, which must be that of `root`.  Returns 0, DV_E_CORRUPT,
 * or DV_E_UNSUPPORTED for a version this dv does not know.  Strict: any
 * bytes that locator_encode() would not write are refused.
 */
int locator_decode(const uint8_t *data, size_t len, const struct dv_id *root,
		   struct locator *out);
void locator_release(struct locator *l);

/* Names at the remote, appended to *out. */
void remote_pack_name(const struct dv_id *id, struct buf *out);
void remote_root_name(const struct dv_id *id, struct buf *out);
/* The id that packs/<2 hex>/<hex> names; false when it is no such name. */
bool remote_pack_id(const char *name, struct dv_id *out);
/* Likewise of roots/. */
bool remote_root_id(const char *name, struct dv_id *out);

/*
 * Checks the marker's text.  DV_E_UNSUPPORTED when it names a version or a
 * feature that this dv does not know, DV_E_CORRUPT when it is no marker.
 * `url` is for messages.
 */
int remote_marker_check(const char *text, size_t len, const char *url);

#endif
