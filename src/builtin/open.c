#include <string.h>

#include "dv/error.h"

#include "base/path.h"
#include "builtin/open.h"
#include "cli/report.h"

#define THREADS_MOST 1024	/* more is a mistake */

int open_repo(struct dv_repo **out)
{
	int err = dv_repo_open(".", out), hints;

	if (err)
		return err;
	hints = dv_config_bool(*out, "core.hints", true);
	if (hints < 0)
		return hints;
	report_hints(hints);
	return 0;
}

int open_threads(struct dv_repo *repo, unsigned *threads)
{
	uint64_t jobs;
	int err;

	if (*threads)
		return 0;
	err = dv_config_size(repo, "core.jobs", 0, &jobs);
	if (!err)
		*threads = jobs < THREADS_MOST ? jobs : THREADS_MOST;
	return err;
}

void close_repo(struct dv_repo **repo)
{
	if (*repo)
		dv_repo_close(*repo);
}

void typed_path(const struct dv_repo *repo, const char *path,
		struct buf *out)
{
	const char *prefix = dv_repo_prefix(repo);
	size_t same = 0;

	/* whole components that both have */
	for (size_t i = 0; prefix[i] && prefix[i] == path[i]; i++)
		if (prefix[i + 1] == '/' || !prefix[i + 1])
			if (path[i + 1] == '/' || !path[i + 1])
				same = i + 1;
	prefix += same;
	path += same;
	prefix += *prefix == '/';
	path += *path == '/';
	for (; *prefix; prefix += *prefix == '/') {
		buf_addstr(out, *path || strchr(prefix, '/') ? "../" : "..");
		prefix += strcspn(prefix, "/");
	}
	buf_addstr(out, path);
	if (!out->len)
		buf_addch(out, '.');
}

void shown_path(const struct dv_repo *repo, const char *path,
		struct buf *out)
{
	DV_AUTO_BUF struct buf typed = BUF_INIT;

	typed_path(repo, path, &typed);
	path_quote(typed.data, out);
}
