/* dv import: out of another repository, tracked here. */

#include "builtin/builtin.h"
#include "builtin/source.h"

static const char *const usage[] = {
	"dv import [-o <out>] [--rev <rev>] [-r <remote>] [--no-download] "
	SOURCE_USAGE " [--] <url> <path>", NULL
};

int cmd_import(int argc, char **argv)
{
	struct source s = { .tracks = SOURCE_NEW };
	struct dv_source_result result = { 0 };
	const struct option options[] = {
		SOURCE_OUT(&s), SOURCE_REV(&s), SOURCE_REMOTE(&s),
		SOURCE_NO_DOWNLOAD(&s), SOURCE_OPTIONS(&s),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n != 2)
		return usage_error(usage, "a repository and a path in it");
	err = source_prepare(&s, false);
	if (!err)
		err = dv_import(s.repo, argv[0], argv[1], s.out, &s.options,
				&result);
	return source_finish(&s, err, &result);
}
