/* dv diff: what differs between commits, or from the work tree. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/diff.h"
#include "dv/error.h"

#include "base/auto.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/process.h"
#include "builtin/builtin.h"
#include "builtin/diff_show.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv diff [--content | --stat | --name-status | --json | --md] "
	"[--key <column>] [-R] [-z] [--no-renames] [--exit-code] [-q] "
	"[-j <n>] [<rev> [<rev>]] [--] [<path>...]", NULL
};

struct diff {
	struct dv_repo *repo;
	struct progress_view view;
	const struct dv_diff_options *options;
	enum diff_form form;
	int nul, content, stat, names, json, markdown, quiet;
	struct option_list keys;	/* its items are owned */
	bool colour;
	struct diff_sums sums;
	uint64_t lacking;	/* files whose content is not in the store */
	struct buf base;	/* what git says of "a...b" */
};

#define DV_AUTO_DIFF	__attribute__((cleanup(diff_release)))

static void diff_release(struct diff *d)
{
	free(d->keys.items);
	buf_release(&d->base);
}

/* As git's: color.diff and color.ui, and whether there is a terminal. */
static bool use_colour(void)
{
	const char *const argv[] = {
		"git", "config", "--get-colorbool", "color.diff",
		isatty(STDOUT_FILENO) ? "true" : "false", NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;

	return !process_run(argv, NULL, 0, &out) &&
		!strcmp(out.data, "true\n");
}

static int write_out(void *data, const uint8_t *bytes, size_t len)
{
	(void)data;
	return output_write(bytes, len);
}

/* What the store lacks of one file does not keep the others from being told. */
static int pass_lacking(struct diff *d, const struct dv_change *c, int err)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (err != DV_E_INCOMPLETE)
		return err;
	d->lacking++;
	if (d->form != DIFF_LISTING)
		return 0;
	shown_path(d->repo, (c->after ? c->after : c->before)->path, &path);
	printf("%s: its content is not in the store\n", path.data);
	return 0;
}

/* What was shown is not all there is. */
static int lacking_content(const struct diff *d)
{
	const char *before = d->options->before, *after = d->options->after;
	DV_AUTO_BUF struct buf hint = BUF_INIT;
	int err;

	if (!d->lacking)
		return 0;
	err = dv_fail(DV_E_INCOMPLETE, "the store lacks the content of %llu "
		      "%s", (unsigned long long)d->lacking,
		      human_plural(d->lacking, "file", "files"));
	buf_addstr(&hint, "dv fetch --rev ");
	path_word(before ? before : "HEAD", &hint);
	if (after) {
		buf_addstr(&hint, "; dv fetch --rev ");
		path_word(after, &hint);
	}
	return dv_hint(err, "%s", hint.data);
}

static int show_content(struct diff *d, const struct dv_change *c)
{
	struct diff_content content = { .hunks = { .text = NULL } };
	int err = dv_diff_rows(d->repo, c, d->keys.items, d->keys.count,
			       &content.rows);

	if (!err && d->form == DIFF_JSON)
		err = dv_diff_hunks(d->repo, c, false, &content.hunks);
	if (!err || err == DV_E_INCOMPLETE)
		diff_show(d->repo, d->form, d->nul, c, &content);
	dv_diff_rows_release(&content.rows);
	dv_diff_hunks_release(&content.hunks);
	if (!err && d->form == DIFF_LISTING)
		err = dv_diff_lines(d->repo, c, d->colour, write_out, NULL);
	return pass_lacking(d, c, err);
}

static int take_change(const struct dv_change *c, void *data)
{
	struct diff *d = data;

	progress_clear(&d->view);
	if (!d->sums.changes)
		diff_show_head(d->form);
	diff_sums_add(&d->sums, c);
	if (d->content)
		return show_content(d, c);
	diff_show(d->repo, d->form, d->nul, c, NULL);
	return output_check();
}

/* --- revisions ------------------------------------------------------- */

/*
 * Something that a path may mean here: a file, or data that is not there.  In
 * a bare repository files are git's own.
 */
static bool is_path(const struct dv_repo *repo, const char *arg)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;

	if (dv_repo_is_bare(repo))
		return false;
	buf_addf(&pointer, "%s%s", arg, DV_POINTER_SUFFIX);
	return !access(arg, F_OK) || !access(pointer.data, F_OK);
}

