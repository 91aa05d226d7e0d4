/* dv: the program.  Finds the command and runs it. */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/progress.h"

#include "base/trace.h"
#include "builtin/builtin.h"
#include "cli/options.h"
#include "cli/report.h"

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	dv_cancel();
}

/*
 * The first Ctrl-C asks the command to stop where nothing is half-made; a
 * second one ends the process as usual (which is safe too, only untidy).
 */
static void catch_interrupts(void)
{
	struct sigaction act = { .sa_handler = on_interrupt,
				 .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* -C <dir> as often as wanted, --version, --help; then the command. */
static int leading_options(int *argc, char ***argv)
{
	while (*argc > 1 && !strcmp((*argv)[1], "-C")) {
		if (*argc == 2) {
			fprintf(stderr, "error: option '-C' needs a value\n");
			return 129;
		}
		if (chdir((*argv)[2]) < 0) {
			fprintf(stderr, "error: cannot change to %s: %s\n",
				(*argv)[2], strerror(errno));
			return 1;
		}
		*argc -= 2;
		*argv += 2;
	}
	if (*argc < 2 || !strcmp((*argv)[1], "-h") ||
	    !strcmp((*argv)[1], "--help")) {
		bool asked = *argc >= 2;
		char help[] = "help", *words[] = { help, NULL };

		cmd_help(1, words);
		return asked ? -1 : 129;
	}
	return 0;
}

/* As git does, the command runs without its trace when that cannot be had. */
static void start_trace(void)
{
	if (!trace_init())
		return;
	if (errno == EINVAL)
		report_warning("DV_TRACE is '%s': not 1, 'sum' or an absolute "
			       "path; nothing is traced", getenv("DV_TRACE"));
	else
		report_warning("cannot trace to %s: %s", getenv("DV_TRACE"),
			       strerror(errno));
}

int main(int argc, char **argv)
{
	const struct command *command;
	int code = leading_options(&argc, &argv);

	if (code)
		return report_output(code < 0 ? 0 : code);
	command = command_find(!strcmp(argv[1], "--version") ? "version" :
							       argv[1]);
	if (!command)
		return command_unknown(argv[1]);
	options_set_instead(option_instead);
	start_trace();
	catch_interrupts();
	return report_output(command->run(argc - 1, argv + 1));
}
