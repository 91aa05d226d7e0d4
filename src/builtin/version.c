/* dv version: the version, and with --build-options how it was built. */

#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "cli/options.h"

static const char *const usage[] = {
	"dv version [--build-options] [--json]", NULL
};

static void print_json(int build)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "version", DV_VERSION);
	if (build) {
		json_add_string(&out, "compiler", __VERSION__);
		json_add_number(&out, "pointer_bits", 8 * sizeof(void *));
	}
	json_object_end(&out);
	puts(out.data);
}

int cmd_version(int argc, char **argv)
{
	int build = 0, json = 0, code;
	const struct option options[] = {
		OPT_FLAG(0, "build-options", &build, "say how it was built"),
		OPT_FLAG(0, "json", &json, "print one JSON object"),
		OPT_END()
	};
	int n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n)
		return usage_error(usage, "unexpected argument '%s'", argv[0]);
	if (json) {
		print_json(build);
		return 0;
	}
	printf("dv version %s\n", DV_VERSION);
	if (build)
		printf("compiler: %s\nsizeof(void *): %zu\n", __VERSION__,
		       sizeof(void *));
	return 0;
}
