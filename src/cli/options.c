#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/pointer.h"

#include "base/amount.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/near.h"
#include "cli/options.h"
#include "cli/report.h"

#define HELP_COLUMN 28

static void print_usage(FILE *f, const char *const *usage)
{
	for (int i = 0; usage[i]; i++)
		fprintf(f, "%s %s\n", i ? "   or:" : "usage:", usage[i]);
}

static void print_help(const struct option *o, const char *const *usage)
{
	print_usage(stdout, usage);
	putchar('\n');
	for (; o->type != OPTION_END; o++) {
		char left[80], letter[8] = "    ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c%s", o->letter,
				 o->name ? ", " : "");
		snprintf(left, sizeof(left), "%s%s%s%s%s", letter,
			 o->name ? "--" : "", o->name ? o->name : "",
			 o->arg ? " " : "", o->arg ? o->arg : "");
		if (strlen(left) >= HELP_COLUMN)
			printf("    %s\n    %*s %s\n", left, HELP_COLUMN, "",
			       o->help);
		else
			printf("    %-*s %s\n", HELP_COLUMN, left, o->help);
	}
}

/* For completion: "-q --quiet", "-r --remote=" ... one option a line. */
static void print_list(const struct option *o)
{
	for (; o->type != OPTION_END; o++) {
		const char *value = o->type == OPTION_FLAG ? "" : "=";

		if (o->letter)
			printf("-%c%s", o->letter, o->name ? " " : "");
		if (o->name)
			printf("--%s%s", o->name, value);
		printf("\t%s\n", o->help);
	}
}

int usage_error(const char *const *usage, const char *problem, ...)
{
	va_list ap;

	fputs("error: ", stderr);
	va_start(ap, problem);
	vfprintf(stderr, problem, ap);
	va_end(ap);
	fputc('\n', stderr);
	print_usage(stderr, usage);
	return 129;
}

