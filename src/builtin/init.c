/* dv init: begin to use dv in a git repository. */

#include <stdio.h>

#include "dv/repo.h"

#include "builtin/builtin.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = { "dv init [-q]", NULL };

int cmd_init(int argc, char **argv)
{
	int quiet = 0, code, err;
	enum dv_init was;
	const struct option options[] = {
		OPT_FLAG('q', "quiet", &quiet, "print nothing but errors"),
		OPT_END()
	};
	int n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n)
		return usage_error(usage, "unexpected argument '%s'", argv[0]);
	err = dv_repo_init(".", &was);
	if (err || quiet)
		return report(err);
	if (was != DV_INIT_NEW) {
		printf("dv is set up here already%s\n",
		       was == DV_INIT_MENDED ? "; what .gitattributes lacked "
		       "is staged" : "");
		return 0;
	}
	printf("set up dv: .dvconfig, .dvignore and .gitattributes are "
	       "staged\n");
	report_hint("git commit -m \"Use dv\", then dv add <path>");
	return 0;
}
