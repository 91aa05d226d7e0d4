#include "base/crew.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dv/progress.h"

#include "base/array.h"
#include "base/error.h"

#define CREW_MOST	1024
#define LOOK_NS		20000000	/* between looks at crew_failed() */

struct crew {
	crew_fn *fn;
	void *data;
	atomic_bool failed;
	pthread_mutex_t mutex;		/* guards first */
	struct error_state first;
};

struct worker {
	struct crew *crew;
	unsigned number;
	pthread_t thread;
};

static atomic_int cancelled;

void dv_cancel(void)
{
	atomic_store(&cancelled, 1);
}

void cancel_reset(void)
{
	atomic_store(&cancelled, 0);
}

int cancel_check(void)
{
	if (!atomic_load_explicit(&cancelled, memory_order_relaxed))
		return 0;
	return dv_fail(DV_E_INTERRUPTED, "interrupted");
}

bool crew_failed(struct crew *crew)
{
	return atomic_load_explicit(&cancelled, memory_order_relaxed) ||
	       (crew && atomic_load(&crew->failed));
}

/* Called by the thread whose error text it is. */
static void note_failure(struct crew *crew, int code)
{
	pthread_mutex_lock(&crew->mutex);
	if (!crew->first.code)
		error_save(code, &crew->first);
	pthread_mutex_unlock(&crew->mutex);
	atomic_store(&crew->failed, true);
}

static void work(struct crew *crew, unsigned number)
{
	int code = crew->fn(crew, number, crew->data);

	if (code)
		note_failure(crew, code);
}

static void *worker_main(void *data)
{
	struct worker *w = data;

	work(w->crew, w->number);
	return NULL;
}

/* Returns how many could be started; a failure to start one is noted. */
static unsigned start_workers(struct crew *crew, struct worker *workers,
			      unsigned n)
{
	sigset_t all, before;
	unsigned i;

	/* signals are for the thread that knows what to do with them */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 0; i < n; i++) {
		int code;

		workers[i].crew = crew;
		workers[i].number = i + 1;
		code = pthread_create(&workers[i].thread, NULL, worker_main,
				      &workers[i]);
		if (code) {
			note_failure(crew, dv_fail(DV_E_IO,
				"cannot start a thread: %s", strerror(code)));
			break;
		}
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return i;
}

static int run(unsigned n, crew_fn *fn, void *data)
{
	struct crew crew = { .fn = fn, .data = data };
	struct worker *workers = xcalloc(n, sizeof(*workers));
	unsigned started = 0;

	pthread_mutex_init(&crew.mutex, NULL);
	if (n > 1)
		started = start_workers(&crew, workers, n - 1);
	if (!atomic_load(&crew.failed))
		work(&crew, 0);
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_mutex_destroy(&crew.mutex);
	free(workers);
	return crew.first.code ? error_restore(&crew.first) : 0;
}

int crew_run(unsigned n, crew_fn *fn, void *data)
{
	int err = run(n, fn, data);

	/* They may have left early with 0 because of that. */
	return err ? err : cancel_check();
}

struct each {
	crew_each_fn *fn;
	void *data;
	size_t count;
	_Atomic size_t next;
	bool uncancelled;
};

static int each_some(struct crew *crew, unsigned worker, void *data)
{
	struct each *e = data;
	int err = 0;

	while (!err && !(e->uncancelled ? atomic_load(&crew->failed) :
			 crew_failed(crew))) {
		size_t i = atomic_fetch_add(&e->next, 1);

		if (i >= e->count)
			break;
		err = e->fn(e->data, worker, i);
	}
	return err;
}

int crew_each(unsigned most, size_t count, crew_each_fn *fn, void *data)
{
	struct each e = { .fn = fn, .data = data, .count = count };

	return crew_run(count < most ? count : most, each_some, &e);
}

int crew_each_uncancelled(unsigned most, size_t count, crew_each_fn *fn,
			  void *data)
{
	struct each e = {
		.fn = fn, .data = data, .count = count, .uncancelled = true,
	};

	return run(count < most ? count : most, each_some, &e);
}

unsigned crew_size(unsigned asked)
{
	cpu_set_t set;
	long n;

	if (asked)
		return asked < CREW_MOST ? asked : CREW_MOST;
	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	if (n < 1)
		return 1;
	return n < CREW_MOST ? n : CREW_MOST;
}

void crew_cond_init(pthread_cond_t *moved)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(moved, &attr);
	pthread_condattr_destroy(&attr);
}

void crew_wait(pthread_cond_t *moved, pthread_mutex_t *mutex)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(moved, mutex, &until);
}

void turnstile_init(struct turnstile *t)
{
	pthread_mutex_init(&t->mutex, NULL);
	crew_cond_init(&t->moved);
	t->next = 0;
}

bool turnstile_enter(struct turnstile *t, uint64_t step, struct crew *crew)
{
	bool failed;

	pthread_mutex_lock(&t->mutex);
	while (!(failed = crew_failed(crew)) && t->next != step)
		crew_wait(&t->moved, &t->mutex);
	pthread_mutex_unlock(&t->mutex);
	return !failed;
}

void turnstile_leave(struct turnstile *t)
{
	pthread_mutex_lock(&t->mutex);
	t->next++;
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->mutex);
}

void turnstile_release(struct turnstile *t)
{
	pthread_cond_destroy(&t->moved);
	pthread_mutex_destroy(&t->mutex);
}
