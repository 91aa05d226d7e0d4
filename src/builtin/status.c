/* dv status: what differs from what is recorded. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/hooks.h"
#include "dv/transfer.h"
#include "dv/work.h"

#include "base/array.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/broken.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/status.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv status [-s] [--porcelain] [-z] [--json] [--exit-code] [--rehash] "
	"[--remote] [-r <remote>] [--sources] [-q] [-j <n>] [--] [<path>...]",
	NULL
};

/* The sections of the long form, in the order they are printed. */
static const struct section {
	enum dv_state state;
	const char *title;
	const char *hint;	/* NULL: none */
	const char *word;	/* before each path */
} sections[] = {
	{ DV_STATE_BROKEN, "Pointer files that cannot be read:", NULL,
	  "broken" },
	{ 0, "Pointers that git has moved since the last checkout:",
	  "\"dv checkout <path>\" brings the data after them and keeps your "
	  "changes", "behind" },
	{ DV_STATE_MODIFIED, "Changed data:",
	  "\"dv add <path>\" records it, \"dv checkout -f <path>\" "
	  "puts the recorded one back", "modified" },
	{ DV_STATE_DELETED, NULL, NULL, "deleted" },
	{ DV_STATE_NEW, NULL, NULL, "new" },
	{ DV_STATE_ABSENT, "Recorded, not in this work tree:",
	  "\"dv pull <path>\" gets it", "absent" },
	{ DV_STATE_UNLINKED, "Links to the store that lead nowhere:",
	  "\"dv checkout <path>\" makes them anew", "unlinked" },
	{ DV_STATE_NOT_STORED, "Content that is not in the store:",
	  "\"dv fetch\" gets it from a remote, \"dv add <path>\" from the "
	  "work tree", "not stored" },
	{ DV_STATE_UNCOMMITTED, "Pointer files that git has not committed:",
	  "\"git add\" and \"git commit\" them", "uncommitted" },
	{ 0, "Data whose pointer is gone:",
	  "\"dv checkout\" moves it after a \"git mv\"; \"dv add <path>\" "
	  "tracks it again", "left" },
};

#define SECTIONS (sizeof(sections) / sizeof(*sections))

#define SECTION_BEHIND	1
#define SECTION_LEFT	(SECTIONS - 1)

struct line {
	char *text;		/* owned */
	unsigned section;
};

struct status {
	struct status_form form;
	struct progress_view view;
	uint64_t differences;
	struct line *lines;	/* owned; the long form's, sorted by path */
	size_t count, room;
	bool data_differs;	/* not only pointers and store */
	struct broken broken;	/* met at the remote or the sources */
};

static unsigned section_of(enum dv_state state)
{
	for (unsigned i = 0; i < SECTIONS; i++)
		if (sections[i].state == state)
			return i;
	return 0;
}

static void print_json(const struct dv_status_entry *e)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "state", sections[section_of(e->state)].word);
	json_add_string(&out, "path", e->path);
	json_add_bool(&out, "directory", e->directory);
	json_add_number(&out, "size", e->size);
	if (e->state == DV_STATE_ABSENT || e->state == DV_STATE_NOT_STORED)
		json_add_number(&out, "files", e->files);
	if (e->state == DV_STATE_UNCOMMITTED) {
		json_add_bool(&out, "staged", e->staged);
		json_add_bool(&out, "untracked", e->untracked);
		json_add_bool(&out, "deleted", e->deleted);
	}
	if (e->reason)
		json_add_string(&out, "reason", e->reason);
	json_object_end(&out);
	puts(out.data);
}

void status_brief(const struct status_form *f, const char letters[2],
		  const char *path, const char *end)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;

	if (f->nul)
		buf_addstr(&shown, path);
	else if (f->porcelain)
		path_quote(path, &shown);
	else
		shown_path(f->repo, path, &shown);
	printf("%.2s %s%s%c", letters, shown.data, end, f->nul ? 0 : '\n');
}

