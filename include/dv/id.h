#ifndef DV_ID_H
#define DV_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * The name of an object: the SHA-256 (FIPS 180-4) of its bytes.  Chunks are
 * hashed as they are; list, tree and file nodes begin with a magic of their
 * own (dvformat-node(5)) and are kept apart from chunks in the store.
 */
#define DV_ID_SIZE	32	/* bytes */
#define DV_ID_HEX	64	/* hex digits, without a final 0 */

struct dv_id {
	uint8_t bytes[DV_ID_SIZE];
};

static inline bool dv_id_equal(const struct dv_id *a, const struct dv_id *b)
{
	return !memcmp(a->bytes, b->bytes, DV_ID_SIZE);
}

static inline int dv_id_compare(const struct dv_id *a, const struct dv_id *b)
{
	return memcmp(a->bytes, b->bytes, DV_ID_SIZE);
}

/* Writes 64 lower-case hex digits and a final 0 into hex. */
void dv_id_to_hex(const struct dv_id *id, char hex[DV_ID_HEX + 1]);

/*
 * Reads exactly 64 lower-case hex digits; what follows them is not looked
 * at.  Returns 0 or DV_E_INVALID.
 */
int dv_id_from_hex(const char *hex, struct dv_id *out);

#endif
