/* dv doctor: does everything dv relies on work here? */

#include <stdio.h>

#include "dv/doctor.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv doctor [-r <remote>] [--offline] [-q] [--json]", NULL
};

struct doctor {
	int quiet, json;
	unsigned failed;
};

static const char *const words[] = {
	[DV_CHECK_OK] = "ok", [DV_CHECK_NOTE] = "note",
	[DV_CHECK_WARN] = "warning", [DV_CHECK_FAIL] = "failed",
};

static void print_json(const struct dv_check *check)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "subject", check->subject);
	json_add_string(&out, "state", words[check->state]);
	json_add_string(&out, "text", check->text);
	json_add_string(&out, "hint", check->hint);
	json_object_end(&out);
	puts(out.data);
}

static int print_check(const struct dv_check *check, void *data)
{
	struct doctor *d = data;

	d->failed += check->state == DV_CHECK_FAIL;
	if (d->json) {
		print_json(check);
		return 0;
	}
	if (d->quiet && check->state != DV_CHECK_FAIL)
		return 0;
	printf("%-8s %s: %s\n", words[check->state], check->subject,
	       check->text);
	if (*check->hint)
		printf("         hint: %s\n", check->hint);
	return 0;
}

int cmd_doctor(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct dv_doctor_options o = { 0 };
	struct doctor d = { 0 };
	int code, err, n, offline = 0;
	const struct option options[] = {
		OPT_STRING('r', "remote", &o.remote, "<remote>",
			   "look at this remote only"),
		OPT_FLAG(0, "offline", &offline, "look at no remote"),
		OPT_FLAG('q', "quiet", &d.quiet, "print only what failed"),
		OPT_FLAG(0, "json", &d.json,
			 "print a JSON object for each check"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (n)
		return usage_error(usage, "unexpected argument '%s'", argv[0]);
	if (!d.quiet && !d.json)
		cmd_version(1, argv);
	o.offline = offline;
	err = open_any_repo(&repo);
	if (!err)
		err = dv_doctor(repo, &o, print_check, &d);
	return err ? report(err) : d.failed > 0;
}
