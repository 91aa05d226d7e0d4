/* dv rm: stop tracking. */

#include <stdio.h>
#include <string.h>

#include "dv/arrange.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv rm [-f] [--keep | --cached] [-n] [-q] [--json] [--] <path>...", NULL
};

struct rm {
	struct dv_repo *repo;
	int quiet, json, force, keep, dry_run;
	struct names to_stage;	/* what the hint tells to git add */
};

static void print_json(const struct dv_remove_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "path", r->path);
	json_add_string(&out, "pointer", r->pointer);
	json_add_bool(&out, "inside", r->inside);
	json_add_number(&out, "removed", r->removed);
	json_add_number(&out, "kept", r->kept);
	json_object_end(&out);
	puts(out.data);
}

static void print_line(const struct rm *m, const struct dv_remove_result *r)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	shown_path(m->repo, r->path, &path);
	printf("%s: %s", path.data, m->dry_run ? "would no longer be tracked" :
	       "no longer tracked");
	if (!m->keep)
		printf(", %llu %s removed", (unsigned long long)r->removed,
		       human_plural(r->removed, "file", "files"));
	if (r->kept)
		printf(", %llu kept that %s not recorded",
		       (unsigned long long)r->kept,
		       human_plural(r->kept, "was", "were"));
	putchar('\n');
}

static int print_result(const struct dv_remove_result *r, void *data)
{
	struct rm *m = data;

	if (r->stage)
		hint_path(r->pointer, &m->to_stage);
	if (r->ignore)
		hint_path(r->ignore, &m->to_stage);
	if (m->json)
		print_json(r);
	else if (!m->quiet)
		print_line(m, r);
	return 0;
}

static int run(struct rm *m, const char *const *paths, size_t count)
{
	const struct dv_remove_options o = {
		.keep = m->keep, .force = m->force, .dry_run = m->dry_run,
	};
	int err = dv_remove(m->repo, paths, count, &o, print_result, m);

	if (err || m->quiet || m->json || m->dry_run)
		return err;
	return hint_stage(m->repo, &m->to_stage);
}

int cmd_rm(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct rm m = { .repo = NULL };
	const struct option options[] = {
		OPT_FLAG('f', "force", &m.force,
			 "remove also what is recorded nowhere else"),
		OPT_FLAG(0, "keep", &m.keep,
			 "leave the data in the work tree"),
		OPT_FLAG(0, "cached", &m.keep, "the same, as git calls it"),
		OPT_FLAG('n', "dry-run", &m.dry_run,
			 "say what would be done, change nothing"),
		OPT_FLAG('q', "quiet", &m.quiet, "print nothing but errors"),
		OPT_FLAG(0, "json", &m.json,
			 "print a JSON object for each path"),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (!n)
		return usage_error(usage, "no path given");
	err = open_repo(&repo);
	m.repo = repo;
	if (!err)
		err = run(&m, (const char *const *)argv, (size_t)n);
	names_release(&m.to_stage);
	return report(err);
}
