/* dv import-url: a file or folder at a URL, tracked here. */

#include <string.h>

#include "dv/id.h"

#include "builtin/builtin.h"
#include "builtin/source.h"

static const char *const usage[] = {
	"dv import-url [-o <out>] [--checksum <sum>] [--no-download] "
	"[--to-remote] [-r <remote>] " SOURCE_USAGE " [--] <url> [<out>]", NULL
};

static const char *check_checksum(const char *text)
{
	struct dv_id id;

	return !strncmp(text, "sha256:", 7) &&
	       strlen(text) == 7 + DV_ID_HEX &&
	       !dv_id_from_hex(text + 7, &id) ? NULL :
		"sha256: and 64 lower-case hexadecimal digits";
}

int cmd_import_url(int argc, char **argv)
{
	struct source s = { .tracks = SOURCE_NEW };
	struct dv_source_result result = { 0 };
	const char *checksum = NULL;
	const struct option options[] = {
		SOURCE_OUT(&s),
		OPT_CHECKED(0, "checksum", &checksum, "<sum>",
			    "sha256:<hex>: a file must have this one",
			    check_checksum),
		SOURCE_NO_DOWNLOAD(&s), SOURCE_TO_REMOTE(&s),
		SOURCE_OPTIONS(&s),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (n < 1 || n > (s.out ? 1 : 2))
		return usage_error(usage, "a URL, and where to track it");
	if (s.no_download && s.to_remote)
		return usage_error(usage, SOURCE_EITHER);
	err = source_prepare(&s, false);
	if (!err)
		err = dv_import_url(s.repo, argv[0], s.out ? s.out : argv[1],
				    checksum, &s.options, &result);
	return source_finish(&s, err, &result);
}
