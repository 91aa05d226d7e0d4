#include "chunk/kernel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static enum kernel_wish wish;
static pthread_once_t wish_once = PTHREAD_ONCE_INIT;

static void read_wish(void)
{
	const char *text = getenv("DV_KERNEL");

	if (!text)
		return;
	if (!strcmp(text, "scalar"))
		wish = KERNEL_SCALAR;
	else if (!strcmp(text, "openssl"))
		wish = KERNEL_OPENSSL;
	else if (!strcmp(text, "avx2"))
		wish = KERNEL_AVX2;
}

enum kernel_wish kernel_wish(void)
{
	pthread_once(&wish_once, read_wish);
	return wish;
}

#if defined(__x86_64__)

bool cpu_has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

bool cpu_has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vbmi");
}

static bool have_sha_ni;
static pthread_once_t sha_ni_once = PTHREAD_ONCE_INIT;

/* cpuid is slow in a virtual machine, so it is asked once. */
static void look_for_sha_ni(void)
{
	unsigned a, b, c, d;

	if (__builtin_cpu_supports("ssse3") &&
	    __builtin_cpu_supports("sse4.1") &&
	    __get_cpuid_count(7, 0, &a, &b, &c, &d))
		have_sha_ni = b & (1u << 29);
}

/* __builtin_cpu_supports() knows this one in the newest compilers only. */
bool cpu_has_sha_ni(void)
{
	pthread_once(&sha_ni_once, look_for_sha_ni);
	return have_sha_ni;
}

#else

bool cpu_has_avx2(void)
{
	return false;
}

bool cpu_has_avx512(void)
{
	return false;
}

bool cpu_has_sha_ni(void)
{
	return false;
}

#endif
