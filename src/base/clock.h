#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC and of CLOCK_REALTIME. */
int64_t clock_monotonic_ns(void);
int64_t clock_real_ns(void);
/* Sleeps; returns DV_E_INTERRUPTED early when dv_cancel() is called. */
int clock_sleep_ms(unsigned ms);

static inline int64_t timespec_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

#endif
