/* dv get: out of another repository, without tracking. */

#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/source.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv get [-o <out>] [--rev <rev>] [-r <remote>] [-j <n>] [-f] [-q] "
	"[--json] [--] <url> <path>", NULL
};

int cmd_get(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct source s = { 0 };
	struct dv_source_result result = { 0 };
	const char *out = NULL;
	const struct option options[] = {
		OPT_STRING('o', "out", &out, "<out>",
			   "write to this path"),
		SOURCE_OPTIONS(&s),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n != 2)
		return usage_error(usage, "a repository and a path in it");
	source_prepare(&s);
	/* outside of a repository it works as well, only nothing is kept */
	err = open_repo_if_any(&repo);
	if (!err)
		err = dv_get(repo, argv[0], argv[1], out, &s.options, &result);
	progress_clear(&s.view);
	if (!err)
		source_print(&s, &result);
	dv_source_result_release(&result);
	return report(err);
}
