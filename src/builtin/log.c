/* dv log: the versions of a tracked path. */

#include <limits.h>
#include <stdio.h>

#include "dv/log.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/diff_show.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv log [-n <n>] [--oneline] [--json] [<rev> | <rev>..<rev>] [--] "
	"<path>", NULL
};

typedef unsigned long long ull;

struct log {
	struct dv_repo *repo;
	int oneline, json;
	bool any, unlisted;
};

static void add_side(struct buf *out, const char *key,
		     const struct dv_entry *e)
{
	if (!e)
		return;
	json_member_begin(out, key);
	json_add_string(out, "path", e->path);
	json_add_number(out, "size", e->size);
	if (e->type == DV_ENTRY_DIR)
		json_add_number(out, "files", e->files);
	json_object_end(out);
}

static void print_json(const struct dv_log_entry *e)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "commit", e->commit);
	json_add_string(&out, "author", e->author);
	json_add_string(&out, "date", e->date);
	json_add_string(&out, "subject", e->subject);
	json_add_string(&out, "change", diff_word(e->kind));
	add_side(&out, "before", e->before);
	add_side(&out, "after", e->after);
	if (e->unlisted) {
		json_add_bool(&out, "unlisted", true);
	} else {
		json_add_number(&out, "added", e->added);
		json_add_number(&out, "modified", e->modified);
		json_add_number(&out, "deleted", e->deleted);
		json_add_number(&out, "renamed", e->renamed);
	}
	json_object_end(&out);
	puts(out.data);
}

static void add_size(struct buf *out, const struct dv_entry *e)
{
	char size[HUMAN_SIZE];

	if (e->type == DV_ENTRY_DIR)
		buf_addf(out, "%llu %s, ", (ull)e->files,
			 human_plural(e->files, "file", "files"));
	buf_addstr(out, human_bytes(e->size, size));
}

static bool same_size(const struct dv_log_entry *e)
{
	return e->after && e->before->type == e->after->type &&
		e->before->size == e->after->size &&
		e->before->files == e->after->files;
}

/* "11 files, 71 B -> 12 files, 80 B; +1 ~2 -0" */
static void add_change(struct buf *out, const struct dv_log_entry *e)
{
	if (e->before && !same_size(e)) {
		add_size(out, e->before);
		buf_addstr(out, e->after ? " -> " : "");
	}
	if (e->after)
		add_size(out, e->after);
	if (!e->before && !e->after && !e->unlisted)
		buf_addstr(out, "not a pointer");
	else if (e->unlisted)
		buf_addf(out, "%slist not in the store", out->len ? "; " : "");
	else
		buf_addf(out, "; +%llu ~%llu -%llu", (ull)e->added,
			 (ull)e->modified, (ull)e->deleted);
	if (e->renamed)
		buf_addf(out, ", %llu renamed", (ull)e->renamed);
}

/* Another's name or subject: nothing in it may move the cursor. */
static void print_text(const char *before, const char *text)
{
	fputs(before, stdout);
	for (; *text; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' :
			*text);
	putchar('\n');
}

static void print_plain(const struct log *l, const struct dv_log_entry *e)
{
	const struct dv_entry *is = e->after ? e->after : e->before;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf change = BUF_INIT;

	add_change(&change, e);
	if (l->oneline) {
		printf("%.10s (%s)", e->commit, change.data);
		print_text(" ", e->subject);
		return;
	}
	if (e->kind == DV_CHANGE_RENAMED) {
		shown_path(l->repo, e->before->path, &path);
		buf_addstr(&path, " -> ");
	}
	if (is)
		shown_path(l->repo, is->path, &path);
	printf("%scommit %s\n", l->any ? "\n" : "", e->commit);
	print_text("Author: ", e->author);
	printf("Date:   %s\n\n", e->date);
	print_text("    ", e->subject);
	printf("\n    %s: %s%s(%s)\n", diff_word(e->kind), path.data,
	       path.len ? " " : "", change.data);
}

static int take_entry(const struct dv_log_entry *e, void *data)
{
	struct log *l = data;

	if (l->json)
		print_json(e);
	else
		print_plain(l, e);
	l->any = true;
	l->unlisted |= e->unlisted;
	return 0;
}

int cmd_log(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct log l = { 0 };
	struct dv_log_options o = { 0 };
	unsigned most = UINT_MAX;
	int code, err, n;
	const struct option options[] = {
		OPT_COUNT('n', "max-count", &most, "<n>",
			  "so many versions at most"),
		OPT_FLAG(0, "oneline", &l.oneline, "a line per version"),
		OPT_FLAG(0, "json", &l.json, "a JSON object per version"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (n < 1 || n > 2)
		return usage_error(usage, n ? "one path at a time" :
					      "no path given");
	o.path = argv[n - 1];
	o.range = n == 2 ? argv[0] : NULL;
	o.most = most == UINT_MAX ? 0 : most;
	err = open_any_repo(&repo);
	if (err || !most)
		return report(err);
	l.repo = repo;
	err = dv_log(repo, &o, take_entry, &l);
	if (!err && l.unlisted)
		report_hint("what changed inside is known after: "
			    "dv fetch -A %s", o.path);
	return report(err);
}
