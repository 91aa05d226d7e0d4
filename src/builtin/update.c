/* dv update: look again where imported paths came from. */

#include "dv/error.h"

#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/source.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv update [--rev <rev>] [-r <remote>] [-j <n>] [-f] [--no-download] "
	"[-q] [--json] [--] [<path>...]", NULL
};

static int print_one(const struct dv_source_result *r, void *data)
{
	source_print(data, r);
	return 0;
}

int cmd_update(int argc, char **argv)
{
	struct source s = { 0 };
	struct dv_selection what = { 0 };
	const struct option options[] = {
		SOURCE_OPTIONS(&s),
		OPT_FLAG(0, "no-download", &s.no_download,
			 "write only the pointers"),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	source_prepare(&s);
	err = open_repo(&s.repo);
	what.paths = (const char *const *)argv;
	what.count = n;
	if (!err)
		err = dv_update(s.repo, &what, &s.options, print_one, &s);
	progress_clear(&s.view);
	close_repo(&s.repo);
	return report(err);
}
