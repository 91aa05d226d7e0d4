/* dv mv: another name for tracked data. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dv/arrange.h"
#include "dv/error.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/names.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv mv [-n] [-q] [--json] [--] <from>... <to>", NULL
};

struct mv {
	struct dv_repo *repo;
	int quiet, json, dry_run;
	struct names to_stage;	/* what the hint tells to git add */
};

static void print_json(const struct dv_move_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "from", r->from);
	json_add_string(&out, "to", r->to);
	json_object_end(&out);
	puts(out.data);
}

static int print_result(const struct dv_move_result *r, void *data)
{
	struct mv *m = data;
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf to = BUF_INIT;

	for (size_t i = 0; i < r->stage_count; i++)
		hint_path(r->stage[i], &m->to_stage);
	if (m->json)
		print_json(r);
	if (m->json || m->quiet)
		return 0;
	shown_path(m->repo, r->from, &from);
	shown_path(m->repo, r->to, &to);
	printf("%s%s -> %s\n", m->dry_run ? "would move " : "", from.data,
	       to.data);
	return 0;
}

/* Two may have one name there. */
static int note_target(const struct dv_move_result *r, void *data)
{
	struct names *targets = data;
	size_t len = strlen(r->to);

	if (names_find(targets, r->to, len) != NAMES_NONE)
		return dv_fail(DV_E_EXISTS, "two of them would become %s",
			       r->to);
	names_add(targets, r->to, len);
	return 0;
}

/* As git mv: where one cannot be moved, none is. */
static int check_all(struct mv *m, char **argv, int count)
{
	struct names targets = { 0 };
	int err = 0;

	for (int i = 0; i < count - 1 && !err; i++)
		err = dv_move(m->repo, argv[i], argv[count - 1], true,
			      note_target, &targets);
	names_release(&targets);
	return err;
}

static int run(struct mv *m, char **argv, int count)
{
	int err = count > 2 ? check_all(m, argv, count) : 0;

	for (int i = 0; i < count - 1 && !err; i++)
		err = dv_move(m->repo, argv[i], argv[count - 1], m->dry_run,
			      print_result, m);
	if (m->quiet || m->json || m->dry_run)
		return err;
	return hint_stage_after(m->repo, &m->to_stage, err);
}

int cmd_mv(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct mv m = { .repo = NULL };
	struct stat st;
	const struct option options[] = {
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
	if (n < 2)
		return usage_error(usage, "a path and its new name are needed");
	if (n > 2 && (stat(argv[n - 1], &st) || !S_ISDIR(st.st_mode)))
		return usage_error(usage, "several paths need a folder to "
				   "move into");
	err = open_repo(&repo);
	m.repo = repo;
	if (!err)
		err = run(&m, argv, n);
	names_release(&m.to_stage);
	return report(err);
}
