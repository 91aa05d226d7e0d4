#ifndef STORE_UNFOLD_H
#define STORE_UNFOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "store/tree.h"

/*
 * Directories that are the same are one node, so a few nodes may stand for
 * any number of paths: forty levels of two entries that name the same one
 * below are 2^40.  A walk from path to path, which cannot pass over what it
 * has seen, is ended here once it meets more directories than what was read
 * accounts for: UNFOLD_FREE, and UNFOLD_EACH for each entry, counted once
 * wherever its directory occurs.  Remembered are directories that have
 * others in them.
 */
struct unfold {
	struct id_map seen;
	uint64_t entries;	/* of all nodes in `seen` */
	uint64_t paths;		/* directories met */
};

#define UNFOLD_FREE	((uint64_t)1 << 18)
#define UNFOLD_EACH	64

/* Remembers a node; true at the first time. */
bool unfold_first(struct unfold *u, const struct dv_id *id);

/*
 * So many ways on down are met.  Returns 0 or DV_E_UNSUPPORTED, with
 * `name` in the text.
 */
int unfold_paths(struct unfold *u, const char *name, size_t count);

/* Both, for a node with so many entries, some of which lead on down. */
int unfold_node(struct unfold *u, const char *name, const struct dv_id *id,
		size_t entries, size_t down);

/* The same for a directory whose entries were all read. */
int unfold_dir(struct unfold *u, const char *name, const struct dv_id *id,
	       const struct tree_entry *entries, size_t count);

void unfold_release(struct unfold *u);

#endif
