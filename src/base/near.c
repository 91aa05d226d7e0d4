/* How far a mistyped name is from one that may be meant. */

#include "base/near.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b, size_t c)
{
	size_t d = a < b ? a : b;

	return d < c ? d : c;
}

size_t near_edits(const char *a, const char *b)
{
	size_t rows[3][NEAR_NAME_MOST + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NEAR_NAME_MOST || lb > NEAR_NAME_MOST)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *old = before;

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = least(last[j] + 1, now[j - 1] + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		before = last;
		last = now;
		now = old;
	}
	return last[lb];
}
