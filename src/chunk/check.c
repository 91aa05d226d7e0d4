#include "chunk/check.h"

#include <pthread.h>
#include <xxhash.h>

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

uint64_t check64(const void *data, size_t len)
{
	if (len < DISPATCH_FROM || !XXH3_64bits_dispatch)
		return XXH3_64bits(data, len);
	pthread_once(&dispatch_once, set_dispatch);
	return XXH3_64bits_dispatch(data, len);
}
