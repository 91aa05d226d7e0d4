#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Worker threads.  A crew runs one function on n threads and waits for all
 * of them; the first failure (its text and hint with it) wins, becomes the
 * caller's, and is seen by the others through crew_failed().
 */
struct crew;

typedef int crew_fn(struct crew *crew, unsigned worker, void *data);

/*
 * Calls fn(crew, 0..n-1, data), worker 0 on the calling thread.  Returns 0
 * or the first failure.
 */
int crew_run(unsigned n, crew_fn *fn, void *data);

/*
 * Calls fn(data, worker, i) once for each i of 0..count-1, in no order, on
 * `most` threads or as many as there are calls.  Returns 0 or the first
 * failure, after which no more calls are begun.
 */
typedef int crew_each_fn(void *data, unsigned worker, size_t i);
int crew_each(unsigned most, size_t count, crew_each_fn *fn, void *data);
/* The same, dv_cancel() or not: for what has to end once it is begun. */
int crew_each_uncancelled(unsigned most, size_t count, crew_each_fn *fn,
			  void *data);

/* True once a worker failed or dv_cancel() was called: give up early. */
bool crew_failed(struct crew *crew);

/* 0, or DV_E_INTERRUPTED once dv_cancel() was called. */
int cancel_check(void);

/*
 * Forgets dv_cancel(): for what has to be put right all the same, which calls
 * that again when it is done, and for tests.
 */
void cancel_reset(void);

/*
 * How many threads to use: `asked` if not 0 (1024 at most), else the CPUs
 * this process may use.
 */
unsigned crew_size(unsigned asked);

/*
 * Waits on `moved` for a little while only: nobody signals it for a failure of
 * the crew, and dv_cancel() in a signal handler could not.  The condition is
 * one of crew_cond_init().
 */
void crew_cond_init(pthread_cond_t *moved);
void crew_wait(pthread_cond_t *moved, pthread_mutex_t *mutex);

/*
 * A turnstile: steps 0, 1, 2 ... are let through one at a time, in order,
 * whatever thread comes with them.
 */
struct turnstile {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	uint64_t next;
};

void turnstile_init(struct turnstile *t);
/*
 * Waits for the turn of `step`.  False when the crew failed meanwhile;
 * then turnstile_leave() must not be called.  `crew` may be NULL where there
 * is none to fail.
 */
bool turnstile_enter(struct turnstile *t, uint64_t step, struct crew *crew);
void turnstile_leave(struct turnstile *t);
void turnstile_release(struct turnstile *t);

#endif
