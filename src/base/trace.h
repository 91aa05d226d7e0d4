#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdint.h>

/*
 * Where the time of a command goes.  DV_TRACE=1 writes a line per region to
 * standard error, DV_TRACE=<absolute path> appends to that file: nanoseconds
 * since start, duration in microseconds, thread, region, and what
 * trace_note() adds.  DV_TRACE=sum writes a table at the end instead: for each
 * region the time and CPU time in it and not in regions inside it, the time
 * with them, and how often.  Off, a region costs one load and a branch.
 *
 *	TRACE_REGION("add: hash");	(until the end of the scope)
 */
struct trace_region {
	const char *name;
	int64_t start_ns;
};

extern int trace_on;

/* -1 and errno when what DV_TRACE says cannot be done; EINVAL: not known. */
int trace_init(void);
void trace_leave(struct trace_region *r);
struct trace_region trace_enter(const char *name);
__attribute__((format(printf, 1, 2)))
void trace_note(const char *fmt, ...);

#define TRACE_JOIN2(a, b) a##b
#define TRACE_JOIN(a, b) TRACE_JOIN2(a, b)
#define TRACE_REGION(name) \
	__attribute__((cleanup(trace_leave), unused)) \
	struct trace_region TRACE_JOIN(trace_, __LINE__) = \
		trace_on ? trace_enter(name) : (struct trace_region){ 0 }

#endif
