#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dv/error.h"

#include "cli/report.h"

static bool hints_on = true;

int report(int err)
{
	if (!err)
		return 0;
	fflush(stdout);
	fprintf(stderr, "error: %s\n", dv_error_text());
	if (*dv_error_hint() && hints_on)
		fprintf(stderr, "hint: %s\n", dv_error_hint());
	return err == DV_E_INTERRUPTED ? 130 : 1;
}

static void say(const char *kind, const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs(kind, stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void report_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void report_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}

void report_hint(const char *fmt, ...)
{
	va_list ap;

	if (!hints_on)
		return;
	va_start(ap, fmt);
	say("hint: ", fmt, ap);
	va_end(ap);
}

void report_hints(bool on)
{
	hints_on = on;
}

int report_output(int exit_code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return exit_code;
	/* a reader that had enough, such as head(1), is no failure of ours */
	if (errno == EPIPE)
		return exit_code;
	fprintf(stderr, "error: cannot write standard output: %s\n",
		strerror(errno));
	return exit_code ? exit_code : 1;
}
