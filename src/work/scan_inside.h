#ifndef WORK_SCAN_INSIDE_H
#define WORK_SCAN_INSIDE_H

/* Where a scan lies in memory; for scan.c and scan_result.c alone. */

#include "base/arena.h"
#include "base/spill.h"

struct dv_repo;

/* Entries that are passed over before they rest. */
#define SCAN_REST_ENTRIES	((size_t)16 << 10)

struct scan_private {
	struct spill spill;	/* of all arenas */
	struct arena own;	/* for scan_arena() */
	struct arena *arenas;	/* owned, one per worker */
	unsigned count;
};

/* With as many arenas; scan_release() frees it. */
struct scan_private *scan_private_new(struct dv_repo *repo, unsigned count);

#endif
