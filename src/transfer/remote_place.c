#include "transfer/remote_place.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/run.h"
#include "remote/url.h"

/* Where path leads, as far as it is there; the rest as it is. */
static void resolve(const char *path, struct buf *out)
{
	DV_AUTO_BUF struct buf there = BUF_INIT;

	buf_addstr(&there, path);
	while (there.len) {
		DV_AUTO_FREE char *real = realpath(there.data, NULL);

		if (real) {
			buf_addstr(out, real);
			break;
		}
		buf_setlen(&there, path_parent_len(there.data));
	}
	buf_addstr(out, path + there.len);
}

static int refuse(const char *url, const char *why)
{
	return dv_hint(dv_fail(DV_E_INVALID, "%s cannot be a remote: it is %s",
			       url, why),
		       "take a folder outside of the repository");
}

/* What is to be pushed there must not be what git is to commit. */
static int check_work_tree(struct dv_repo *repo, const char *url,
			   const char *path)
{
	DV_AUTO_BUF struct buf in = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *args[] = { "check-ignore", "-q", "--", NULL, NULL };

	if (!*path)
		return refuse(url, "the work tree itself");
	buf_addf(&in, "./%s/packs", path);
	args[3] = in.data;
	if (!run_git(repo, args, NULL, 0, &out))
		return 0;
	return dv_hint(refuse(url, "in the work tree, where git would see "
			      "it"),
		       "take a folder outside of the repository, or one "
		       "that .gitignore names");
}

int remote_place_check(struct dv_repo *repo, const char *url)
{
	DV_AUTO_URL struct url u = URL_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf place = BUF_INIT;
	const char *below;
	int err = url_parse(url, &u);

	if (err || u.kind != URL_DIR)
		return err;
	err = url_dir_path(u.path, dv_repo_worktree(repo), &path);
	if (err)
		return err;
	resolve(path.data, &place);
	if (path_below(place.data, repo_store_real(repo)))
		return refuse(url, "the store itself");
	if (path_below(place.data, repo_common_dir(repo)) ||
	    path_below(place.data, repo_git_dir(repo)))
		return refuse(url, "in git's own folder");
	below = path_below(place.data, dv_repo_worktree(repo));
	return below ? check_work_tree(repo, url, below) : 0;
}
