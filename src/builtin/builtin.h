#ifndef BUILTIN_BUILTIN_H
#define BUILTIN_BUILTIN_H

#include <stddef.h>

/*
 * The commands.  To add one: a file here with cmd_<name>(), its row in
 * commands.c, its page Documentation/dv-<name>.adoc and a script in t/;
 * t0010 notices what is missing.
 */
struct command {
	const char *name;
	const char *summary;	/* one line for `dv help` */
	int (*run)(int argc, char **argv);	/* returns the exit code */
	const char *alias;	/* another name for it, or NULL */
};

extern const struct command commands[];
extern const size_t command_count;

/* The command of this name or alias, or NULL. */
const struct command *command_find(const char *name);
/* What to use for a command of DVC's or git's that has no counterpart, or
   NULL. */
const char *command_instead(const char *name);
/* The same for an option, "--glob" or "-o", that the command does not have. */
const char *option_instead(const char *command, const char *option);
/* The same for the word behind the command: "rm" of "dv remote rm". */
const char *action_instead(const char *command, const char *word);
/* What a command can be told to do: word number i, or NULL behind the last. */
typedef const char *action_fn(size_t i);
action_fn hooks_action, remote_action;
/* The number of this one of them, or -1. */
int action_find(action_fn *action, const char *name);
/* Says that it is none, and what to type instead.  Returns 129. */
int command_unknown(const char *name);

int cmd_add(int argc, char **argv);
int cmd_cat(int argc, char **argv);
int cmd_check_ignore(int argc, char **argv);
int cmd_checkout(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_diff_driver(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_du(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_gc(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_hook(int argc, char **argv);
int cmd_hooks(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_import_url(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_merge_driver(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_mv(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_push(int argc, char **argv);
int cmd_remote(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_store(int argc, char **argv);
int cmd_unprotect(int argc, char **argv);
int cmd_update(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
