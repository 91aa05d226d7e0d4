#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t len)
{
	char *p = out;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			perror("dv: no random bytes from the system");
			abort();
		}
		p += n;
		len -= n;
	}
}

uint64_t random_below(uint64_t below)
{
	/* numbers from `limit` up would make small results likelier */
	uint64_t limit = UINT64_MAX - UINT64_MAX % below;
	uint64_t v;

	do {
		random_bytes(&v, sizeof(v));
	} while (v >= limit);
	return v % below;
}
