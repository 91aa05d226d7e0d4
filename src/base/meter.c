#include "base/meter.h"

#include <sched.h>

#include "base/clock.h"

#define REPORT_NS	100000000	/* at least between two reports */

void meter_start(struct meter *m, const struct dv_progress *to,
		 const char *phase, const char *unit)
{
	m->to = to ? *to : (struct dv_progress){ NULL, NULL };
	m->phase = phase;
	m->unit = unit;
	atomic_init(&m->done_bytes, 0);
	atomic_init(&m->total_bytes, 0);
	atomic_init(&m->done_items, 0);
	atomic_init(&m->total_items, 0);
	atomic_init(&m->next_ns, 0);
	atomic_flag_clear(&m->busy);
}

/* To be called by who has set m->busy. */
static void report(struct meter *m, int finished)
{
	struct dv_progress_event event = {
		.phase = m->phase,
		.done_bytes = atomic_load(&m->done_bytes),
		.total_bytes = atomic_load(&m->total_bytes),
		.done_items = atomic_load(&m->done_items),
		.total_items = atomic_load(&m->total_items),
		.unit = m->unit,
		.finished = finished,
	};

	m->to.report(&event, m->to.data);
}

static void report_when_due(struct meter *m)
{
	int64_t now;

	if (!m->to.report)
		return;
	now = clock_monotonic_ns();
	if (now < atomic_load_explicit(&m->next_ns, memory_order_relaxed) ||
	    atomic_flag_test_and_set(&m->busy))
		return;
	/* Another thread may have been here between the two tests. */
	if (now >= atomic_load(&m->next_ns)) {
		atomic_store(&m->next_ns, now + REPORT_NS);
		report(m, 0);
	}
	atomic_flag_clear(&m->busy);
}

void meter_total(struct meter *m, uint64_t bytes, uint64_t items)
{
	atomic_store(&m->total_bytes, bytes);
	atomic_store(&m->total_items, items);
	report_when_due(m);
}

void meter_add(struct meter *m, uint64_t bytes, uint64_t items)
{
	if (bytes)
		atomic_fetch_add_explicit(&m->done_bytes, bytes,
					  memory_order_relaxed);
	if (items)
		atomic_fetch_add_explicit(&m->done_items, items,
					  memory_order_relaxed);
	report_when_due(m);
}

void meter_finish(struct meter *m)
{
	if (!m->to.report)
		return;
	while (atomic_flag_test_and_set(&m->busy))
		sched_yield();
	report(m, 1);
	atomic_flag_clear(&m->busy);
}
