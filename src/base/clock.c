#include "base/clock.h"

#include "base/crew.h"

#define NAP_MS	20	/* how late a cancel may be noticed */

int64_t clock_monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return timespec_ns(&t);
}

int64_t clock_real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return timespec_ns(&t);
}

int clock_sleep_ms(unsigned ms)
{
	int64_t end = clock_monotonic_ns() + (int64_t)ms * 1000000;
	int64_t left;
	int err;

	/* In naps: the signal that cancels may go to another thread. */
	while (!(err = cancel_check()) &&
	       (left = end - clock_monotonic_ns()) > 0) {
		struct timespec nap = { 0, NAP_MS * 1000000 };

		if (left < nap.tv_nsec)
			nap.tv_nsec = left;
		nanosleep(&nap, NULL);
	}
	return err;
}
