#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>

/*
 * One table per command gives the parser, `-h`, the check of its man page in
 * t/ and the shell completion.  Options may follow arguments; "--" ends
 * them.  Letters may be joined (-qf), values too (-j4, --jobs=4); a long name
 * may be cut short where it stays unique.
 */
enum option_type {
	OPTION_END,
	OPTION_FLAG,		/* int: set to 1 */
	OPTION_STRING,		/* const char * */
	OPTION_COUNT,		/* unsigned: a number, 0 .. 1000000 */
	OPTION_LIST,		/* struct option_list: may come often */
};

/* The values of an option that may come often; free(items) in the end. */
struct option_list {
	const char **items;	/* owned; the texts are argv's */
	size_t count, room;
};

struct option {
	enum option_type type;
	char letter;		/* 0 when there is only a long name */
	const char *name;	/* without the dashes; NULL: only a letter */
	void *value;
	const char *arg;	/* what to call the value in the help */
	const char *help;	/* lower case, no full stop */
	/* of a string: what it should have been, or NULL; may be NULL */
	const char *(*check)(const char *text);
};

#define OPT_FLAG(l, n, v, h) \
	{ OPTION_FLAG, (l), (n), (v), NULL, (h), NULL }
#define OPT_STRING(l, n, v, a, h) \
	{ OPTION_STRING, (l), (n), (v), (a), (h), NULL }
#define OPT_CHECKED(l, n, v, a, h, c) \
	{ OPTION_STRING, (l), (n), (v), (a), (h), (c) }
#define OPT_COUNT(l, n, v, a, h) \
	{ OPTION_COUNT, (l), (n), (v), (a), (h), NULL }
#define OPT_LIST(l, n, v, a, h) \
	{ OPTION_LIST, (l), (n), (v), (a), (h), NULL }
#define OPT_END() \
	{ OPTION_END, 0, NULL, NULL, NULL, NULL, NULL }

/* Checks of values. */
const char *check_size(const char *text);
const char *check_age(const char *text);

/*
 * Fills in the values and moves the arguments to the front of argv, which
 * ends in NULL.  `usage` is a list of synopses that ends in NULL.
 *
 * Returns how many arguments are left, or -1 when the command is to end with
 * *exit_code: 0 after `-h` (help on standard output) and
 * `--list-options` (for completion), 129 after wrong usage.
 */
int parse_options(int argc, char **argv, const struct option *options,
		  const char *const *usage, int *exit_code);

/*
 * The same for a command that git runs, with names that may begin with a dash:
 * only what stands alone, and is no pointer, can be one of those two; a "--" in
 * front goes.
 */
int parse_words(int argc, char **argv, const char *const *usage,
		int *exit_code);

/*
 * What to say of an option that a command, as it was typed, does not have:
 * `option` is "--name" or "-l".  NULL when there is nothing to say.
 */
typedef const char *option_instead_fn(const char *command, const char *option);
void options_set_instead(option_instead_fn *fn);

/* Says what is wrong with the arguments and the usage.  Returns 129. */
int usage_error(const char *const *usage, const char *problem, ...)
	__attribute__((format(printf, 2, 3)));

#endif
