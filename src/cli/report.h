#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a person is told at the end.  Exit codes: 0 done, 1 failed or
 * differs, 129 wrong usage, 130 stopped by Ctrl-C.  When the reader of
 * standard output is gone, the end is that by SIGPIPE, without a word.
 */

/*
 * Prints the text and hint of the last failure when err is not 0.
 * Returns the exit code.
 */
int report(int err);

/* A line on standard error, with -q too: why nothing seems to happen. */
__attribute__((format(printf, 1, 2)))
void report_note(const char *fmt, ...);

/* "warning: ..." on standard error. */
__attribute__((format(printf, 1, 2)))
void report_warning(const char *fmt, ...);

/* "hint: ..." on standard error, unless hints are off. */
__attribute__((format(printf, 1, 2)))
void report_hint(const char *fmt, ...);

/* Turns hints off (core.hints false, -q). */
void report_hints(bool on);

/* Writes to standard output; who gets an error passes it to report(). */
int output_write(const uint8_t *bytes, size_t len);
/* 0, or an error when something written to it before has failed. */
int output_check(void);

/*
 * Flushes standard output; a failure (a full disk) turns exit code 0 into
 * 1.  To be called once, at the end of main().
 */
int report_output(int exit_code);

#endif
