#ifndef SOURCE_TAKEN_H
#define SOURCE_TAKEN_H

#include "migrate/listing.h"
#include "store/store.h"

/*
 * What each file of a folder at a URL held when it was taken: so a next time
 * only those are downloaded that have another size or version.  The file is
 * derived; without it all of them are.  Records: "<size> <l|c> <64 hex>
 * <version>", 0, "<path>", 0; the last one of a path counts.
 */

/* Marks as found, in a sorted listing, what is known and in the store. */
int taken_apply(const char *path, struct store *store, struct listing *l);
/* Adds what items[0..count) hold, for a run that goes on after a kill. */
int taken_append(const char *path, const struct listing_entry *items,
		size_t count);
/* Replaces it by what is in the listing. */
int taken_write(const char *path, const struct listing *l);

#endif
