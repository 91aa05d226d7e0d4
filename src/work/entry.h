#ifndef WORK_ENTRY_H
#define WORK_ENTRY_H

#include "dv/work.h"

#include "store/tree.h"

/*
 * What callers are told of an entry of a tree.  `path` and the entry's target
 * are borrowed.
 */
void entry_shown(const struct tree_entry *e, const char *path,
		 struct dv_entry *out);

#endif
