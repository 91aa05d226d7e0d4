/* dv pull: fetch, then checkout. */

#include <stdio.h>

#include "dv/error.h"

#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/transfer.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv pull [-r <remote>] [-j <n>] [-n] [-q] [--json] [-a] [-T] [-A] "
	"[-f] [--allow-missing] [--exclude <glob>] [--profile <name>] "
	"[--max-size <size>] [--] [<path>...]", NULL
};

static int check_out(struct transfer *t,
		     const struct dv_transfer_result *fetched)
{
	struct checkout_view v = {
		.repo = t->repo, .view = &t->view, .quiet = t->quiet,
		.json = t->json, .planned = t->dry_run,
		.filter = &t->filter, .broken = &t->broken,
		.silent_if_nothing = !t->json && transfer_nothing(fetched),
	};
	struct dv_checkout_options o = {
		.what = t->options.what,
		.force = t->force,
		.dry_run = t->dry_run,
		.to_come = t->dry_run,
		.allow_missing = t->allow_missing || t->dry_run,
		.progress = t->options.progress,
	};
	int code;

	/* the work tree holds one version, whatever else was fetched */
	o.what.all_branches = o.what.all_tags = o.what.all_commits = false;
	code = checkout_run(&v, &o);
	if (!code && !t->quiet && v.silent_if_nothing &&
	    !broken_code(&t->broken, 0) && checkout_nothing(&v.result))
		printf("up to date\n");
	return code;
}

int cmd_pull(int argc, char **argv)
{
	struct transfer t = { .work_tree = true };
	struct dv_transfer_result result = { 0 };
	const struct option options[] = {
		TRANSFER_OPTIONS(&t),
		OPT_FLAG('f', "force", &t.force,
			 "overwrite files that were changed here"),
		OPT_FLAG(0, "allow-missing", &t.allow_missing,
			 "go on without what no remote has"),
		FILTER_OPTIONS(&t.filter),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	err = transfer_fetch(&t, argv, n, &result);
	if (!err && (t.json || !transfer_nothing(&result)))
		transfer_print(&t, "fetched", &result);
	code = err ? report(err) : check_out(&t, &result);
	return transfer_end(&t, code);
}
