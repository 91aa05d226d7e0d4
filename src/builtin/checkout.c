/* dv checkout: put recorded data into the work tree. */

#include <stdio.h>

#include "dv/work.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "builtin/filter.h"
#include "builtin/open.h"
#include "builtin/transfer.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv checkout [-f] [-q] [-j <n>] [-n] [--allow-missing] [--json] "
	"[--exclude <glob>] [--profile <name>] [--max-size <size>] "
	"[--relink] [--] [<path>...]", NULL
};

/* In a clone without the data all of it is missing: so many are named. */
#define MISSING_NAMED	20

/* Only what needs the user's attention; the rest is summed up. */
static int print_event(enum dv_checkout_event event, const char *path,
		       void *data)
{
	struct checkout_view *v = data;
	DV_AUTO_BUF struct buf shown = BUF_INIT;

	if (event != DV_CHECKOUT_KEPT &&
	    (event != DV_CHECKOUT_MISSING || v->planned))
		return 0;
	if (event == DV_CHECKOUT_MISSING && v->named++ >= MISSING_NAMED)
		return 0;
	progress_clear(v->view);
	shown_path(v->repo, path, &shown);
	fprintf(stderr, "%s: %s\n", shown.data,
		event == DV_CHECKOUT_KEPT ? "changed here, kept" :
					    "not in the store");
	return 0;
}

bool checkout_nothing(const struct dv_checkout_result *r)
{
	return !r->written && !r->removed && !r->kept && !r->missing &&
		!r->moved;
}

static void print_json(const struct dv_checkout_result *r, bool dry_run)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "operation", "checkout");
	json_add_bool(&out, "dry_run", dry_run);
	json_add_number(&out, "written", r->written);
	json_add_number(&out, "written_bytes", r->written_bytes);
	json_add_number(&out, "removed", r->removed);
	json_add_number(&out, "unchanged", r->unchanged);
	json_add_number(&out, "kept", r->kept);
	json_add_number(&out, "missing", r->missing);
	json_add_number(&out, "moved", r->moved);
	json_object_end(&out);
	puts(out.data);
}

static void print_line(const struct dv_checkout_result *r, bool dry_run)
{
	char size[HUMAN_SIZE];

	printf("%s %llu %s (%s)", dry_run ? "would write" : "wrote",
	       (unsigned long long)r->written,
	       human_plural(r->written, "file", "files"),
	       human_bytes(r->written_bytes, size));
	if (r->removed)
		printf(", removed %llu", (unsigned long long)r->removed);
	if (r->kept)
		printf(", kept %llu", (unsigned long long)r->kept);
	if (r->missing)
		printf(", missing %llu", (unsigned long long)r->missing);
	if (r->moved)
		printf(", moved %llu tracked %s", (unsigned long long)r->moved,
		       human_plural(r->moved, "path", "paths"));
	putchar('\n');
}

static void print_notice(const char *text, void *data)
{
	struct checkout_view *v = data;

	progress_clear(v->view);
	if (!v->quiet)
		fprintf(stderr, "%s\n", text);
}

int checkout_run(struct checkout_view *v, struct dv_checkout_options *options)
{
	bool nothing;
	int err;

	options->notice = print_notice;
	options->notice_data = v;
	err = dv_checkout(v->repo, options, print_event, v, &v->result);
	nothing = checkout_nothing(&v->result);
	if (!err && v->filter)
		err = filter_check_matched(v->filter, v->repo, &options->what,
					   !nothing);
	progress_clear(v->view);
	if (v->named > MISSING_NAMED)
		fprintf(stderr, "... and %u more\n", v->named - MISSING_NAMED);
	if (v->json)
		print_json(&v->result, options->dry_run);
	else if (!v->quiet && !nothing)
		print_line(&v->result, options->dry_run);
	else if (!v->quiet && !err && !v->silent_if_nothing &&
		 !broken_code(v->broken, 0))
		printf("up to date\n");
	return report(err);
}

int cmd_checkout(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct progress_view view = { 0 };
	struct checkout_view v = { .view = &view };
	DV_AUTO_FILTER struct filter_args filter = { 0 };
	DV_AUTO_BROKEN struct broken broken = { 0 };
	struct dv_checkout_options o = { 0 };
	int force = 0, dry_run = 0, allow_missing = 0, relink = 0;
	int code, err, n;
	const struct option options[] = {
		OPT_FLAG('f', "force", &force,
			 "overwrite files that were changed here"),
		OPT_FLAG('q', "quiet", &v.quiet, "print nothing but errors"),
		OPT_COUNT('j', "jobs", &o.threads, "<n>",
			  "use so many threads"),
		OPT_FLAG('n', "dry-run", &dry_run,
			 "say what would be done, change nothing"),
		OPT_FLAG(0, "allow-missing", &allow_missing,
			 "go on without what the store lacks"),
		OPT_FLAG(0, "relink", &relink,
			 "only make unmodified files as store.link says"),
		OPT_FLAG(0, "json", &v.json, "print one JSON object"),
		FILTER_OPTIONS(&filter),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	err = open_repo(&repo);
	if (!err)
		err = open_threads(repo, &o.threads);
	if (!err)
		err = filter_apply(&filter, repo, argv, n, &o.what);
	if (err)
		return report(err);
	v.repo = repo;
	v.filter = &filter;
	v.broken = &broken;
	broken_pass(&broken, &view, &o.what);
	o.force = force;
	o.links = relink ? DV_LINKS_APPLY : DV_LINKS_NONE;
	o.dry_run = dry_run;
	o.allow_missing = allow_missing;
	o.progress = progress_show(&view, v.quiet);
	return broken_code(&broken, checkout_run(&v, &o));
}
