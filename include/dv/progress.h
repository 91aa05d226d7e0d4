#ifndef DV_PROGRESS_H
#define DV_PROGRESS_H

#include <stdint.h>

/*
 * What a long operation reports while it runs.  The library calls the
 * function from any of its threads, one call at a time, at most about ten
 * times a second and once at the end of each phase; it must be quick and
 * must not call back into libdv.
 */
struct dv_progress_event {
	const char *phase;	/* "adding", "uploading" ...: a constant */
	uint64_t done_bytes;
	uint64_t total_bytes;	/* 0: not known yet */
	uint64_t done_items;	/* files, packs: whatever `unit` says */
	uint64_t total_items;	/* 0: not known yet */
	const char *unit;	/* "files", "packs", a constant string */
	int finished;		/* 1 in the last event of a phase */
};

typedef void dv_progress_cb(const struct dv_progress_event *event,
			    void *data);

struct dv_progress {
	dv_progress_cb *report;	/* NULL: nobody listens */
	void *data;
};

/*
 * Asks every running operation of this process to stop at its next safe
 * point with DV_E_INTERRUPTED.  May be called from a signal handler.
 */
void dv_cancel(void);

#endif
