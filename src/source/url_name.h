#ifndef SOURCE_URL_NAME_H
#define SOURCE_URL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * The URL of a file or folder as it may be kept in a pointer, which is
 * committed: a path on this machine becomes absolute.  DV_E_INVALID for what
 * comes with a user, a password, a fragment, or something in its query that
 * is named like a secret.
 */
int url_name_check(const char *typed, struct buf *out);

/* Where the query begins (at its '?'), or the end of the text. */
const char *url_name_query(const char *url);

/* It has %XX in it, and no other '%'. */
bool url_name_is_escaped(const char *text, size_t len);
/* Appends text with %XX undone. */
void url_name_decode(const char *text, size_t len, struct buf *out);

#endif
