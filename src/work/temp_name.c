#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "work/temp_name.h"

#define SUFFIX	".dv-tmp"

/* One look at the system's randomness serves a process. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic uint64_t next;

static void seed(void)
{
	uint64_t n;

	random_bytes(&n, sizeof(n));
	atomic_store(&next, n);
}

void temp_name_make(char name[TEMP_NAME_SIZE])
{
	pthread_once(&once, seed);
	snprintf(name, TEMP_NAME_SIZE, ".%016llx" SUFFIX,
		 (unsigned long long)atomic_fetch_add(&next, 1));
}

bool temp_name_is(const char *name)
{
	return *name == '.' && strspn(name + 1, "0123456789abcdef") == 16 &&
		!strcmp(name + 17, SUFFIX);
}
