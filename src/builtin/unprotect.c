/* dv unprotect: private copies instead of links to the store. */

#include <stdio.h>

#include "dv/work.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "builtin/filter.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv unprotect [-q] [--json] [--] <path>...", NULL
};

static void print_json(const struct dv_checkout_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "operation", "unprotect");
	json_add_number(&out, "unprotected", r->written);
	json_add_number(&out, "bytes", r->written_bytes);
	json_add_number(&out, "kept", r->kept);
	json_object_end(&out);
	puts(out.data);
}

static void print_line(const struct dv_checkout_result *r)
{
	char size[HUMAN_SIZE];

	printf("unprotected %llu %s (%s)\n", (unsigned long long)r->written,
	       human_plural(r->written, "file", "files"),
	       human_bytes(r->written_bytes, size));
}

int cmd_unprotect(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	DV_AUTO_FILTER struct filter_args filter = { 0 };
	struct dv_checkout_options o = { .links = DV_LINKS_UNDO };
	struct dv_checkout_result result = { 0 };
	int quiet = 0, json = 0, code, err;
	const struct option options[] = {
		OPT_FLAG('q', "quiet", &quiet, "print nothing but errors"),
		OPT_FLAG(0, "json", &json, "print one JSON object"),
		OPT_END()
	};
	int n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	if (!n)
		return usage_error(usage, "no path given");
	err = open_repo(&repo);
	if (!err)
		err = open_threads(repo, &o.threads);
	if (!err)
		err = filter_apply(&filter, repo, argv, n, &o.what);
	if (err)
		return report(err);
	err = dv_checkout(repo, &o, NULL, NULL, &result);
	if (json)
		print_json(&result);
	else if (!quiet && !err)
		print_line(&result);
	return report(err);
}
