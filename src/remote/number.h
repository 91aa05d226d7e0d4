#ifndef REMOTE_NUMBER_H
#define REMOTE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sizes as servers write them: decimal digits only, no sign, no blank, below
 * 2^63.  Returns 0, or -1 and *out untouched.
 */
static inline int number_parse(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	if (!len || len > 19)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	if (value > INT64_MAX)
		return -1;
	*out = value;
	return 0;
}

#endif
