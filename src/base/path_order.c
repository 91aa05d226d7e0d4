#include <string.h>

#include "base/path.h"
#include "base/path_order.h"

static unsigned rank(char c)
{
	return c == '/' ? 0 : (unsigned char)c;
}

int path_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!*a || !*b)
		return !*b - !*a;
	return rank(*a) < rank(*b) ? -1 : rank(*a) > rank(*b);
}

const char *path_step(const char *path, const char *dir, unsigned *len)
{
	const char *rest = path_below(path, dir);

	*len = rest ? (unsigned)strcspn(rest, "/") : 0;
	return rest;
}
