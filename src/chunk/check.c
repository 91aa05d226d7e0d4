#include "chunk/check.h"

#include <pthread.h>
#include <xxhash.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "chunk/kernel.h"

/*
 * The library's plain function is compiled for any x86-64.  Where it was
 * built with it, there is one that uses what the CPU has, at more than twice
 * the speed; the first call of it looks that up, which short inputs are not
 * worth and threads must not do at the same time.
 */
#define DISPATCH_FROM	4096	/* bytes */

XXH64_hash_t XXH3_64bits_dispatch(const void *data, size_t len)
	__attribute__((weak));

static pthread_once_t dispatch_once = PTHREAD_ONCE_INIT;

static void set_dispatch(void)
{
	static const char zeros[DISPATCH_FROM];

	XXH3_64bits_dispatch(zeros, sizeof(zeros));
}

/*
 * The library leaves the upper halves of vector registers in use.  Then every
 * instruction that knows only the lower half waits for the one before it that
 * wrote the same register: SHA-256 takes three times as long until somebody
 * clears them.
 */
#if defined(__x86_64__)

__attribute__((target("avx"))) static void clear_upper_halves(void)
{
	_mm256_zeroupper();
}

#else

static void clear_upper_halves(void)
{
}

#endif

uint64_t check64(const void *data, size_t len)
{
	uint64_t sum;

	if (len < DISPATCH_FROM || !XXH3_64bits_dispatch)
		return XXH3_64bits(data, len);
	pthread_once(&dispatch_once, set_dispatch);
	sum = XXH3_64bits_dispatch(data, len);
	if (cpu_has_avx2())
		clear_upper_halves();
	return sum;
}
