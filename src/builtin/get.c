/* dv get: out of another repository, without tracking. */

#include "builtin/builtin.h"
#include "builtin/source.h"

static const char *const usage[] = {
	"dv get [-o <out>] [--rev <rev>] [-r <remote>] " SOURCE_USAGE
	" [--] <url> <path>", NULL
};

int cmd_get(int argc, char **argv)
{
	struct source s = { 0 };
	struct dv_source_result result = { 0 };
	const struct option options[] = {
		SOURCE_OUT(&s), SOURCE_REV(&s), SOURCE_REMOTE(&s),
		SOURCE_OPTIONS(&s),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n != 2)
		return usage_error(usage, "a repository and a path in it");
	/* outside of a repository it works as well, only nothing is kept */
	err = source_prepare(&s, true);
	if (!err)
		err = dv_get(s.repo, argv[0], argv[1], s.out, &s.options,
			     &result);
	return source_finish(&s, err, &result);
}
