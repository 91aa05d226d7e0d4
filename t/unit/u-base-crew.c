#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dv/progress.h"

#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/meter.h"
#include "base/process.h"

struct seen {
	atomic_uint calls;
	atomic_uint workers;	/* a bit each */
	pthread_t caller;
	atomic_bool zero_is_caller;
};

static int look(struct crew *crew, unsigned worker, void *data)
{
	struct seen *s = data;

	assert_false(crew_failed(crew));
	atomic_fetch_add(&s->calls, 1);
	atomic_fetch_or(&s->workers, 1u << worker);
	if (!worker)
		s->zero_is_caller = pthread_equal(pthread_self(), s->caller);
	return 0;
}

static void each_worker_runs_once(void **state)
{
	for (unsigned n = 1; n <= 8; n++) {
		struct seen s = { .caller = pthread_self() };

		(void)state;
		assert_int_equal(crew_run(n, look, &s), 0);
		assert_int_equal(s.calls, n);
		assert_int_equal(s.workers, (1u << n) - 1);
		assert_true(s.zero_is_caller);
	}
}

/* Worker 2 fails; the others fail later, because of it. */
static int fail_after_2(struct crew *crew, unsigned worker, void *data)
{
	(void)data;
	if (worker == 2)
		return dv_hint(dv_fail(DV_E_CORRUPT, "pack %d is bad", 17),
			       "do %s", "something");
	while (!crew_failed(crew))
		sched_yield();
	return dv_fail(DV_E_IO, "worker %u gave up", worker);
}

static void the_first_failure_wins_with_its_text(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		dv_fail(DV_E_IO, "before");
		assert_int_equal(crew_run(4, fail_after_2, NULL),
				 DV_E_CORRUPT);
		assert_string_equal(dv_error_text(), "pack 17 is bad");
		assert_string_equal(dv_error_hint(), "do something");
	}
}

static int wait_for_cancel(struct crew *crew, unsigned worker, void *data)
{
	(void)data;
	if (worker == 1)
		dv_cancel();
	while (!crew_failed(crew))
		sched_yield();
	return 0;
}

static void cancelled_is_not_done(void **state)
{
	(void)state;
	assert_int_equal(crew_run(3, wait_for_cancel, NULL),
			 DV_E_INTERRUPTED);
	assert_int_equal(cancel_check(), DV_E_INTERRUPTED);
	assert_int_equal(clock_sleep_ms(60000), DV_E_INTERRUPTED);
	cancel_reset();
	assert_int_equal(cancel_check(), 0);
}

struct steps {
	struct turnstile turn;
	atomic_uint next_step;
	unsigned order[500];
	unsigned count;		/* guarded by the turnstile only */
	unsigned fail_at;
};

static int take_steps(struct crew *crew, unsigned worker, void *data)
{
	struct steps *s = data;

	(void)worker;
	for (;;) {
		unsigned step = atomic_fetch_add(&s->next_step, 1);

		if (step >= 500)
			return 0;
		if (step == s->fail_at)
			return dv_fail(DV_E_IO, "step %u", step);
		/* be late with every third */
		if (step % 3 == 0)
			sched_yield();
		if (!turnstile_enter(&s->turn, step, crew))
			return dv_fail(DV_E_IO, "no turn");
		s->order[s->count++] = step;
		turnstile_leave(&s->turn);
	}
}

static void a_turnstile_keeps_the_order(void **state)
{
	struct steps s = { .fail_at = 1000 };

	(void)state;
	turnstile_init(&s.turn);
	assert_int_equal(crew_run(4, take_steps, &s), 0);
	assert_int_equal(s.count, 500);
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(s.order[i], i);
	turnstile_release(&s.turn);
}

static void a_failure_frees_those_at_the_turnstile(void **state)
{
	struct steps s = { .fail_at = 250 };

	(void)state;
	turnstile_init(&s.turn);
	assert_int_equal(crew_run(4, take_steps, &s), DV_E_IO);
	assert_string_equal(dv_error_text(), "step 250");
	assert_true(s.count <= 250);
	for (unsigned i = 0; i < s.count; i++)
		assert_int_equal(s.order[i], i);
	turnstile_release(&s.turn);
}

struct calls {
	_Atomic unsigned times[100];
	_Atomic unsigned workers;
	size_t fails_at;
};

static int call(void *data, unsigned worker, size_t i)
{
	struct calls *c = data;

	atomic_fetch_add(&c->times[i], 1);
	atomic_fetch_or(&c->workers, 1u << worker);
	return i == c->fails_at ? dv_fail(DV_E_IO, "number %zu", i) : 0;
}

