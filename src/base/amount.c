#include "base/amount.h"

#include <stddef.h>
#include <string.h>

#define SECOND_NS	((int64_t)1000000000)
#define AGE_MOST	((uint64_t)100 * 366 * 86400)	/* seconds */

/* The digits that text begins with; NULL: there are none, or too many. */
static const char *read_digits(const char *text, uint64_t *out)
{
	const char *c = text;
	uint64_t n = 0;

	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *c - '0', &n))
			return NULL;
	*out = n;
	return c == text ? NULL : c;
}

bool size_parse(const char *text, uint64_t *out)
{
	static const char units[] = "kmgt";
	unsigned shift = 0;
	uint64_t n;
	const char *end = read_digits(text, &n);

	if (end && *end) {
		const char *unit = strchr(units, *end | 0x20);

		if (!unit || !*unit || end[1])
			return false;
		shift = 10 * (unit - units + 1);
	}
	if (!end || n > UINT64_MAX >> shift)
		return false;
	*out = n << shift;
	return true;
}

bool age_parse(const char *text, int64_t *out)
{
	static const struct {
		const char *unit;
		unsigned seconds;
	} units[] = {
		{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
		{ "w", 7 * 86400 },
	};
	uint64_t n;
	const char *end = read_digits(text, &n);

	if (!strcmp(text, "now") || !strcmp(text, "0")) {
		*out = 0;
		return true;
	}
	for (size_t i = 0; end && i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		if (n > AGE_MOST / units[i].seconds)
			return false;
		*out = (int64_t)n * units[i].seconds * SECOND_NS;
		return true;
	}
	return false;
}
