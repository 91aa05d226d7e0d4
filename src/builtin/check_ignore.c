/* dv check-ignore: which .dvignore pattern leaves a path out. */

#include <stdio.h>
#include <stdlib.h>

#include "dv/ignore.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

#define FATAL 128	/* as git's: 1 is taken for "nothing is ignored" */

static const char *const usage[] = {
	"dv check-ignore [-v] [-n] [-z] [--json] [-q] [--] <path>...",
	"dv check-ignore [-v] [-n] [-z] [--json] [-q] --stdin", NULL
};

struct check {
	struct dv_ignore *ignore;
	int details, non_matching, nul, json, quiet;
	bool any;
};

static void put(const struct check *c, const char *text)
{
	DV_AUTO_BUF struct buf quoted = BUF_INIT;

	if (c->nul)
		buf_addstr(&quoted, text);
	else
		path_quote(text, &quoted);
	fputs(quoted.data, stdout);
}

/* git's form: <file>:<line>:<pattern><tab><path>, or four words with -z. */
static void show(const struct check *c, const char *path,
		 const struct dv_ignore_rule *rule)
{
	int between = c->nul ? 0 : ':';

	if (c->details) {
		if (rule->found)
			put(c, rule->file ? rule->file : "(built in)");
		putchar(between);
		if (rule->found)
			printf("%u", rule->line);
		putchar(between);
		if (rule->found)
			fputs(rule->pattern, stdout);
		putchar(c->nul ? 0 : '\t');
	}
	put(c, path);
	putchar(c->nul ? 0 : '\n');
}

/* The pattern is told with or without details: who reads it takes his pick. */
static void show_json(const char *path, const struct dv_ignore_rule *rule)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "path", path);
	json_add_bool(&out, "ignored", rule->found && !rule->negated);
	if (rule->found && rule->file) {
		json_add_string(&out, "file", rule->file);
		json_add_number(&out, "line", rule->line);
	}
	if (rule->found)
		json_add_string(&out, "pattern", rule->pattern);
	json_object_end(&out);
	puts(out.data);
}

static int check_path(struct check *c, const char *path)
{
	struct dv_ignore_rule rule;
	int err = dv_ignore_ask(c->ignore, path, &rule);
	bool counts;

	if (err)
		return err;
	/* with details the pattern that takes a path back in is told too */
	counts = rule.found && (c->details || !rule.negated);
	c->any |= counts;
	if (c->quiet || !(counts || c->non_matching))
		return 0;
	if (c->json)
		show_json(path, &rule);
	else
		show(c, path, &rule);
	return 0;
}

/* One path a line, or a NUL; answered at once, for who asks and waits. */
static int check_stdin(struct check *c)
{
	DV_AUTO_FREE char *line = NULL;
	size_t room = 0;
	int end = c->nul ? 0 : '\n', err = 0;
	ssize_t n;

	while (!err && (n = getdelim(&line, &room, end, stdin)) > 0) {
		if (line[n - 1] == end)
			line[--n] = 0;
		err = check_path(c, line);
		fflush(stdout);
	}
	if (!err && ferror(stdin))
		err = dv_fail_errno("cannot read standard input");
	return err;
}

static int check_all(struct check *c, struct dv_repo *repo, char **paths,
		     int count, bool from_stdin)
{
	int err = dv_ignore_open(repo, &c->ignore);

	if (!err && from_stdin)
		err = check_stdin(c);
	for (int i = 0; i < count && !err; i++)
		err = check_path(c, paths[i]);
	dv_ignore_close(c->ignore);
	return err;
}

int cmd_check_ignore(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct check c = { 0 };
	int from_stdin = 0, code, err, n;
	const struct option options[] = {
		OPT_FLAG('v', "details", &c.details,
			 "with the file, line and pattern that decide"),
		OPT_FLAG('n', "non-matching", &c.non_matching,
			 "paths no pattern is about too (with -v, --json)"),
		OPT_FLAG('z', NULL, &c.nul,
			 "NUL bytes instead of tabs and line ends"),
		OPT_FLAG(0, "json", &c.json, "an object a path, one a line"),
		OPT_FLAG('q', "quiet", &c.quiet, "print nothing"),
		OPT_FLAG(0, "stdin", &from_stdin,
			 "read paths from standard input"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (from_stdin ? n : !n)
		return usage_error(usage, n ? "paths and --stdin" :
					      "no path given");
	if (c.non_matching && !c.details && !c.json)
		return usage_error(usage, "-n goes with -v or --json");
	err = open_repo(&repo);
	if (!err)
		err = check_all(&c, repo, argv, n, from_stdin);
	if (err) {
		code = report(err);
		return code == 1 ? FATAL : code;
	}
	return c.any ? 0 : 1;
}
