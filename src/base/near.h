#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/* Longer names are not worth guessing at. */
#define NEAR_NAME_MOST 200	/* bytes */

/*
 * How many insertions, deletions, replacements and swaps of neighbours lead
 * from one name to the other; SIZE_MAX when one is too long.
 */
size_t near_edits(const char *a, const char *b);

#endif
