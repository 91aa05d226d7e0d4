/* dv_ignore_ask(): which rule of a .dvignore decides about a path. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dv/ignore.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/rules.h"
#include "work/below.h"
#include "work/scan.h"

struct dv_ignore {
	struct dv_repo *repo;
	struct ignore *rules;	/* owned */
	struct buf file;	/* of the last answer */
};

int dv_ignore_open(struct dv_repo *repo, struct dv_ignore **out)
{
	struct dv_ignore *i = xcalloc(1, sizeof(*i));
	int err;

	i->repo = repo;
	i->file = (struct buf)BUF_INIT;
	err = ignore_new(repo, &i->rules);
	if (err) {
		dv_ignore_close(i);
		return err;
	}
	*out = i;
	return 0;
}

void dv_ignore_close(struct dv_ignore *i)
{
	if (!i)
		return;
	ignore_free(i->rules);
	buf_release(&i->file);
	free(i);
}

/* What is at the path, if anything; its folders are no symbolic links. */
static int look(const struct dv_ignore *i, const char *path, bool *directory)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	struct stat st;
	int top, err = repo_worktree_fd(i->repo, &top);

	if (err)
		return err;
	buf_add(&parent, path, path_parent_len(path));
	DV_AUTO_CLOSE int fd = open_below(top, parent.data);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return dv_fail(DV_E_INVALID, "%s is beyond a symbolic link or "
			       "a file", path);
	if (fd >= 0 && !fstatat(fd, path_name(path), &st, AT_SYMLINK_NOFOLLOW))
		*directory |= S_ISDIR(st.st_mode);
	return 0;
}

int dv_ignore_ask(struct dv_ignore *i, const char *path,
		  struct dv_ignore_rule *out)
{
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	size_t len = strlen(path);
	bool directory = len && path[len - 1] == '/';
	struct rule_found found;
	int err = path_inside(dv_repo_worktree(i->repo),
			      dv_repo_prefix(i->repo), path, &inside);

	*out = (struct dv_ignore_rule){ .found = false };
	if (!err)
		err = look(i, inside.data, &directory);
	if (!err)
		err = scan_ignore_above(i->repo, i->rules, inside.data);
	if (err || !*inside.data ||
	    !ignore_find(i->rules, inside.data, directory, &found))
		return err;
	*out = (struct dv_ignore_rule){
		.found = true, .negated = found.negated, .line = found.line,
		.pattern = found.text,
	};
	if (found.folder) {
		buf_clear(&i->file);
		buf_addstr(&i->file, found.folder);
		path_append(&i->file, ".dvignore");
		out->file = i->file.data;
	}
	return 0;
}
