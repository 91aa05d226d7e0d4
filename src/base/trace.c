#include "base/trace.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define DEPTH_MOST	8	/* deeper regions have no notes */

int trace_on;

static int trace_fd = -1;
static int64_t trace_start_ns;
static atomic_uint threads_seen;

static __thread struct {
	unsigned number;	/* 0: not given yet */
	unsigned depth;
	char note[DEPTH_MOST][96];
} here;

void trace_init(void)
{
	const char *where = getenv("DV_TRACE");

	if (trace_on || !where || !*where || !strcmp(where, "0"))
		return;
	if (*where == '/')
		trace_fd = open(where,
				O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				0666);
	else if (!strcmp(where, "1"))
		trace_fd = STDERR_FILENO;
	trace_start_ns = clock_monotonic_ns();
	trace_on = trace_fd >= 0;
}

struct trace_region trace_enter(const char *name)
{
	if (here.depth < DEPTH_MOST)
		here.note[here.depth][0] = '\0';
	here.depth++;
	return (struct trace_region){ name, clock_monotonic_ns() };
}

void trace_leave(struct trace_region *r)
{
	const char *note = "";
	int64_t now;
	char line[256];
	int len;

	if (!r->name)
		return;
	now = clock_monotonic_ns();
	here.depth--;
	if (here.depth < DEPTH_MOST)
		note = here.note[here.depth];
	if (!here.number)
		here.number = 1 + atomic_fetch_add(&threads_seen, 1);
	len = snprintf(line, sizeof(line), "%lld %lld %u %s%s%s\n",
		       (long long)(r->start_ns - trace_start_ns),
		       (long long)((now - r->start_ns) / 1000), here.number,
		       r->name, *note ? ": " : "", note);
	if (len >= (int)sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	if (write(trace_fd, line, len) < 0)
		trace_on = 0;	/* a full disk is no reason to stop the work */
}

void trace_note(const char *fmt, ...)
{
	va_list ap;

	if (!trace_on || !here.depth || here.depth > DEPTH_MOST)
		return;
	va_start(ap, fmt);
	vsnprintf(here.note[here.depth - 1], sizeof(here.note[0]), fmt, ap);
	va_end(ap);
}
