#ifndef MIGRATE_INGEST_H
#define MIGRATE_INGEST_H

#include "migrate/held.h"
#include "migrate/object_name.h"
#include "work/record.h"

/*
 * Takes bytes into the store while they are held against their name, by one
 * thread: `w` is its worker of the recorder.  *right: they are what the name
 * says, and *out is their content.  Otherwise what of them is in the store by
 * then is nobody's.  `name` NULL: whatever they are is right.  A failure to
 * read them is *trouble as well.
 */
int ingest(struct recorder *r, struct record_worker *w,
	   const struct held *held, const struct object_name *name,
	   bool *right, bool *trouble, struct content *out);

#endif
