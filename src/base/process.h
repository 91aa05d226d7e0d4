#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Runs argv (found by PATH, no shell) with `input` as its standard input
 * and appends its standard output to *out; standard error goes where ours
 * goes.  Returns 0 when it ended with exit code 0; DV_E_IO with the command
 * named otherwise; DV_E_NOTFOUND when it cannot be run at all.
 */
int process_run(const char *const argv[], const void *input, size_t len,
		struct buf *out);
/* The same of one whose exit codes say something: any is 0 and in *code. */
int process_run_code(const char *const argv[], const void *input, size_t len,
		     struct buf *out, int *code);

#endif
