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
		TRANSFER_REV_OPTION(&t),
		FILTER_OPTIONS(&t.filter),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	err = transfer_fetch(&t, argv, n, &result);
	if (!err)
		err = filter_check_matched(&t.filter, t.repo,
					   &t.options.what, false);
	if (!err)
		transfer_print(&t, "fetched", &result);
	return transfer_end(&t, report(err));
}
