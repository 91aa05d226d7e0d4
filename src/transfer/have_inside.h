#ifndef TRANSFER_HAVE_INSIDE_H
#define TRANSFER_HAVE_INSIDE_H

#include "transfer/have.h"

/*
 * What the files of `have` share.  h->mutex is held by whoever calls these,
 * but for have_merged_close().
 */

/* No pack of `have`. */
#define HAVE_NONE	UINT32_MAX

/* --- have_index.c ------------------------------------------------------- */

/* Its ids can be looked up, by its index or a merged one. */
static inline bool have_pack_known(const struct have_pack *p)
{
	return p->index || (p->merged && !p->here);
}

/* As have_index_open(), whatever merged indexes say. */
int have_pack_open(struct have *h, uint32_t number);

/* --- have_merged.c ------------------------------------------------------ */

/* Takes in those that are in the folder, the first time. */
void have_merged_load(struct have *h);
/* Makes one of the packs that are in none, if they are many. */
void have_merged_make(struct have *h, enum object_class class);
/*
 * Drops those that are of no use; the packs of a damaged one are opened, as
 * far as they can be.
 */
void have_merged_settle(struct have *h, enum object_class class);
/* Closes all; removes those that would be of little use. */
void have_merged_close(struct have *h);

#endif
