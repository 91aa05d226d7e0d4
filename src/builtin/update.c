/* dv update: look again where imported paths came from. */

#include "builtin/builtin.h"
#include "builtin/source.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv update [--rev <rev>] [--no-download] [--to-remote] [-r <remote>] "
	SOURCE_USAGE " [--] [<path>...]", NULL
};

static int print_one(const struct dv_source_result *r, void *data)
{
	struct source *s = data;

	if (r->error) {
		progress_clear(&s->view);
		report(r->error);
		return 0;
	}
	source_print(s, r);
	return 0;
}

int cmd_update(int argc, char **argv)
{
	struct source s = { .tracks = SOURCE_KNOWN };
	struct dv_selection what = { 0 };
	const struct option options[] = {
		SOURCE_REV(&s), SOURCE_NO_DOWNLOAD(&s), SOURCE_TO_REMOTE(&s),
		SOURCE_OPTIONS(&s),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (s.no_download && s.to_remote)
		return usage_error(usage, SOURCE_EITHER);
	err = source_prepare(&s, false);
	what.paths = (const char *const *)argv;
	what.count = n;
	if (!err)
		err = dv_update(s.repo, &what, &s.options, print_one, &s);
	return source_finish(&s, err, NULL);
}
