/*
 * dv merge-driver: what git calls to merge two versions of a pointer, or of a
 * .gitignore.
 */

#include <stdio.h>
#include <string.h>

#include "dv/error.h"
#include "dv/hooks.h"
#include "dv/merge.h"
#include "dv/transfer.h"

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv merge-driver [--] <base> <ours> <theirs> <path>", NULL
};

struct driver {
	struct dv_repo *repo;
	const char *files[3];	/* base, ours, theirs */
	const char *shown;	/* the pointer's path */
	struct buf path;	/* of the data */
	struct dv_pointer pointers[3];
	struct buf word;	/* the pointer's path, for the shell */
	bool has_base;
	unsigned conflicts;
	bool whole;		/* one that only git's index has theirs of */
	struct buf said;	/* a line for each conflict */
};

static const char *conflict_text(enum dv_merge_conflict what)
{
	switch (what) {
	case DV_MERGE_BOTH_CHANGED:
		return "was changed on both sides";
	case DV_MERGE_DELETED_HERE:
		return "was deleted by us and changed by them: theirs is kept";
	case DV_MERGE_DELETED_THERE:
		return "was changed by us and deleted by them: ours is kept";
	case DV_MERGE_WHOLE:
		return "was changed on both sides: ours is kept";
	case DV_MERGE_LINES:
		return "has further lines in its pointer that were changed on "
			"both sides: ours are kept";
	}
	return "";
}

static int note_conflict(enum dv_merge_conflict what, const char *path,
			 const char *theirs, void *data)
{
	struct driver *d = data;

	d->conflicts++;
	d->whole |= what == DV_MERGE_WHOLE || what == DV_MERGE_LINES;
	buf_addstr(&d->said, "CONFLICT (data): ");
	path_quote(path, &d->said);
	buf_addf(&d->said, " %s", conflict_text(what));
	if (theirs) {
		buf_addstr(&d->said, ": theirs is ");
		path_quote(theirs, &d->said);
	}
	buf_addch(&d->said, '\n');
	return 0;
}

/* An empty base: both sides have added it. */
static int read_pointers(struct driver *d)
{
	int err = 0;

	for (int i = 0; i < 3 && !err; i++) {
		DV_AUTO_BUF struct buf text = BUF_INIT;

		err = file_read(d->files[i], DV_POINTER_MAX, &text);
		if (!err && !i && !text.len)
			continue;
		if (!err)
			err = dv_pointer_parse(text.data, text.len, d->shown,
					       &d->pointers[i]);
		d->has_base |= !err && !i;
	}
	return err;
}

/* The nodes of the three, without content. */
static int fetch_nodes(struct driver *d)
{
	struct dv_tracked given[3];
	struct dv_transfer_options o = {
		.what = { .given = given }, .metadata_only = true,
	};
	struct dv_transfer_result result;

	for (int i = d->has_base ? 0 : 1; i < 3; i++)
		given[o.what.given_count++] = (struct dv_tracked){
			.path = d->path.data, .pointer = d->pointers[i],
			.inside = "",
		};
	return dv_fetch(d->repo, &o, &result);
}

static int merge(struct driver *d, struct dv_pointer *out)
{
	const struct dv_merge_sides sides = {
		.path = d->path.data,
		.base = d->has_base ? &d->pointers[0] : NULL,
		.ours = &d->pointers[1], .theirs = &d->pointers[2],
	};
	int err = dv_merge(d->repo, &sides, note_conflict, d, out);

	if (err != DV_E_INCOMPLETE)
		return err;
	err = fetch_nodes(d);
	d->conflicts = 0;
	buf_clear(&d->said);
	return err ? err : dv_merge(d->repo, &sides, note_conflict, d, out);
}

/* Git reads the result from the file of ours. */
static int write_result(const struct driver *d, const struct dv_pointer *p)
{
	size_t len;
	DV_AUTO_FREE char *text = dv_pointer_format(p, &len);

	return file_replace(d->files[1], text, len, NEWFILE_NOSYNC);
}

static int note_hook(const struct dv_hook *hook, void *data)
{
	bool *there = data;

	*there |= !strcmp(hook->name, "post-merge") && dv_hook_runs(hook);
	return 0;
}

/* Git writes the pointer after this, and the data is as it was. */
static void tell_merged(const struct driver *d)
{
	bool hook = false;

	if (!dv_hooks_each(d->repo, note_hook, &hook) && !hook)
		report_hint("dv checkout brings the merged data into the work "
			    "tree");
}

/* Git's own lines come around these. */
static void tell_conflicts(const struct driver *d)
{
	fputs(d->said.data, stderr);
	if (d->whole)
		report_hint("git checkout --theirs -- %s takes theirs",
			    d->word.data);
	report_hint("dv checkout shows what there is; when it is as it should "
		    "be, dv add it and git add %s", d->word.data);
}

static int run(struct driver *d)
{
	struct dv_pointer merged = { 0 };
	int err = read_pointers(d), code;

	if (!err)
		err = open_repo(&d->repo);
	if (!err)
		err = merge(d, &merged);
	if (!err)
		err = write_result(d, &merged);
	dv_pointer_release(&merged);
	if (err) {
		code = report(err);
		/* as git would have done without us: markers in it */
		dv_merge_text(d->files);
		report_hint("git checkout --merge -- %s tries again",
			    d->word.data);
		return code;
	}
	if (d->conflicts)
		tell_conflicts(d);
	else
		tell_merged(d);
	return d->conflicts > 0;
}

/* Git tells of the conflicts, as in any text. */
static int merge_gitignore(const char *const files[3])
{
	bool merged;
	int err = dv_merge_gitignore(files, &merged);

	return err ? report(err) : !merged;
}

int cmd_merge_driver(int argc, char **argv)
{
	struct driver d = { .path = BUF_INIT, .word = BUF_INIT,
			    .said = BUF_INIT };
	const size_t suffix = strlen(DV_POINTER_SUFFIX);
	int code, n = parse_words(argc, argv, usage, &code);
	size_t len;

	if (n < 0)
		return code;
	if (n != 4)
		return usage_error(usage, "four arguments are needed");
	for (int i = 0; i < 3; i++)
		d.files[i] = argv[i];
	d.shown = argv[3];
	if (!strcmp(path_name(d.shown), ".gitignore"))
		return merge_gitignore(d.files);
	len = strlen(d.shown);
	if (len > suffix && !strcmp(d.shown + len - suffix, DV_POINTER_SUFFIX))
		len -= suffix;
	buf_add(&d.path, d.shown, len);
	path_word(d.shown, &d.word);
	code = run(&d);
	for (int i = 0; i < 3; i++)
		dv_pointer_release(&d.pointers[i]);
	buf_release(&d.path);
	buf_release(&d.word);
	buf_release(&d.said);
	close_repo(&d.repo);
	return code;
}