/* "HEAD~1" and its like: not here, but no path either. */
static bool only_rev(const struct dv_repo *repo, const char *arg)
{
	return !is_path(repo, arg) &&
		(!strcmp(arg, "HEAD") || !strncmp(arg, "HEAD^", 5) ||
		 !strncmp(arg, "HEAD~", 5) || !strncmp(arg, "HEAD@", 5));
}

/*
 * 1 when the argument is a revision.  `sure`: it comes before a "--", so it
 * has to be one.
 */
static int is_rev(struct dv_repo *repo, const char *arg, bool sure)
{
	char hex[DV_COMMIT_HEX + 1];
	int err = dv_repo_commit(repo, arg, hex);

	if (err == DV_E_NOTFOUND && !sure && !only_rev(repo, arg))
		return 0;
	if (!err && !sure && is_path(repo, arg))
		return dv_hint(dv_fail(DV_E_INVALID, "%s is both a commit and "
				       "a path", arg),
			       "put -- before it, or after it");
	return err ? err : 1;
}

/*
 * "a..b" is two revisions, and so is "a...b"; an empty one is HEAD.  *word is
 * freed by the caller.
 */
static bool split_range(const char *arg, char **word, bool *from_base,
			struct dv_diff_options *o)
{
	const char *dots = strstr(arg, ".."), *rest;

	if (!dots || dots[2] == '/' || (dots > arg && dots[-1] == '/') ||
	    (dots == arg && !dots[2]))
		return false;
	*from_base = dots[2] == '.';
	rest = dots + 2 + *from_base;
	*word = xstrdup(arg);
	(*word)[dots - arg] = 0;
	o->before = dots > arg ? *word : "HEAD";
	o->after = *rest ? *word + (rest - arg) : "HEAD";
	return true;
}

/*
 * What "a...b" begins with: what a and b had in common last.  git rev-parse
 * names it behind a '^', and unlike git merge-base does not fail where there
 * is none.
 */
static int find_base(struct diff *d, struct dv_diff_options *o)
{
	char from[DV_COMMIT_HEX + 1], to[DV_COMMIT_HEX + 1];
	DV_AUTO_BUF struct buf range = BUF_INIT;
	const char *argv[] = { "git", "rev-parse", NULL, NULL };
	char *at;
	int err = dv_repo_commit(d->repo, o->before, from);

	if (!err)
		err = dv_repo_commit(d->repo, o->after, to);
	if (err)
		return err;
	buf_addf(&range, "%s...%s", from, to);
	argv[2] = range.data;
	err = process_run(argv, NULL, 0, &d->base);
	if (err)
		return err;
	at = strchr(d->base.data, '^');
	if (!at)
		return dv_fail(DV_E_NOTFOUND, "%s and %s have no commit in "
			       "common", o->before, o->after);
	o->before = at + 1;
	at[1 + strcspn(at + 1, "\n")] = 0;
	return 0;
}

/*
 * Takes revisions off the front of the arguments.  `sure` of them, those
 * before a "--", have to be revisions; -1: there is no "--".
 */
static int take_revs(struct diff *d, char **argv, int count, int sure,
		     char **word, struct dv_diff_options *o)
{
	const char **sides[2] = { &o->before, &o->after };
	struct dv_repo *repo = d->repo;
	int most = sure < 0 ? count : sure, n = 0, got = 0;
	bool from_base;

	if (most && split_range(argv[0], word, &from_base, o)) {
		got = is_rev(repo, o->before, true);
		if (got == 1)
			got = is_rev(repo, o->after, true);
		if (got == 1)
			return from_base && (got = find_base(d, o)) ?
				got : 1;
		if (sure >= 0 || !is_path(repo, argv[0]))
			return got;
		o->before = o->after = NULL;
	}
	for (; n < most && n < 2; n++) {
		got = is_rev(repo, argv[n], sure >= 0);
		if (got <= 0)
			break;
		*sides[n] = argv[n];
	}
	return got < 0 ? got : n;
}

/* How many arguments come before a "--", or -1 when there is none. */
static int before_dashes(int argc, char **argv, int left)
{
	int after = -1;

	for (int i = 1; i < argc && after < 0; i++)
		if (!strcmp(argv[i], "--"))
			after = argc - i - 1;
	return after < 0 ? -1 : left - after;
}

