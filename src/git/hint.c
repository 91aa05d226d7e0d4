/* Paths in commands that are to be typed as they are shown. */

#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"

const char *repo_word(const struct dv_repo *repo, const char *path,
		      struct buf *out)
{
	DV_AUTO_BUF struct buf typed = BUF_INIT;

	path_typed(dv_repo_prefix(repo), path, &typed);
	path_word(typed.data, out);
	return out->data;
}

int repo_hint_fetch(const struct dv_repo *repo, int err, const char *path)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (err != DV_E_INCOMPLETE)
		return err;
	return dv_hint(err, "dv fetch %s", repo_word(repo, path, &word));
}
