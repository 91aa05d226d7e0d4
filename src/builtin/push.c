/* dv push: send what the remote lacks. */

#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/transfer.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv push [-r <remote>] [-j <n>] [-n] [-q] [--json] [-a] [-T] [-A] "
	"[--rev <rev>] [--force] [--imports] [--] [<path>...]", NULL
};

int cmd_push(int argc, char **argv)
{
	struct transfer t = { 0 };
	struct dv_transfer_result result = { 0 };
	const struct option options[] = {
		TRANSFER_OPTIONS(&t),
		TRANSFER_REV_OPTION(&t),
		OPT_FLAG(0, "force", &t.force,
			 "send even what the remote has"),
		OPT_FLAG(0, "imports", &t.imports,
			 "send also what was imported"),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	err = transfer_prepare(&t, argv, n);
	if (!err)
		err = dv_push(t.repo, &t.options, &result);
	progress_clear(&t.view);
	if (!err)
		transfer_print(&t, "pushed", &result);
	return transfer_end(&t, report(err));
}
