#ifndef DV_ERROR_H
#define DV_ERROR_H

/*
 * Every function that can fail returns an int: 0, or one of these.
 * The text that goes with the last failure is kept per thread, and so is a
 * hint: the next step that would help, empty when there is none.
 */
enum dv_error {
	DV_OK            = 0,
	DV_E_IO          = -1,	/* the system said no; errno is in the text */
	DV_E_NOTFOUND    = -2,	/* a named thing is not there */
	DV_E_CORRUPT     = -3,	/* bytes do not match their hash or format */
	DV_E_INVALID     = -4,	/* an argument or a setting is not usable */
	DV_E_NOMEM       = -5,	/* a size taken from data cannot be met */
	DV_E_EXISTS      = -6,	/* in the way: would be overwritten */
	DV_E_CHANGED     = -7,	/* a file changed while it was read */
	DV_E_LOCKED      = -8,	/* another process holds the lock */
	DV_E_AUTH        = -9,	/* the remote refused the credentials */
	DV_E_NETWORK     = -10,	/* unreachable, timed out, cut off */
	DV_E_INTERRUPTED = -11,	/* asked to stop (Ctrl-C) */
	DV_E_UNSUPPORTED = -12,	/* not here: this system, server, version */
	DV_E_NOSPACE     = -13,	/* the disk is full */
	DV_E_INCOMPLETE  = -14,	/* done in part; the text says what is not */
};

/*
 * Text of this thread's last failure, one line, no newline, never NULL.
 * Valid until the next libdv call in this thread.
 */
const char *dv_error_text(void);

/* The next step for that failure, one line, or "" when there is none. */
const char *dv_error_hint(void);

#endif
