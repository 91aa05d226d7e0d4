#ifndef BASE_METER_H
#define BASE_METER_H

#include <stdatomic.h>

#include "dv/progress.h"

/*
 * Counts progress from many threads and reports it at most ten times a
 * second.  A meter with nobody listening costs an atomic add.
 */
struct meter {
	struct dv_progress to;
	const char *phase;
	const char *unit;
	_Atomic uint64_t done_bytes, total_bytes;
	_Atomic uint64_t done_items, total_items;
	_Atomic int64_t next_ns;	/* monotonic time of the next report */
	atomic_flag busy;
};

/* `to` may be NULL.  Both texts are constants. */
void meter_start(struct meter *m, const struct dv_progress *to,
		 const char *phase, const char *unit);
void meter_total(struct meter *m, uint64_t bytes, uint64_t items);
void meter_add(struct meter *m, uint64_t bytes, uint64_t items);
/* The last report of the phase, with finished = 1. */
void meter_finish(struct meter *m);

#endif
