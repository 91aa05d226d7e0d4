#ifndef KEEP_LOST_H
#define KEEP_LOST_H

#include "base/map.h"
#include "store/store.h"

/*
 * Objects that were found damaged, or went with a damaged file, and are not
 * here since.  Kept in the store's file `lost` (dvformat-store(5)) until they
 * are back: when the damaged file is in quarantine nothing else tells them
 * from what was never fetched.
 */
struct lost {
	struct id_map objects[OBJECT_CLASSES];
	bool changed;		/* since they were read */
};

/* A file that cannot be read is as if there were none. */
void lost_read(struct store *s, struct lost *l);
void lost_add(struct lost *l, enum object_class class,
	      const struct dv_id *id);
bool lost_has(const struct lost *l, enum object_class class,
	      const struct dv_id *id);
/* Drops what is here again, and writes the rest if it is not what was read. */
int lost_write(struct store *s, struct lost *l);
void lost_release(struct lost *l);

#endif
