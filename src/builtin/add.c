/* dv add and dv commit: record data. */

#include <stdio.h>
#include <string.h>

#include "dv/work.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"

static const char *const add_usage[] = {
	"dv add [-f] [-q] [-j <n>] [-n] [--json] [--] <path>...", NULL
};
static const char *const commit_usage[] = {
	"dv commit [-f] [-q] [-j <n>] [-n] [--json] [--] [<path>...]", NULL
};

struct add {
	struct dv_repo *repo;
	struct progress_view view;
	int quiet, json, dry_run;
	struct names to_stage;	/* what the hint tells to git add */
	unsigned results;
};

static void print_json(const struct dv_add_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "path", r->path);
	json_add_string(&out, "pointer", r->pointer);
	json_add_bool(&out, "changed", r->changed);
	json_add_bool(&out, "new", r->is_new);
	json_add_number(&out, "files", r->files);
	json_add_number(&out, "size", r->size);
	json_add_number(&out, "read_bytes", r->read_bytes);
	json_add_number(&out, "new_bytes", r->new_bytes);
	json_add_number(&out, "stored_bytes", r->stored_bytes);
	json_add_number(&out, "absent", r->absent);
	json_object_end(&out);
	puts(out.data);
}

static void print_line(struct add *a, const struct dv_add_result *r)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char size[HUMAN_SIZE], fresh[HUMAN_SIZE];

	shown_path(a->repo, r->path, &path);
	if (!r->changed) {
		printf("%s: unchanged\n", path.data);
		return;
	}
	printf("%s: %llu %s, %s (%s new)", path.data,
	       (unsigned long long)r->files,
	       human_plural(r->files, "file", "files"),
	       human_bytes(r->size, size), human_bytes(r->new_bytes, fresh));
	if (r->absent)
		printf(", %llu kept that %s not here",
		       (unsigned long long)r->absent,
		       human_plural(r->absent, "is", "are"));
	putchar('\n');
}

static int print_result(const struct dv_add_result *r, void *data)
{
	struct add *a = data;

	progress_clear(&a->view);
	a->results++;
	if (r->changed || r->is_new)
		hint_path(r->pointer, &a->to_stage);
	if (r->ignore)
		hint_path(r->ignore, &a->to_stage);
	if (a->json)
		print_json(r);
	else if (!a->quiet)
		print_line(a, r);
	return 0;
}

static int finish(struct add *a, int err)
{
	progress_clear(&a->view);
	if (err || a->quiet || a->json)
		return report(err);
	if (!a->results)
		printf("nothing to record\n");
	return a->dry_run ? 0 : report(hint_stage(a->repo, &a->to_stage));
}

static int run(int argc, char **argv, const char *const *usage,
	       bool changed_only)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct add a = { .repo = NULL };
	struct dv_add_options o = { .changed_only = changed_only };
	int code, err, n, force = 0;
	const struct option options[] = {
		OPT_FLAG('f', "force", &force,
			 "record what is here though the pointer was changed"),
		OPT_FLAG('q', "quiet", &a.quiet, "print nothing but errors"),
		OPT_COUNT('j', "jobs", &o.threads, "<n>",
			  "use so many threads"),
		OPT_FLAG('n', "dry-run", &a.dry_run,
			 "say what would be recorded, change nothing"),
		OPT_FLAG(0, "json", &a.json,
			 "print a JSON object for each tracked path"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (!n && !changed_only)
		return usage_error(usage, "no path given");
	err = open_repo(&repo);
	if (!err)
		err = open_threads(repo, &o.threads);
	if (err)
		return report(err);
	a.repo = repo;
	o.dry_run = a.dry_run;
	o.force = force;
	o.progress = progress_show(&a.view, a.quiet);
	err = dv_add(repo, (const char *const *)argv, n, &o, print_result, &a);
	code = finish(&a, err);
	names_release(&a.to_stage);
	return code;
}

int cmd_add(int argc, char **argv)
{
	return run(argc, argv, add_usage, false);
}

int cmd_commit(int argc, char **argv)
{
	return run(argc, argv, commit_usage, true);
}
