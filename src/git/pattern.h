#ifndef GIT_PATTERN_H
#define GIT_PATTERN_H

#include <stdbool.h>

/*
 * Git's glob patterns: '?', '*' and '[...]' (with ranges, '!' and '^', and
 * [:classes:]) match within one component of a path, a component that is
 * two asterisks matches any number of components, '\\' takes the next byte
 * as it is.  Time is bounded by the product of the lengths, squared at
 * worst, whatever the pattern.
 */
bool pattern_match(const char *pattern, const char *text, bool ignore_case);

/* True when pattern has a byte that is special in it. */
bool pattern_is_glob(const char *pattern);

#endif