static const struct option *find_letter(const struct option *o, char letter)
{
	for (; o->type != OPTION_END; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* The option of this name, or the only one that begins with it. */
static const struct option *find_name(const struct option *o,
				      const char *name, size_t len)
{
	const struct option *found = NULL;

	for (; o->type != OPTION_END; o++) {
		if (!o->name || strncmp(o->name, name, len))
			continue;
		if (!o->name[len])
			return o;
		if (found)
			return NULL;
		found = o;
	}
	return len ? found : NULL;
}

/* What a mistyped name is taken for, or NULL. */
static const char *nearest_name(const struct option *o, const char *name)
{
	size_t best = strlen(name) < 4 ? 2 : 3;
	const char *nearest = NULL;

	for (; o->type != OPTION_END; o++) {
		size_t n = o->name ? near_edits(name, o->name) : SIZE_MAX;

		if (n < best && n < strlen(o->name)) {
			best = n;
			nearest = o->name;
		}
	}
	return nearest;
}

static bool set_value(const struct option *o, const char *text)
{
	char *end;
	unsigned long n;

	if (o->type == OPTION_FLAG) {
		*(int *)o->value = 1;
		return true;
	}
	if (o->type == OPTION_STRING) {
		*(const char **)o->value = text;
		return true;
	}
	if (o->type == OPTION_LIST) {
		struct option_list *l = o->value;

		ARRAY_GROW(l->items, l->count + 1, l->room);
		l->items[l->count++] = text;
		return true;
	}
	n = strtoul(text, &end, 10);
	if (end == text || *end || *text == '-' || n > 1000000)
		return false;
	*(unsigned *)o->value = n;
	return true;
}

const char *check_size(const char *text)
{
	uint64_t n;

	return size_parse(text, &n) ? NULL : "a size such as 500k or 2g";
}

const char *check_age(const char *text)
{
	int64_t ns;

	return age_parse(text, &ns) ? NULL : "an age such as 14d, 12h or now";
}

static option_instead_fn *instead_of;

void options_set_instead(option_instead_fn *fn)
{
	instead_of = fn;
}

struct parser {
	const char *command;	/* as it was typed */
	int argc, at;
	char **argv;
	const struct option *options;
	const char *const *usage;
};

/* `text`: the value joined to the option, or NULL. */
static int take(struct parser *p, const struct option *o, const char *shown,
		const char *text)
{
	const char *wanted;

	if (o->type == OPTION_FLAG && text)
		return usage_error(p->usage, "option '%s' takes no value",
				   shown);
	if (o->type != OPTION_FLAG && !text) {
		if (p->at + 1 >= p->argc)
			return usage_error(p->usage,
					   "option '%s' needs a value", shown);
		text = p->argv[++p->at];
	}
	wanted = o->check ? o->check(text) : NULL;
	if (!wanted && !set_value(o, text))
		wanted = "a number";
	return wanted ? usage_error(p->usage, "option '%s' needs %s, not '%s'",
				    shown, wanted, text) : 0;
}

/* False when there is nothing known of such an option. */
static bool tell_instead(const struct parser *p, const char *word,
			 const char *option)
{
	const char *instead = instead_of ? instead_of(p->command, option) :
		NULL;

	if (!instead)
		return false;
	usage_error(p->usage, "unknown option '%s'", word);
	report_hint("%s", instead);
	return true;
}

static int unknown_name(struct parser *p, const char *word, size_t len)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *nearest;

	buf_add(&name, word, len + 2);
	if (tell_instead(p, word, name.data))
		return 129;
	nearest = nearest_name(p->options, name.data + 2);
	if (!nearest)
		return usage_error(p->usage, "unknown option '%s'", word);
	return usage_error(p->usage, "unknown option '%s' (did you mean "
			   "--%s?)", word, nearest);
}

static int take_long(struct parser *p, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option *o = find_name(p->options, name, len);

	if (!o)
		return unknown_name(p, word, len);
	return take(p, o, word, equals ? equals + 1 : NULL);
}

static int take_letters(struct parser *p, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const struct option *o = find_letter(p->options, *at);
		char shown[3] = { '-', *at, 0 };
		int code;

		if (!o && tell_instead(p, shown, shown))
			return 129;
		if (!o)
			return usage_error(p->usage, "unknown option '%s'",
					   shown);
		if (o->type == OPTION_FLAG) {
			set_value(o, NULL);
			continue;
		}
		code = take(p, o, shown, at[1] ? at + 1 : NULL);
		return code;
	}
	return 0;
}

int parse_options(int argc, char **argv, const struct option *options,
		  const char *const *usage, int *exit_code)
{
	struct parser p = { argv[0], argc, 1, argv, options, usage };
	int left = 0;

	*exit_code = 0;
	for (; p.at < argc; p.at++) {
		const char *word = argv[p.at];

		if (word[0] != '-' || !word[1]) {
			argv[left++] = argv[p.at];
			continue;
		}
		if (!strcmp(word, "--")) {
			while (++p.at < argc)
				argv[left++] = argv[p.at];
			break;
		}
		if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
			print_help(options, usage);
			return -1;
		}
		if (!strcmp(word, "--list-options")) {
			print_list(options);
			return -1;
		}
		*exit_code = word[1] == '-' ? take_long(&p, word) :
					      take_letters(&p, word);
		if (*exit_code)
			return -1;
	}
	argv[left] = NULL;
	return left;
}

int parse_words(int argc, char **argv, const char *const *usage,
		int *exit_code)
{
	static const struct option none[] = { OPT_END() };
	const size_t suffix = strlen(DV_POINTER_SUFFIX);
	int from = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;
	size_t len = argc == 2 ? strlen(argv[1]) : 0;

	*exit_code = 0;
	if (len && *argv[1] == '-' &&
	    (len < suffix ||
	     strcmp(argv[1] + len - suffix, DV_POINTER_SUFFIX)))
		return parse_options(argc, argv, none, usage, exit_code);
	memmove(argv, argv + from, (argc - from + 1) * sizeof(*argv));
	return argc - from;
}
