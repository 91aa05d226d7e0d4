#ifndef STORE_MIDX_H
#define STORE_MIDX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "store/pack.h"

/*
 * A merged index: where the objects of many packs lie, by the first eight
 * bytes of their ids (dvformat-midx(5)).  What it finds must be confirmed in
 * the index of the pack itself.  It is derived: it can be lost or damaged
 * and is made again.
 *
 *	header	32 bytes  "DVMX" 1 0 0 0 | u64 XXH3-64 of all from here to the
 *		end of checks | u32 packs | u8 bits | u8 class | u16 0 |
 *		u64 objects
 *	packs	packs x (id[32] | u32 part | u32 objects) = 40 bytes; part
 *		is MIDX_PACK, or the number of the part of a loose file that
 *		is named by id
 *	checks	u64 XXH3-64 of each block of MIDX_BLOCK bytes of fanout, of
 *		prefixes, of places
 *	fanout	u32[2^bits]: entries whose first `bits` bits are not above
 *	prefixes objects x u64, ascending: the first bytes of the id, read as
 *		big-endian number
 *	places	objects x (u32 pack | u32 slot in its index)
 *
 * Opening one looks at header, packs and checks; blocks are checked when
 * they are used first.
 */
#define MIDX_PACK	UINT32_MAX
#define MIDX_BLOCK	65536u

struct midx;

/* One of the packs. */
struct midx_row {
	struct dv_id id;
	uint32_t part;
	uint32_t objects;
};

/* 0, DV_E_NOTFOUND, DV_E_IO or DV_E_CORRUPT.  Give back: midx_close(). */
int midx_open(const char *path, struct midx **out);
void midx_close(struct midx *m);

enum object_class midx_class(const struct midx *m);

uint32_t midx_packs(const struct midx *m);
uint64_t midx_objects(const struct midx *m);
void midx_row_at(const struct midx *m, uint32_t number, struct midx_row *out);
/* None of it will be looked at in the next moment. */
void midx_rest(const struct midx *m);
/* True once it was found to be damaged or wrong: do not rely on it. */
bool midx_is_bad(const struct midx *m);

/*
 * The entries that may be of this id: [*from, *to).  False when there are
 * none.  Threads may look at once.
 */
bool midx_find(struct midx *m, const struct dv_id *id, uint64_t *from,
	       uint64_t *to);
/* What is at an entry.  False when it is damaged. */
bool midx_entry(struct midx *m, uint64_t at, uint32_t *pack, uint32_t *slot);
/*
 * Is this id where an entry that may be of it says?  If the pack has there
 * what cannot be of that entry, the merged index is bad: its checks tell of
 * damage, not of who wrote it.
 */
bool midx_confirm(struct midx *m, const struct pack *pack, uint32_t slot,
		  const struct dv_id *id);

/* What goes into a new one: a pack, or an older merged index. */
struct midx_source {
	struct pack *pack;		/* or NULL and: */
	struct midx *midx;
	uint32_t number;		/* of pack among the rows */
	const uint32_t *numbers;	/* of those of midx; UINT32_MAX: left
					   out */
};

/* The name of the one over these rows (in hex): the same for the same. */
void midx_name(enum object_class class, const struct midx_row *rows,
	       uint32_t count, struct dv_id *out);

/*
 * Writes one to path and opens it.  Where path cannot be written it is kept
 * in memory.  Needs memory for 1/256 of the entries.  DV_E_CORRUPT when a
 * source turns out to be damaged or wrong: then the merged ones are bad.
 */
int midx_write(const char *path, const char *temp_dir,
	       enum object_class class, const struct midx_row *rows,
	       uint32_t row_count, const struct midx_source *sources,
	       uint32_t source_count, struct midx **out);

#endif
