/* dv import: out of another repository, tracked here. */

#include "dv/error.h"

#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/source.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv import [-o <out>] [--rev <rev>] [-r <remote>] [-j <n>] [-f] "
	"[--no-download] [-q] [--json] [--] <url> <path>", NULL
};

int cmd_import(int argc, char **argv)
{
	struct source s = { 0 };
	struct dv_source_result result = { 0 };
	const char *out = NULL;
	const struct option options[] = {
		OPT_STRING('o', "out", &out, "<out>",
			   "track it as this path"),
		SOURCE_OPTIONS(&s),
		OPT_FLAG(0, "no-download", &s.no_download,
			 "write only the pointer"),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n != 2)
		return usage_error(usage, "a repository and a path in it");
	source_prepare(&s);
	err = open_repo(&s.repo);
	if (!err)
		err = dv_import(s.repo, argv[0], argv[1], out, &s.options,
				&result);
	progress_clear(&s.view);
	if (!err)
		source_print(&s, &result);
	dv_source_result_release(&result);
	close_repo(&s.repo);
	return report(err);
}
