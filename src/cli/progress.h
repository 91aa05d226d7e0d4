#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#include "dv/progress.h"

/*
 * Shows what a long operation does, on standard error: a line that is
 * redrawn on a terminal once it takes longer than half a second; elsewhere a
 * plain line every ten seconds and at the end of a phase that took longer
 * than that.
 */
struct progress_view {
	bool quiet;
	bool terminal;
	bool shown;		/* a line is on the screen */
	const char *phase;
	double started, drawn;	/* monotonic seconds */
};

/* Fills *view, and returns what to hand to the library. */
struct dv_progress progress_show(struct progress_view *view, bool quiet);

/* Removes the line, so that something else can be printed. */
void progress_clear(struct progress_view *view);

#endif
