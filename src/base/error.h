#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "dv/error.h"

/*
 * Sets this thread's error text, clears its hint, and returns code, for use
 * in a return.
 */
__attribute__((format(printf, 2, 3)))
int dv_fail(enum dv_error code, const char *fmt, ...);

/*
 * As dv_fail(), with ": " and the text of errno added.  Returns DV_E_IO,
 * or DV_E_NOSPACE for ENOSPC and EDQUOT, DV_E_NOTFOUND for ENOENT.
 */
__attribute__((format(printf, 1, 2)))
int dv_fail_errno(const char *fmt, ...);

/* Sets the hint of the failure just made.  Returns code. */
__attribute__((format(printf, 2, 3)))
int dv_hint(int code, const char *fmt, ...);

/* An error as a value, to carry from one thread to another. */
struct error_state {
	int code;
	char text[1024];
	char hint[512];
};

/* Copies this thread's last failure, made with `code`, into *out. */
void error_save(int code, struct error_state *out);
/* Makes it this thread's last failure and returns its code. */
int error_restore(const struct error_state *saved);

#endif
