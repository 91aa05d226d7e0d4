#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/*
 * How many bytes the character at text[0..len) takes, 1 to 4; 0 when the bytes
 * there are not UTF-8 (RFC 3629: no overlong forms, no surrogates) or len is
 * 0.
 */
size_t utf8_length(const char *text, size_t len);

/* The same for what can be shown to people; 0 for control characters too. */
size_t utf8_shown(const char *text, size_t len);

#endif
