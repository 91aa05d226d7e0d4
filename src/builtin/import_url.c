/* dv import-url: a file at a URL, tracked here. */

#include "dv/error.h"

#include "builtin/builtin.h"
#include "builtin/open.h"
#include "builtin/source.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv import-url [--checksum <sum>] [--to-remote] [-r <remote>] "
	"[-j <n>] [-f] [-q] [--json] [--] <url> [<out>]", NULL
};

int cmd_import_url(int argc, char **argv)
{
	struct source s = { 0 };
	struct dv_source_result result = { 0 };
	const char *checksum = NULL;
	int to_remote = 0;
	const struct option options[] = {
		OPT_STRING(0, "checksum", &checksum, "<sum>",
			   "sha256:<hex>: it must have this one"),
		OPT_FLAG(0, "to-remote", &to_remote,
			 "push it, and leave the work tree without it"),
		OPT_STRING('r', "remote", &s.options.remote, "<remote>",
			   "push to this remote"),
		OPT_COUNT('j', "jobs", &s.options.jobs, "<n>",
			  "have so many transfers in flight"),
		OPT_FLAG('f', "force", &s.force, "replace what is in the way"),
		OPT_FLAG('q', "quiet", &s.quiet, "print nothing but errors"),
		OPT_FLAG(0, "json", &s.json, "print a JSON object"),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n < 1 || n > 2)
		return usage_error(usage, "a URL, and where to track it");
	source_prepare(&s);
	s.options.to_remote = to_remote;
	err = open_repo(&s.repo);
	if (!err)
		err = dv_import_url(s.repo, argv[0], argv[1], checksum,
				    &s.options, &result);
	progress_clear(&s.view);
	if (!err)
		source_print(&s, &result);
	dv_source_result_release(&result);
	close_repo(&s.repo);
	return report(err);
}
