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
	bool again;
	const struct option options[] = {
		OPT_FLAG('q', "quiet", &quiet, "print nothing but errors"),
		OPT_END()
	};
	int n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n)
		return usage_error(usage, "unexpected argument '%s'", argv[0]);
	err = dv_repo_init(".", &again);
	if (err || quiet)
		return report(err);
	if (again) {
		printf("dv is set up here already\n");
		return 0;
	}
	printf("set up dv: .dvconfig, .dvignore and .gitattributes are "
	       "staged\n");
	report_hint("git commit -m \"Use dv\", then dv add <path>");
	return 0;
}