/* --- the command ----------------------------------------------------- */

/* What stands where a commit may: who mistypes one is told of it. */
static int hint_rev(const struct diff *d, int err, bool dashes)
{
	const struct dv_diff_options *o = d->options;

	if (err != DV_E_NOTFOUND || dashes || !o->count ||
	    is_path(d->repo, o->paths[0]))
		return err;
	return dv_hint(err, "%s is no commit either; after -- all are paths",
		       o->paths[0]);
}

static int finish(struct diff *d, int err, const struct dv_diff_result *r,
		  bool differs_is_failure)
{
	progress_clear(&d->view);
	if (!err || err == DV_E_INCOMPLETE)
		diff_show_sums(d->form, &d->sums);
	if (r->renames_left_out)
		report_warning("too many changes to look for renames");
	if (!err)
		err = lacking_content(d);
	if (err)
		return report(err);
	return differs_is_failure && d->sums.changes ? 1 : 0;
}

static int choose_form(struct diff *d)
{
	d->names |= d->nul;
	d->content |= d->keys.count > 0;
	if (d->stat + d->names + d->json + d->markdown +
	    (d->content && !d->json) > 1)
		return usage_error(usage, "one form of output at a time");
	d->content &= !d->quiet;
	d->form = d->quiet ? DIFF_NOTHING : d->stat ? DIFF_STAT :
		d->names ? DIFF_NAME_STATUS : d->json ? DIFF_JSON :
		d->markdown ? DIFF_MARKDOWN : DIFF_LISTING;
	return 0;
}

int cmd_diff(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	DV_AUTO_FREE char *word = NULL;
	DV_AUTO_DIFF struct diff d = { .base = BUF_INIT };
	struct dv_diff_options o = { 0 };
	struct dv_diff_result result = { 0 };
	int exit_code = 0, recursive = 0, no_renames = 0, code, err, n, sure;
	const struct option options[] = {
		OPT_FLAG(0, "content", &d.content,
			 "the lines that differ in files of text too, and the "
			 "rows of tables"),
		OPT_LIST(0, "key", &d.keys, "<column>",
			 "tell rows apart by this column (implies --content)"),
		OPT_FLAG(0, "stat", &d.stat, "bytes before and after"),
		OPT_FLAG(0, "name-status", &d.names,
			 "a letter and a path from the top of the work tree"),
		OPT_FLAG(0, "json", &d.json, "a JSON object per change"),
		OPT_FLAG(0, "md", &d.markdown, "a table in Markdown"),
		OPT_FLAG('R', "recursive", &recursive,
			 "files below directories that came or went"),
		OPT_FLAG('z', NULL, &d.nul,
			 "as --name-status, paths as they are and ended by "
			 "NUL"),
		OPT_FLAG(0, "no-renames", &no_renames,
			 "show renames as deleted and added"),
		OPT_FLAG(0, "exit-code", &exit_code,
			 "exit with 1 when anything differs"),
		OPT_FLAG('q', "quiet", &d.quiet,
			 "print nothing, exit with 1 when anything differs"),
		OPT_COUNT('j', "jobs", &o.threads, "<n>",
			  "use so many threads"),
		OPT_END()
	};

	/* the place of "--" is lost when options are parsed */
	DV_AUTO_FREE char **typed = xcalloc(argc + 1, sizeof(*typed));
	memcpy(typed, argv, argc * sizeof(*typed));
	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (choose_form(&d))
		return 129;
	sure = before_dashes(argc, typed, n);
	if (sure > 2)
		return usage_error(usage, "more than two revisions");
	err = open_any_repo(&repo);
	if (!err)
		err = open_threads(repo, &o.threads);
	if (err)
		return report(err);
	d.repo = repo;
	d.options = &o;
	d.colour = d.content && use_colour();
	err = take_revs(&d, argv, n, sure, &word, &o);
	if (err < 0)
		return report(err);
	o.paths = (const char *const *)argv + err;
	o.count = n - err;
	o.recursive = recursive;
	o.no_renames = no_renames;
	o.progress = progress_show(&d.view, d.quiet);
	err = dv_diff(repo, &o, take_change, &d, &result);
	err = hint_rev(&d, err, sure >= 0);
	return finish(&d, err, &result, exit_code || d.quiet);
}
