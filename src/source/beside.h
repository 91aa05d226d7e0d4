#ifndef SOURCE_BESIDE_H
#define SOURCE_BESIDE_H

#include "source/entry.h"

/*
 * What was never pushed: a repository on this machine has its data in its own
 * store.  Copies what is recorded at or below the place from there, nothing
 * but the nodes with `nodes_only`.  That store is read only and trusted with
 * nothing: every object is held against its SHA-256.  DV_E_NOTFOUND when the
 * repository is not on this machine or its store has not all of it.
 */
int beside_take(const struct clone *c, const struct source_entry *p,
		bool nodes_only);

#endif