static void each_is_called_once(void **state)
{
	struct calls c = { .fails_at = 1000 };

	(void)state;
	assert_int_equal(crew_each(4, 0, call, &c), 0);
	assert_int_equal(c.workers, 0);
	/* no more threads than there is to do */
	assert_int_equal(crew_each(4, 1, call, &c), 0);
	assert_int_equal(c.workers, 1);
	assert_int_equal(c.times[0], 1);
	assert_int_equal(crew_each(4, 100, call, &c), 0);
	assert_int_equal(c.times[0], 2);
	for (size_t i = 1; i < 100; i++)
		assert_int_equal(c.times[i], 1);
	/* one thread: nothing is begun after the failure */
	c.fails_at = 50;
	assert_int_equal(crew_each(1, 100, call, &c), DV_E_IO);
	assert_string_equal(dv_error_text(), "number 50");
	assert_int_equal(c.times[50], 2);
	assert_int_equal(c.times[51], 1);
	/* what has to be finished is, cancelled or not */
	dv_cancel();
	assert_int_equal(crew_each(4, 100, call, &c), DV_E_INTERRUPTED);
	assert_int_equal(c.times[0], 3);
	c.fails_at = 1000;
	assert_int_equal(crew_each_uncancelled(4, 100, call, &c), 0);
	assert_int_equal(c.times[0], 4);
	assert_int_equal(c.times[99], 2);
	cancel_reset();
}

static void crews_have_a_size(void **state)
{
	(void)state;
	assert_int_equal(crew_size(3), 3);
	assert_int_equal(crew_size(1000000), 1024);
	assert_in_range(crew_size(0), 1, 1024);
}

struct heard {
	atomic_int inside;
	unsigned calls, finished;
	uint64_t last_bytes, last_items;
};

static void hear(const struct dv_progress_event *e, void *data)
{
	struct heard *h = data;

	assert_int_equal(atomic_fetch_add(&h->inside, 1), 0);
	assert_true(e->done_bytes >= h->last_bytes);
	h->last_bytes = e->done_bytes;
	h->last_items = e->done_items;
	h->calls++;
	h->finished += e->finished;
	assert_string_equal(e->phase, "adding");
	atomic_fetch_sub(&h->inside, 1);
}

static int count_up(struct crew *crew, unsigned worker, void *data)
{
	(void)crew;
	(void)worker;
	for (int i = 0; i < 20000; i++)
		meter_add(data, 3, 1);
	return 0;
}

static void progress_comes_one_at_a_time_and_seldom(void **state)
{
	struct heard h = { 0 };
	struct dv_progress to = { hear, &h };
	int64_t start = clock_monotonic_ns(), tenths;
	struct meter m;

	(void)state;
	meter_start(&m, &to, "adding", "files");
	assert_int_equal(crew_run(4, count_up, &m), 0);
	meter_finish(&m);
	tenths = (clock_monotonic_ns() - start) / 100000000;
	assert_in_range(h.calls, 2, 2 + tenths + 1);
	assert_int_equal(h.finished, 1);
	assert_int_equal(h.last_bytes, 240000);
	assert_int_equal(h.last_items, 80000);
	meter_start(&m, NULL, "adding", "files");
	meter_total(&m, 1, 1);
	meter_add(&m, 1, 1);
	meter_finish(&m);
}

static void children_get_and_give_bytes(void **state)
{
	static const char *const cat[] = { "cat", NULL };
	static const char *const ignore[] = { "true", NULL };
	static const char *const fail[] = { "sh", "-c", "exit 3", NULL };
	static const char *const none[] = { "dv-no-such-program", NULL };
	const size_t len = 3 << 20;
	DV_AUTO_BUF struct buf in = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;

	(void)state;
	buf_reserve(&in, len);
	memset(in.data, 'x', len);
	buf_setlen(&in, len);
	/* more than pipes hold, both ways */
	assert_int_equal(process_run(cat, in.data, len, &out), 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, in.data, len);
	/* who does not listen is no reason for a SIGPIPE */
	buf_clear(&out);
	assert_int_equal(process_run(ignore, in.data, len, &out), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(process_run(fail, NULL, 0, &out), DV_E_IO);
	assert_string_equal(dv_error_text(), "sh failed with exit code 3");
	assert_int_equal(process_run(none, NULL, 0, &out), DV_E_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_worker_runs_once),
		cmocka_unit_test(the_first_failure_wins_with_its_text),
		cmocka_unit_test(cancelled_is_not_done),
		cmocka_unit_test(a_turnstile_keeps_the_order),
		cmocka_unit_test(a_failure_frees_those_at_the_turnstile),
		cmocka_unit_test(each_is_called_once),
		cmocka_unit_test(crews_have_a_size),
		cmocka_unit_test(progress_comes_one_at_a_time_and_seldom),
		cmocka_unit_test(children_get_and_give_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
