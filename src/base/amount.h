#ifndef BASE_AMOUNT_H
#define BASE_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* Amounts as people write them.  False: it is none; *out is untouched. */

/* A number with an optional k, m, g or t (of 1024). */
bool size_parse(const char *text, uint64_t *out);
/* "now", 0, or a number with s, m, h, d or w: nanoseconds. */
bool age_parse(const char *text, int64_t *out);

#endif
