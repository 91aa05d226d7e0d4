#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define DEPTH_MOST	16	/* deeper regions have no notes and no sums */
#define NAMES_MOST	64	/* of a sum; more than one command has */

int trace_on;

static bool summing;		/* instead of a line per region */
static int trace_fd = -1;
static int64_t trace_start_ns;
static atomic_uint threads_seen;

/* A region that a thread is in. */
struct level {
	char note[96];
	int64_t cpu_ns;		/* the thread's CPU time when it began */
	int64_t inside_ns, inside_cpu_ns;	/* of regions inside it */
};

static __thread struct {
	unsigned number;	/* 0: not given yet */
	unsigned depth;
	struct level levels[DEPTH_MOST];
} here;

/* All regions of a name; "own" is without the regions inside. */
struct sum {
	const char *name;
	uint64_t calls;
	int64_t all_ns, own_ns, own_cpu_ns;
};

static struct sum sums[NAMES_MOST];
static size_t sum_count;
static pthread_mutex_t sum_mutex = PTHREAD_MUTEX_INITIALIZER;

static int by_own_time(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return (x->own_ns < y->own_ns) - (x->own_ns > y->own_ns);
}

static void print_sums(void)
{
	qsort(sums, sum_count, sizeof(*sums), by_own_time);
	dprintf(trace_fd, "   own ms    cpu ms    all ms   calls  region\n");
	for (size_t i = 0; i < sum_count; i++)
		dprintf(trace_fd, "%9.3f %9.3f %9.3f %7llu  %s\n",
			sums[i].own_ns / 1e6, sums[i].own_cpu_ns / 1e6,
			sums[i].all_ns / 1e6,
			(unsigned long long)sums[i].calls, sums[i].name);
}

int trace_init(void)
{
	const char *where = getenv("DV_TRACE");

	if (trace_on || !where || !*where || !strcmp(where, "0"))
		return 0;
	errno = EINVAL;
	summing = !strcmp(where, "sum");
	if (*where == '/')
		trace_fd = open(where,
				O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				0666);
	else if (!strcmp(where, "1") || summing)
		trace_fd = STDERR_FILENO;
	if (trace_fd < 0)
		return -1;
	trace_start_ns = clock_monotonic_ns();
	trace_on = 1;
	if (summing)
		atexit(print_sums);
	return 0;
}

static int64_t thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return timespec_ns(&t);
}

/* sum_mutex is held.  NULL when there are too many. */
static struct sum *sum_of(const char *name)
{
	for (size_t i = 0; i < sum_count; i++)
		if (!strcmp(sums[i].name, name))
			return &sums[i];
	if (sum_count == NAMES_MOST)
		return NULL;
	sums[sum_count].name = name;
	return &sums[sum_count++];
}

/* The region that this thread leaves took so long; it is level `depth`. */
static void add_to_sum(const char *name, unsigned depth, int64_t ns)
{
	struct level *level = &here.levels[depth];
	int64_t cpu_ns = thread_cpu_ns() - level->cpu_ns;
	struct sum *sum;

	if (depth) {
		level[-1].inside_ns += ns;
		level[-1].inside_cpu_ns += cpu_ns;
	}
	pthread_mutex_lock(&sum_mutex);
	sum = sum_of(name);
	if (sum) {
		sum->calls++;
		sum->all_ns += ns;
		sum->own_ns += ns - level->inside_ns;
		sum->own_cpu_ns += cpu_ns - level->inside_cpu_ns;
	}
	pthread_mutex_unlock(&sum_mutex);
}

struct trace_region trace_enter(const char *name)
{
	if (here.depth < DEPTH_MOST) {
		struct level *level = &here.levels[here.depth];

		level->note[0] = '\0';
		level->inside_ns = level->inside_cpu_ns = 0;
		if (summing)
			level->cpu_ns = thread_cpu_ns();
	}
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
	if (summing) {
		if (here.depth < DEPTH_MOST)
			add_to_sum(r->name, here.depth, now - r->start_ns);
		return;
	}
	if (here.depth < DEPTH_MOST)
		note = here.levels[here.depth].note;
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
	vsnprintf(here.levels[here.depth - 1].note,
		  sizeof(here.levels[0].note), fmt, ap);
	va_end(ap);
}
