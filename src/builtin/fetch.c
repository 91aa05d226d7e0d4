/* dv fetch: receive data into the store, leaving the work tree alone. */

#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/transfer.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv fetch [-r <remote>] [-j <n>] [-n] [-q] [--json] [-a] [-T] [-A] "
	"[--rev <rev>] [--exclude <glob>] [--profile <name>] "
	"[--max-size <size>] [--] [<path>...]", NULL
};

int cmd_fetch(int argc, char **argv)
{
	struct transfer t = { 0 };
	struct dv_transfer_result result = { 0 };
	const struct option options[] = {
		TRANSFER_OPTIONS(&t),
		FILTER_OPTIONS(&t.filter),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	err = transfer_prepare(&t, argv, n);
	if (!err)
		err = filter_apply(&t.filter, t.repo, argv, n,
				   &t.options.what);
	if (!err && t.dry_run)
		err = transfer_plan(&t);
	if (!err)
		err = dv_fetch(t.repo, &t.options, &result);
	progress_clear(&t.view);
	if (!err)
		transfer_print(&t, "fetched", &result);
	filter_release(&t.filter);
	close_repo(&t.repo);
	return report(err);
}
