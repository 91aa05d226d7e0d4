#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dv/error.h"

#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/report.h"

static bool hints_on = true;
static bool output_told;	/* that it has failed */

/* Such as head(1), that has had enough: no failure of ours. */
static bool reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && out.revents & (POLLERR | POLLHUP);
}

int report(int err)
{
	if (!err)
		return 0;
	/* git gets Ctrl-C too: what failed for that is no news */
	if (cancel_check())
		err = DV_E_INTERRUPTED;
	fflush(stdout);
	if (ferror(stdout) && reader_is_gone())
		return 1;
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

int output_check(void)
{
	if (!ferror(stdout))
		return 0;
	output_told = true;
	return dv_fail_errno("cannot write standard output");
}

int output_write(const uint8_t *bytes, size_t len)
{
	return fwrite(bytes, 1, len, stdout) == len ? 0 : output_check();
}

/* Nobody closes it: it is the caller's, who does not look. */
static bool is_kept(void)
{
	return fcntl(STDOUT_FILENO, F_GETFD) < 0 ||
	       !file_flush(STDOUT_FILENO, "standard output");
}

int report_output(int exit_code)
{
	if (!fflush(stdout) && !ferror(stdout) && is_kept())
		return exit_code;
	if (reader_is_gone()) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
		return exit_code;
	}
	if (!output_told)
		fprintf(stderr, "error: cannot write standard output: %s\n",
			strerror(errno));
	return exit_code ? exit_code : 1;
}
