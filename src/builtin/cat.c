/* dv cat: print a recorded file. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dv/error.h"
#include "dv/source.h"
#include "dv/transfer.h"
#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv cat [--rev <rev>] [--repo <url>] [--] <path>",
	"dv cat [--] <rev>:<path>", NULL
};

static int write_out(void *data, const uint8_t *bytes, size_t len)
{
	bool *any = data;

	*any = true;
	return output_write(bytes, len);
}

/* What the store lacks of it is fetched first. */
static int cat(struct dv_repo *repo, const char *rev, const char *path)
{
	struct dv_transfer_options o = { .what = { .paths = &path, .count = 1,
						   .rev = rev },
					 .supply = dv_source_supply_look };
	struct dv_transfer_result result;
	bool any = false;
	int err = dv_cat(repo, rev, path, write_out, &any);

	if (err != DV_E_INCOMPLETE || any)
		return err;
	err = dv_fetch(repo, &o, &result);
	return err ? err : dv_cat(repo, rev, path, write_out, &any);
}

static int cat_elsewhere(struct dv_repo *repo, const char *url,
			 const char *rev, const char *path)
{
	struct dv_source *source;
	bool any = false;
	int err = dv_source_open(repo, url, rev, &source);

	if (!err)
		err = dv_source_cat(source, path, write_out, &any);
	dv_source_close(source);
	return err;
}

static int pass_over(const struct dv_tracked *tracked, void *data)
{
	(void)tracked;
	(void)data;
	return 0;
}

/* "a:b": the name of something tracked, where there is no commit a. */
static bool is_name(struct dv_repo *repo, const char *typed)
{
	const struct dv_selection what = { .paths = &typed, .count = 1 };
	char commit[DV_COMMIT_HEX + 1];
	DV_AUTO_BUF struct buf rev = BUF_INIT;

	buf_add(&rev, typed, strcspn(typed, ":"));
	return dv_repo_commit(repo, rev.data, commit) == DV_E_NOTFOUND &&
	       !dv_tracked_each(repo, &what, pass_over, NULL);
}

int cmd_cat(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	DV_AUTO_FREE char *word = NULL;
	const char *rev = NULL, *url = NULL, *path;
	int code, err, n;
	const struct option options[] = {
		OPT_STRING(0, "rev", &rev, "<rev>",
			   "as this commit records it"),
		OPT_STRING(0, "repo", &url, "<url>",
			   "look into this other repository"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (n != 1)
		return usage_error(usage, n ? "one path at a time" :
					      "no path given");
	path = word = xstrdup(argv[0]);
	err = url ? open_repo_if_any(&repo) : open_any_repo(&repo);
	if (err)
		return report(err);
	if (!rev && strchr(word, ':') && (url || !is_name(repo, word))) {
		char *colon = strchr(word, ':');

		*colon = 0;
		rev = word;
		path = colon + 1;
	}
	err = url ? cat_elsewhere(repo, url, rev, path) :
		cat(repo, rev, path);
	return report(err);
}
