/* dv init: what is made at the top of a work tree, and taken back. */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "git/index_file.h"
#include "git/private.h"

static const char config_text[] =
	"# Settings of dv that everybody who works here shares; dvconfig(5)\n"
	"# lists them.  No secrets: git keeps this file for all to read.\n"
	"[core]\n";

static const char ignore_text[] =
	"# What dv leaves out of tracked directories: patterns as in a\n"
	"# .gitignore, one a line; see dvignore(5).\n";

const char *repo_setup_file(size_t n, const char **text)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{ ".dvconfig", config_text }, { ".dvignore", ignore_text },
	};

	if (n >= sizeof(files) / sizeof(*files))
		return NULL;
	*text = files[n].text;
	return files[n].name;
}

/* Writes the file unless there is one; *made says which. */
static int make_file(struct dv_repo *repo, const char *name,
		     const char *text, bool *made)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;
	int err;

	repo_path(repo, name, &path);
	*made = false;
	if (!lstat(path.data, &st))
		return 0;
	err = file_replace(path.data, text, strlen(text), 0);
	*made = !err;
	return err;
}

/* What init has made so far is taken back when it cannot be finished. */
static void take_back(struct dv_repo *repo, const char *name, bool made)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (!made)
		return;
	repo_path(repo, name, &path);
	unlink(path.data);
}

static void put_back(struct dv_repo *repo, const char *name,
		     const struct buf *before)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	repo_path(repo, name, &path);
	if (before->len)
		file_replace(path.data, before->data, before->len, 0);
	else
		unlink(path.data);
}

/* Is it in git's index? */
static int is_staged(struct dv_repo *repo, const char *name, bool *staged)
{
	const char *const args[] = { "ls-files", "--", name, NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = run_git(repo, args, NULL, 0, &out);

	*staged = out.len > 0;
	return err;
}

/* A .gitignore that lets only few files pass is not about these. */
static int stage_all(struct dv_repo *repo, bool attributes)
{
	const char *args[] = { "add", "-f", "--", ".dvconfig", ".dvignore",
			       ".gitattributes", NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	bool staged = !attributes;
	int err = 0;

	/* by an init that was killed */
	if (!attributes)
		err = is_staged(repo, args[5], &staged);
	if (staged)
		args[5] = NULL;
	index_names_forget(repo);
	return err ? err : run_git(repo, args, NULL, 0, &out);
}

static int set_up(struct dv_repo *repo)
{
	bool config_made = false, ignore_made = false, attributes = false;
	DV_AUTO_BUF struct buf before = BUF_INIT;
	struct error_state failure;
	struct store *store;
	int err;

	err = make_file(repo, ".dvignore", ignore_text, &ignore_made);
	if (!err)
		err = make_file(repo, ".dvconfig", config_text, &config_made);
	if (!err)
		err = settings_load(repo);
	if (!err)
		err = repo_find_store_path(repo);
	if (!err)
		err = repo_store(repo, &store);
	if (!err)
		err = drivers_attributes(repo, &attributes, &before);
	if (!err)
		err = stage_all(repo, attributes);
	if (!err)
		return dir_sync(repo->place.worktree);
	error_save(err, &failure);
	if (attributes)
		put_back(repo, ".gitattributes", &before);
	take_back(repo, ".dvconfig", config_made);
	take_back(repo, ".dvignore", ignore_made);
	return error_restore(&failure);
}

/* A line in .gitattributes may have gone with a merge, or never been there. */
static int set_up_again(struct dv_repo *repo, enum dv_init *out)
{
	static const char *const file[] = { ".gitattributes" };
	DV_AUTO_BUF struct buf before = BUF_INIT;
	bool changed = false;
	int err = settings_load(repo);

	if (!err)
		err = drivers_attributes(repo, &changed, &before);
	*out = changed ? DV_INIT_MENDED : DV_INIT_AGAIN;
	return err || !changed ? err : repo_stage(repo, file, 1);
}

int dv_repo_init(const char *start, enum dv_init *out)
{
	struct dv_repo *repo = repo_new();
	DV_AUTO_BUF struct buf config = BUF_INIT;
	bool again = false;
	struct stat st;
	int err = repo_open_place(repo, start);

	*out = DV_INIT_NEW;
	if (!err)
		err = repo_need_worktree(repo);
	if (!err) {
		repo_path(repo, ".dvconfig", &config);
		/* one that is not staged is of an init that was killed */
		err = lstat(config.data, &st) ? repo_check_lost_config(repo) :
			is_staged(repo, ".dvconfig", &again);
		if (!err)
			err = again ? set_up_again(repo, out) : set_up(repo);
	}
	if (!err)
		err = drivers_configure(repo, true);
	dv_repo_close(repo);
	return err;
}
