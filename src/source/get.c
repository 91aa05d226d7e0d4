/* dv_get(): out of another repository, without tracking. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/source.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/repo.h"
#include "source/scratch.h"

/* In the scratch folder, whatever it is called later. */
#define GOT_NAME	"data"

void dv_source_result_release(struct dv_source_result *r)
{
	free(r->path);
	r->path = NULL;
}

/* --- where to ------------------------------------------------------------ */

struct target {
	struct buf path;	/* as it is shown */
	struct buf parent;	/* the folder it is in */
};

static void target_release(struct target *t)
{
	buf_release(&t->path);
	buf_release(&t->parent);
}

#define DV_AUTO_TARGET __attribute__((cleanup(target_release)))

static int choose_target(const char *name, const char *out, bool force,
			 struct target *t)
{
	struct stat st;
	size_t len;

	buf_addstr(&t->path, out ? out : name);
	while (t->path.len > 1 && t->path.data[t->path.len - 1] == '/')
		buf_setlen(&t->path, t->path.len - 1);
	if (out && !stat(t->path.data, &st) && S_ISDIR(st.st_mode))
		path_append(&t->path, name);
	len = path_parent_len(t->path.data);
	if (len)
		buf_add(&t->parent, t->path.data, len);
	else
		buf_addstr(&t->parent, *t->path.data == '/' ? "/" : ".");
	if (!path_name_ok(path_name(t->path.data),
			  strlen(path_name(t->path.data))))
		return dv_fail(DV_E_INVALID, "'%s' is no name for a file or "
			       "folder", t->path.data);
	if (!force && !lstat(t->path.data, &st))
		return dv_hint(dv_fail(DV_E_EXISTS, "%s is there already",
				       t->path.data),
			       "-f replaces it, -o gives it another name");
	return stat(t->parent.data, &st) ?
		dv_fail_errno("cannot write to %s", t->parent.data) : 0;
}

/* --- giving it its name -------------------------------------------------- */

static int refuse(const struct target *t)
{
	return dv_fail(DV_E_EXISTS, "%s has appeared meanwhile: not touched",
		       t->path.data);
}

static int name_it(const char *from, const struct target *t)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, t->path.data,
		       RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST)
		return refuse(t);
	if (errno != EINVAL && errno != ENOSYS)
		return dv_fail_errno("cannot make %s", t->path.data);
	/* a file system without it: nearly as good */
	if (!access(t->path.data, F_OK))
		return refuse(t);
	if (rename(from, t->path.data))
		return dv_fail_errno("cannot make %s", t->path.data);
	return 0;
}

/*
 * What is in the way goes into the scratch folder, which is removed; if the
 * new one cannot have its name, it comes back, or is kept out of that folder.
 */
static int give_name(const struct scratch *s, const char *name,
		     const struct target *t, bool force)
{
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf kept = BUF_INIT;
	struct error_state why;
	bool moved;
	int err;

	buf_addf(&from, "%s/%s", s->dir, name);
	buf_addf(&old, "%s/" SCRATCH_REPLACED, s->dir);
	moved = force && !rename(t->path.data, old.data);
	if (force && !moved && errno != ENOENT)
		return dv_fail_errno("cannot replace %s", t->path.data);
	err = name_it(from.data, t);
	if (!err)
		return dir_sync(t->parent.data);
	if (!moved)
		return err;
	error_save(err, &why);
	if (!access(t->path.data, F_OK) || rename(old.data, t->path.data)) {
		buf_addf(&kept, "%s.replaced", s->dir);
		if (!rename(old.data, kept.data))
			return dv_hint(error_restore(&why), "what was there "
				       "is %s now", kept.data);
	}
	return error_restore(&why);
}

/* --- getting it ---------------------------------------------------------- */

/* Out of sight it has another name, which tells nobody anything. */
static int name_source(const struct source_entry *p, int err)
{
	const size_t len = strlen(GOT_NAME);
	struct error_state why;

	if (!err)
		return 0;
	error_save(err, &why);
	if (strncmp(why.text, GOT_NAME, len) ||
	    !strchr(" :/", why.text[len]))
		return err;
	dv_fail(err, "%s%s", p->path, why.text + len);
	return *why.hint ? dv_hint(err, "%s", why.hint) : err;
}

static int put_together(struct scratch *s, const struct clone *c,
			const struct source_entry *p,
			const struct dv_source_options *o,
			struct dv_source_result *result)
{
	struct dv_pointer part;
	int err = source_fetch(c, p, o, false, &result->bytes);

	if (err)
		return err;
	if (p->kind == SOURCE_GIT)
		return scratch_put_git(s, c, p, &o->progress);
	err = source_pointer(c, p, o, &part);
	result->files = part.files;
	result->size = part.size;
	if (err)
		return err;
	return name_source(p, scratch_put_pointer(s, GOT_NAME, &part,
						  &o->progress));
}

static int get(struct dv_repo *repo, struct scratch *s,
	       struct clone_options *from, const char *path,
	       const struct dv_source_options *o,
	       struct dv_source_result *result, struct source_entry *p)
{
	DV_AUTO_BUF struct buf own = BUF_INIT;
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	DV_AUTO_CLONE struct clone *c = NULL;
	int err;

	buf_addf(&own, "%s/.git/dv", s->dir);
	buf_addf(&dir, "%s/.git/source", s->dir);
	from->store_path = repo ? dv_repo_store_path(repo) : own.data;
	from->dir = repo ? NULL : dir.data;
	err = clone_open(from, &c);
	if (!err)
		err = source_find(c, path, p);
	if (!err)
		err = scratch_open(s, from->store_path);
	if (err)
		return err;
	memcpy(result->commit, c->commit, sizeof(result->commit));
	return put_together(s, c, p, o, result);
}

int dv_get(struct dv_repo *repo, const char *url, const char *path,
	   const char *out, const struct dv_source_options *options,
	   struct dv_source_result *result)
{
	struct clone_options from = { .url = url, .rev = options->rev,
				      .repo = repo };
	DV_AUTO_TARGET struct target t = { BUF_INIT, BUF_INIT };
	DV_AUTO_SCRATCH struct scratch s = SCRATCH_INIT;
	DV_AUTO_SOURCE struct source_entry p = { 0 };
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	int err = source_plain_path(path, &plain);

	memset(result, 0, sizeof(*result));
	if (!err)
		err = choose_target(path_name(plain.data), out, options->force,
				    &t);
	if (!err)
		err = scratch_make(&s, t.parent.data);
	if (!err)
		err = get(repo, &s, &from, path, options, result, &p);
	if (!err)
		err = give_name(&s, p.kind == SOURCE_GIT ? p.path : GOT_NAME,
				&t, options->force);
	if (err)
		return err;
	result->path = buf_detach(&t.path);
	result->changed = true;
	return 0;
}
