#ifndef GIT_GITIGNORE_H
#define GIT_GITIGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A text as lines. */
struct text_line {
	size_t begin;
	size_t len;		/* without its end */
	size_t next;		/* where the one after it begins */
};

/* The line that begins at `at`; false at the end. */
bool text_line_next(const struct buf *text, size_t at, struct text_line *out);

/* Appends the line for a name, "/name" with what is special escaped. */
void gitignore_line(const char *name, struct buf *out);
/* Could text[0..len) be what gitignore_line() makes of a name? */
bool gitignore_is_line(const char *text, size_t len);

#endif
