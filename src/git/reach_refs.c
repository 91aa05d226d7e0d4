/* Whether git shows all history that there is: nothing may be missed by gc. */

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "git/private.h"
#include "git/reach.h"

static int check_shallow(const struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;

	buf_addf(&path, "%s/shallow", repo->place.common_dir);
	if (stat(path.data, &st) < 0 || !st.st_size)
		return 0;
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "%s is a shallow clone: what "
			       "its older commits record is not known",
			       repo->place.worktree),
		       "git fetch --unshallow");
}

/* These belong to one work tree, and git shows only its own. */
static bool is_private_ref(const char *name)
{
	return !strcmp(name, "refs/bisect") ||
	       !strcmp(name, "refs/worktree") ||
	       !strcmp(name, "refs/rewritten");
}

/* One that was made since all were listed is none. */
static int check_ref(struct dv_repo *repo, const char *name, const char *path)
{
	DV_AUTO_BUF struct buf object = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *args[] = { "rev-parse", "-q", "--verify", NULL, NULL };
	int err;

	if (file_read(path, 4096, &text) || !strncmp(text.data, "ref: ", 5))
		return 0;
	buf_addf(&object, "%s^{object}", name);
	args[3] = object.data;
	err = run_git(repo, args, NULL, 0, &out);
	if (!err || err == DV_E_INTERRUPTED)
		return err;
	return dv_hint(dv_fail(DV_E_INVALID, "%s: a broken ref", path),
		       "git fsck; then mend or delete it");
}

/* git passes over a file below refs/ that it can make nothing of. */
static int check_refs_in(struct dv_repo *repo, const char *below,
			 const struct path_list *known)
{
	const char *dir = repo->place.common_dir;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_DIR DIR *list = NULL;
	const struct dirent *entry;
	int err = 0;

	buf_addf(&path, "%s/%s", dir, below);
	list = opendir(path.data);
	while (list && !err && (entry = readdir(list))) {
		DV_AUTO_BUF struct buf name = BUF_INIT;
		size_t len = strlen(entry->d_name);
		struct stat st;

		if (entry->d_name[0] == '.' || (len > 5 &&
		    !strcmp(entry->d_name + len - 5, ".lock")))
			continue;
		buf_addf(&name, "%s/%s", below, entry->d_name);
		buf_clear(&path);
		buf_addf(&path, "%s/%s", dir, name.data);
		if (stat(path.data, &st) < 0 ||
		    path_list_has(known, name.data) ||
		    is_private_ref(name.data))
			continue;
		if (S_ISDIR(st.st_mode))
			err = check_refs_in(repo, name.data, known);
		else
			err = check_ref(repo, name.data, path.data);
	}
	return err;
}

static int check_refs(struct dv_repo *repo)
{
	static const char *const args[] = {
		"for-each-ref", "--format=%(refname)", NULL
	};
	DV_AUTO_PATH_LIST struct path_list known = PATH_LIST_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = run_git(repo, args, NULL, 0, &out);

	for (const char *at = out.data; *at; at += *at == '\n') {
		size_t len = strcspn(at, "\n");

		path_list_add(&known, at, len);
		at += len;
	}
	path_list_sort(&known);
	buf_addf(&path, "%s/reftable", repo->place.common_dir);
	if (err || !access(path.data, F_OK))
		return err;
	return check_refs_in(repo, "refs", &known);
}

int reach_check(struct dv_repo *repo)
{
	int err = check_shallow(repo);

	return err ? err : check_refs(repo);
}
