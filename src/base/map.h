#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

/*
 * From ids to a 64-bit value.  Open addressing.  Ids may come from a stranger
 * who did not hash anything to make them, so slots are chosen by a hash with
 * a key of this process.  Not for use by several threads at once.
 */
struct id_map {
	struct id_map_slot *slots;	/* owned */
	size_t count;
	size_t room;			/* 0 or a power of two */
};

#define ID_MAP_INIT	{ NULL, 0, 0 }
#define DV_AUTO_ID_MAP	__attribute__((cleanup(id_map_release)))

/*
 * The value kept for id, or NULL.  The pointer holds until the next
 * id_map_put().
 */
uint64_t *id_map_get(const struct id_map *m, const struct dv_id *id);

/*
 * Adds id with value unless it is there already.  Returns a pointer to the
 * value that is kept now; *added (may be NULL) says which of the two it was.
 */
uint64_t *id_map_put(struct id_map *m, const struct dv_id *id, uint64_t value,
		     bool *added);

/* Calls fn for each id; a non-zero return stops and is returned. */
int id_map_each(const struct id_map *m,
		int (*fn)(const struct dv_id *id, uint64_t value, void *data),
		void *data);

void id_map_release(struct id_map *m);

#endif
