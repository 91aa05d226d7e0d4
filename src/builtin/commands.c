#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "builtin/builtin.h"
#include "cli/report.h"

const struct command commands[] = {
	{ "add", "record files and directories", cmd_add, NULL },
	{ "cat", "print a recorded file", cmd_cat, NULL },
	{ "check-ignore", "tell which pattern leaves a path out",
	  cmd_check_ignore, NULL },
	{ "checkout", "put recorded data into the work tree", cmd_checkout,
	  NULL },
	{ "commit", "record changed tracked data again", cmd_commit, NULL },
	{ "completion", "print a completion script for a shell",
	  cmd_completion, NULL },
	{ "config", "get and set settings", cmd_config, NULL },
	{ "diff", "show what differs between commits, or from the work tree",
	  cmd_diff, NULL },
	{ "diff-driver", "show what differs between two pointers, for git",
	  cmd_diff_driver, NULL },
	{ "doctor", "see whether all that dv relies on works", cmd_doctor,
	  NULL },
	{ "du", "sum up recorded data", cmd_du, NULL },
	{ "fetch", "receive data from a remote into the store", cmd_fetch,
	  NULL },
	{ "fsck", "check, and mend, what is stored", cmd_fsck, NULL },
	{ "gc", "remove what nothing can reach", cmd_gc, NULL },
	{ "get", "take from another repository, without tracking", cmd_get,
	  NULL },
	{ "help", "show help for a command", cmd_help, NULL },
	{ "hook", "do what a hook of git is for", cmd_hook, NULL },
	{ "hooks", "put dv into git's hooks, or take it out", cmd_hooks,
	  NULL },
	{ "import", "take from another repository, tracked here", cmd_import,
	  NULL },
	{ "import-url", "take a file or folder from a URL, tracked here",
	  cmd_import_url, NULL },
	{ "init", "begin to use dv in a git repository", cmd_init, NULL },
	{ "log", "show the versions of a tracked path", cmd_log, NULL },
	{ "ls", "list recorded data, and git's files", cmd_ls, "list" },
	{ "merge-driver", "merge versions of a pointer or .gitignore, for git",
	  cmd_merge_driver, NULL },
	{ "migrate", "take over what DVC or git-lfs track", cmd_migrate,
	  NULL },
	{ "mv", "give tracked data another name", cmd_mv, "move" },
	{ "pull", "fetch, then checkout", cmd_pull, NULL },
	{ "push", "send data to a remote", cmd_push, NULL },
	{ "remote", "manage the places data is pushed to", cmd_remote, NULL },
	{ "rm", "stop tracking files and directories", cmd_rm, "remove" },
	{ "status", "show what differs from what is recorded", cmd_status,
	  NULL },
	{ "store", "show where the space goes", cmd_store, NULL },
	{ "unprotect", "make linked files private copies", cmd_unprotect,
	  NULL },
	{ "update", "look again where imported paths came from", cmd_update,
	  NULL },
	{ "version", "show the version", cmd_version, NULL },
};

const size_t command_count = sizeof(commands) / sizeof(*commands);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name) ||
		    (commands[i].alias && !strcmp(commands[i].alias, name)))
			return &commands[i];
	return NULL;
}

int action_find(action_fn *action, const char *name)
{
	for (int i = 0; action(i); i++)
		if (!strcmp(action(i), name))
			return i;
	return -1;
}

/* What a name that was cut short is the beginning of: the shortest. */
static const char *command_begun(const char *name)
{
	size_t len = strlen(name);
	const char *found = NULL;

	for (size_t i = 0; i < command_count; i++)
		if (!strncmp(commands[i].name, name, len) &&
		    (!found || strlen(commands[i].name) < strlen(found)))
			found = commands[i].name;
	return len > 1 ? found : NULL;
}

/* The name nearest to a mistyped one, or NULL when none is near. */
static const char *command_nearest(const char *name)
{
	const char *nearest = command_begun(name);
	size_t best = nearest ? 0 : strlen(name) < 6 ? 2 : 3;

	for (size_t i = 0; i < command_count * 2; i++) {
		const struct command *c = &commands[i / 2];
		const char *known = i % 2 ? c->alias : c->name;
		size_t d = known ? near_edits(name, known) : best;

		if (d < best) {
			best = d;
			nearest = known;
		}
	}
	return nearest;
}

static int option_unknown(const char *name)
{
	const char *instead = option_instead("dv", name);

	fprintf(stderr, "error: dv has no option '%s'\n", name);
	if (instead)
		report_hint("%s", instead);
	else if (near_edits(name, "--version") < 3)
		report_hint("did you mean --version?");
	else
		report_hint("dv help lists the commands; options come behind "
			    "one");
	return 129;
}

int command_unknown(const char *name)
{
	const char *nearest = command_nearest(name);
	const char *instead = command_instead(name);

	if (*name == '-')
		return option_unknown(name);
	fprintf(stderr, "error: '%s' is not a dv command\n", name);
	if (instead)
		report_hint("%s", instead);
	else if (nearest)
		report_hint("did you mean '%s'?", nearest);
	else
		report_hint("dv help lists the commands");
	return 129;
}
