/* dv help: the list of commands, or the man page of one. */

#include <stdio.h>
#include <unistd.h>

#include "builtin/builtin.h"
#include "cli/options.h"

static const char *const usage[] = { "dv help [<command>]", NULL };

static void list_commands(void)
{
	printf("usage: dv [-C <dir>] <command> [<options>] [<path>...]\n\n"
	       "dv keeps datasets and models beside git.\n\n");
	for (size_t i = 0; i < command_count; i++)
		printf("    %-12s %s\n", commands[i].name,
		       commands[i].summary);
	printf("\n'dv <command> -h' shows its options, "
	       "'dv help <command>' its man page.\n");
}

/* The man page when there is one to show, else the short help. */
static int help_on(const struct command *command)
{
	static char help[] = "-h";
	char *argv[] = { (char *)command->name, help, NULL };
	char page[64];

	snprintf(page, sizeof(page), "dv-%s", command->name);
	if (isatty(STDOUT_FILENO)) {
		fflush(stdout);
		execlp("man", "man", page, (char *)NULL);
	}
	return command->run(2, argv);
}

int cmd_help(int argc, char **argv)
{
	const struct option options[] = { OPT_END() };
	const struct command *command;
	int code, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n > 1)
		return usage_error(usage, "unexpected argument '%s'", argv[1]);
	if (!n) {
		list_commands();
		return 0;
	}
	command = command_find(argv[0]);
	if (!command)
		return command_unknown(argv[0]);
	return help_on(command);
}
