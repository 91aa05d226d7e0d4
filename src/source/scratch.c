#include "source/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "git/foreign.h"
#include "git/repo.h"

int scratch_make(struct scratch *s, const char *parent)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf git = BUF_INIT;

	buf_addf(&path, "%s/.dv-get-XXXXXX", parent);
	if (!mkdtemp(path.data))
		return dv_fail_errno("cannot make a folder in %s", parent);
	s->dir = realpath(path.data, NULL);
	if (!s->dir)
		return dv_fail_errno("cannot look at %s", path.data);
	buf_addf(&git, "%s/.git", s->dir);
	return dir_make(git.data);
}

int scratch_open(struct scratch *s, const char *store_path)
{
	struct foreign f = { s->dir, store_path, NULL };

	return repo_open_foreign(&f, &s->repo);
}

void scratch_release(struct scratch *s)
{
	dv_repo_close(s->repo);
	if (s->dir)
		dir_remove(s->dir);
	free(s->dir);
	*s = (struct scratch)SCRATCH_INIT;
}

static int check_out(struct scratch *s, const struct dv_progress *progress)
{
	struct dv_checkout_options o = { .progress = *progress };
	struct dv_checkout_result result;

	return dv_checkout(s->repo, &o, NULL, NULL, &result);
}

int scratch_put_pointer(struct scratch *s, const char *path,
			const struct dv_pointer *pointer,
			const struct dv_progress *progress)
{
	bool changed;
	int err = tracked_write(s->repo, path, pointer, &changed);

	return err ? err : check_out(s, progress);
}

/* --- git's files --------------------------------------------------------- */

struct below {
	struct scratch *scratch;
	struct path_list pointers;
};

static int take_below(const struct dv_tracked *t, void *data)
{
	struct below *b = data;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	bool changed;

	buf_addf(&name, "%s%s", t->path, DV_POINTER_SUFFIX);
	path_list_add(&b->pointers, name.data, name.len);
	return tracked_write(b->scratch->repo, t->path, &t->pointer, &changed);
}

static int put_tracked(struct scratch *s, const struct clone *c,
		       const struct source_entry *p,
		       const struct dv_progress *progress)
{
	struct below b = { s, PATH_LIST_INIT };
	const char *paths[] = { p->path };
	struct dv_selection what = { .paths = paths, .count = 1,
				     .rev = c->commit };
	int top, err = dv_tracked_each(c->repo, &what, take_below, &b);

	if (err == DV_E_NOTFOUND && !b.pointers.count)
		err = 0;
	else if (!err)
		err = check_out(s, progress);
	if (!err)
		err = repo_worktree_fd(s->repo, &top);
	for (size_t i = 0; i < b.pointers.count && !err; i++)
		if (unlinkat(top, b.pointers.items[i], 0))
			err = dv_fail_errno("cannot remove %s",
					    b.pointers.items[i]);
	path_list_release(&b.pointers);
	return err;
}

int scratch_put_git(struct scratch *s, const struct clone *c,
		    const struct source_entry *p,
		    const struct dv_progress *progress)
{
	/* git's own code puts a stranger's tree into the file system */
	const char *const args[] = {
		"-c", "core.hooksPath=/dev/null", "checkout", "-q", "-f",
		c->commit, "--", p->path, NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = foreign_git(c->dir, s->dir, FOREIGN_GIT_WORK |
			      (c->stranger ? FOREIGN_GIT_STRANGER : 0), args,
			      &out);

	if (err || !c->repo)
		return err;
	return put_tracked(s, c, p, progress);
}