static void print_brief(const struct status *s,
			const struct dv_status_entry *e)
{
	const char letters[2] = {
		(char)e->state, e->state == DV_STATE_NEW ? '?' : ' ',
	};

	status_brief(&s->form, letters, e->path, e->directory ? "/" : "");
}

static void begin_line(const struct status *s, unsigned section,
		       const char *path, struct buf *text)
{
	buf_addf(text, "%s:  ", sections[section].word);
	while (text->len < 14)
		buf_addch(text, ' ');
	shown_path(s->form.repo, path, text);
}

static void end_line(struct status *s, unsigned section, struct buf *text)
{
	ARRAY_GROW(s->lines, s->count + 1, s->room);
	s->lines[s->count++] = (struct line){ buf_detach(text), section };
}

static void keep_line(struct status *s, const struct dv_status_entry *e)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	unsigned section = section_of(e->state);

	s->data_differs |= e->state == DV_STATE_MODIFIED ||
		e->state == DV_STATE_DELETED || e->state == DV_STATE_NEW ||
		e->state == DV_STATE_ABSENT;
	begin_line(s, section, e->path, &text);
	if (e->directory)
		buf_addch(&text, '/');
	if (e->files > 1)
		buf_addf(&text, " (%llu files)",
			 (unsigned long long)e->files);
	if (e->state == DV_STATE_UNCOMMITTED && e->untracked)
		buf_addstr(&text, " (not known to git)");
	else if (e->state == DV_STATE_UNCOMMITTED && e->deleted)
		buf_addstr(&text, " (deleted)");
	else if (e->state == DV_STATE_UNCOMMITTED && e->staged)
		buf_addstr(&text, " (staged)");
	end_line(s, section, &text);
}

/* Of a directory that is here in part it is told of each part. */
static int take_behind(const struct dv_tracked *t, void *data)
{
	struct status *s = data;
	DV_AUTO_BUF struct buf text = BUF_INIT;

	begin_line(s, SECTION_BEHIND, t->path, &text);
	if (!s->count || s->lines[s->count - 1].section != SECTION_BEHIND ||
	    strcmp(s->lines[s->count - 1].text, text.data))
		end_line(s, SECTION_BEHIND, &text);
	return 0;
}

/*
 * What differs may well be what git has changed and nobody here: to record it
 * would undo that.
 */
static int find_behind(struct status *s, const struct dv_selection *what)
{
	if (!s->data_differs || what->count)
		return 0;
	return dv_outdated(s->form.repo, "", take_behind, s);
}

static int take_left(const char *path, void *data)
{
	struct status *s = data;
	DV_AUTO_BUF struct buf text = BUF_INIT;

	begin_line(s, SECTION_LEFT, path, &text);
	end_line(s, SECTION_LEFT, &text);
	return 0;
}

static int take_entry(const struct dv_status_entry *e, void *data)
{
	struct status *s = data;

	progress_clear(&s->view);
	s->differences++;
	if (s->form.quiet)
		return 0;
	if (s->form.json)
		print_json(e);
	else if (s->form.brief || s->form.porcelain)
		print_brief(s, e);
	else
		keep_line(s, e);
	return 0;
}

static void print_section(const struct status *s, unsigned first,
			  unsigned last)
{
	bool any = false;

	for (size_t i = 0; i < s->count; i++) {
		if (s->lines[i].section < first || s->lines[i].section > last)
			continue;
		if (!any) {
			printf("%s\n", sections[first].title);
			if (sections[first].hint)
				printf("  (%s)\n", sections[first].hint);
		}
		any = true;
		printf("\t%s\n", s->lines[i].text);
	}
	if (any)
		putchar('\n');
}

static void print_long(const struct status *s)
{
	for (unsigned first = 0, last; first < SECTIONS; first = last + 1) {
		last = first;
		while (last + 1 < SECTIONS && !sections[last + 1].title)
			last++;
		print_section(s, first, last);
	}
	if (!s->differences)
		printf("nothing changed\n");
}

