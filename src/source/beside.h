#ifndef SOURCE_BESIDE_H
#define SOURCE_BESIDE_H

#include <stdbool.h>

#include "source/clone.h"

/*
 * What was never pushed: a repository on this machine has its data in its own
 * store.  Copies what is selected of the commit from there, nothing
 * but the nodes with `nodes_only`.  That store is read only and trusted with
 * nothing: every object is held against its SHA-256.  DV_E_NOTFOUND when the
 * repository is not on this machine or its store has not all of it.
 */
int beside_take(const struct clone *c, const struct dv_selection *what,
		bool nodes_only);

#endif
