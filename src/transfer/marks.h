#ifndef TRANSFER_MARKS_H
#define TRANSFER_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "store/pack.h"

/*
 * A set of objects, as one bit per object of the packs they lie in: ten
 * million of them take little more than a megabyte, and come out in the
 * order of the files.  A pack of which all are in it takes no bits.
 */
struct mark {
	struct pack *pack;	/* borrowed */
	uint64_t *bits;		/* owned; by slot in the pack's index; NULL:
				   all are set */
	uint32_t count;		/* bits set */
	uint64_t raw;		/* raw bytes of these objects */
	uint32_t stamp;		/* the owner's */
};

struct marks {
	struct id_map by_id;	/* of packs */
	struct mark *items;	/* owned; in the order packs were first met */
	size_t count, room;
	size_t last;		/* number of the mark used last */
};

#define MARKS_INIT	{ .items = NULL }
#define DV_AUTO_MARKS	__attribute__((cleanup(marks_release)))

/* The mark of a pack, made when there is none yet; number in *number. */
struct mark *marks_of(struct marks *m, struct pack *pack, size_t *number);
/* The same, or NULL when there is none. */
const struct mark *marks_find(const struct marks *m, const struct dv_id *pack);
/* Sets the bit of an object.  True when it was not set before. */
bool marks_set(struct marks *m, const struct place *place, size_t *number);
bool marks_has(const struct marks *m, const struct place *place);
/* Sets all that are set in `from`. */
void marks_add(struct marks *m, const struct marks *from);
/* Clears it.  True when it was set before. */
bool marks_clear(struct marks *m, const struct place *place);
void marks_release(struct marks *m);

static inline bool mark_has(const struct mark *k, uint32_t slot)
{
	return !k->bits || k->bits[slot / 64] >> slot % 64 & 1;
}

/* Raw bytes of all objects of a pack. */
uint64_t pack_raw_bytes(const struct pack *p);

#endif