/* What only people are told. */
static int tell_people(struct status *s, const struct dv_selection *what)
{
	int err;

	if (s->form.quiet || s->form.brief || s->form.porcelain ||
	    s->form.json)
		return 0;
	err = find_behind(s, what);
	if (!err && !what->count)
		err = dv_left_each(s->form.repo, take_left, s);
	if (!err)
		print_long(s);
	return err;
}

/* --remote: whether push would have anything to send. */
static int compare(struct status *s, const char *remote,
		   const struct dv_selection *what)
{
	struct dv_transfer_options o = { .what = *what, .remote = remote };
	struct dv_transfer_result r = { 0 };
	char size[HUMAN_SIZE];
	int err = dv_compare(s->form.repo, &o, &r);

	if (err)
		return err;
	s->differences += r.roots_done + r.repaired;
	if (s->form.quiet || s->form.brief || s->form.porcelain || s->form.json)
		return 0;
	if (r.roots_done || r.repaired)
		printf("%llu of %llu tracked paths are not at the remote "
		       "(%s to push)\n", (unsigned long long)r.roots_done,
		       (unsigned long long)r.roots,
		       human_bytes(r.bytes, size));
	else if (!broken_code(&s->broken, 0))
		printf("in sync with the remote\n");
	return 0;
}

static int finish(struct status *s, int err, bool differs_is_failure)
{
	int code = broken_code(&s->broken, 0);

	progress_clear(&s->view);
	for (size_t i = 0; i < s->count; i++)
		free(s->lines[i].text);
	free(s->lines);
	broken_release(&s->broken);
	if (err)
		return report(err);
	return differs_is_failure && s->differences ? 1 : code;
}

int cmd_status(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct status s = { 0 };
	struct dv_status_options o = { 0 };
	int exit_code = 0, rehash = 0, with_remote = 0, sources = 0;
	int code, err, n;
	const char *remote = NULL;
	const struct option options[] = {
		OPT_FLAG('s', "short", &s.form.brief, "a short line per path"),
		OPT_FLAG(0, "porcelain", &s.form.porcelain,
			 "the short form, the same in every version"),
		OPT_FLAG('z', NULL, &s.form.nul,
			 "the same, paths as they are and ended by NUL"),
		OPT_FLAG(0, "json", &s.form.json, "a JSON object per path"),
		OPT_FLAG(0, "exit-code", &exit_code,
			 "exit with 1 when anything differs"),
		OPT_FLAG(0, "rehash", &rehash, "read every file again"),
		OPT_FLAG(0, "remote", &with_remote,
			 "compare the store with the remote too"),
		OPT_STRING('r', NULL, &remote, "<remote>",
			   "compare with this remote"),
		OPT_FLAG(0, "sources", &sources,
			 "look whether imported paths' sources differ too"),
		OPT_FLAG('q', "quiet", &s.form.quiet,
			 "print nothing, exit with 1 when anything differs"),
		OPT_COUNT('j', "jobs", &o.threads, "<n>",
			  "use so many threads"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	err = open_repo(&repo);
	if (!err)
		err = open_threads(repo, &o.threads);
	if (err)
		return report(err);
	s.form.repo = repo;
	s.form.broken = &s.broken;
	s.form.porcelain |= s.form.nul;
	o.what.paths = (const char *const *)argv;
	o.what.count = n;
	broken_pass(&s.broken, &s.view, &o.what);
	o.rehash = rehash;
	o.progress = progress_show(&s.view, s.form.quiet);
	err = dv_status(repo, &o, take_entry, &s);
	if (!err)
		err = tell_people(&s, &o.what);
	if (!err && (with_remote || remote))
		err = compare(&s, remote, &o.what);
	if (!err && sources)
		err = status_sources(&s.form, &o.what, &s.differences);
	return finish(&s, err, exit_code || s.form.quiet);
}
