/* Looking into another repository without taking more than is shown. */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "dv/source.h"
#include "dv/transfer.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "git/repo.h"
#include "source/entry.h"
#include "source/import.h"
#include "source/scratch.h"
#include "store/store.h"

#define READ_STEP	((size_t)1 << 16)

/* A clone, and where it is when there is no repository to keep it in. */
struct look {
	struct scratch scratch;
	struct clone *clone;
};

#define LOOK_INIT	{ SCRATCH_INIT, NULL }
#define DV_AUTO_LOOK	__attribute__((cleanup(look_release)))

static void look_release(struct look *l)
{
	clone_close(&l->clone);
	scratch_release(&l->scratch);
}

static int open_apart(struct look *l, const char *url, const char *rev)
{
	const char *temp = getenv("TMPDIR");
	DV_AUTO_BUF struct buf store = BUF_INIT;
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	struct clone_options from = { .url = url, .rev = rev };
	int err = scratch_make(&l->scratch, temp && *temp ? temp : "/tmp");

	if (err)
		return err;
	buf_addf(&store, "%s/.git/dv", l->scratch.dir);
	buf_addf(&dir, "%s/.git/source", l->scratch.dir);
	from.store_path = store.data;
	from.dir = dir.data;
	return clone_open(&from, &l->clone);
}

static int open_look(struct look *l, struct dv_repo *repo, const char *url,
		     const char *rev)
{
	return repo ? import_clone(repo, url, rev, false, &l->clone) :
		open_apart(l, url, rev);
}

int dv_source_list(struct dv_repo *repo, const char *url,
		   const struct dv_selection *what, bool recursive,
		   dv_entry_cb *fn, void *data)
{
	DV_AUTO_LOOK struct look l = LOOK_INIT;
	struct dv_transfer_options fetch = { .metadata_only = true };
	struct dv_transfer_result result;
	struct dv_selection there = *what;
	int err = open_look(&l, repo, url, what->rev);

	if (!err && !l.clone->repo)
		err = dv_hint(dv_fail(DV_E_NOTFOUND, "dv is not set up in %s",
				      l.clone->url),
			      "dv get takes files of git's own too");
	if (err)
		return err;
	there.rev = l.clone->commit;
	fetch.what = there;
	err = dv_list(l.clone->repo, &there, recursive, NULL, NULL);
	if (err == DV_E_INCOMPLETE)
		err = dv_fetch(l.clone->repo, &fetch, &result);
	return err ? err : dv_list(l.clone->repo, &there, recursive, fn, data);
}

/* --- one file ------------------------------------------------------------ */

typedef int write_cb(void *data, const uint8_t *bytes, size_t len);

static int write_file(const char *path, write_cb *write, void *data)
{
	DV_AUTO_FREE uint8_t *bytes = xmalloc(READ_STEP);
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 0;
	int err = 0;

	while (fd >= 0 && !err && (n = read(fd, bytes, READ_STEP)) > 0) {
		err = cancel_check();
		if (!err)
			err = write(data, bytes, (size_t)n);
	}
	return fd < 0 || n < 0 ? dv_fail_errno("cannot read %s", path) : err;
}

/* git's own file goes by the disk: it may be longer than memory. */
static int cat_git(const struct look *l, const char *parent,
		   const struct source_entry *p, write_cb *write, void *data)
{
	DV_AUTO_SCRATCH struct scratch s = SCRATCH_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const struct dv_progress quiet = { 0 };
	enum clone_entry kind;
	int err = clone_look(l->clone, p->path, &kind);

	if (!err && kind == CLONE_FOLDER)
		err = dv_fail(DV_E_INVALID, "%s is a folder", p->path);
	if (!err)
		err = scratch_make(&s, parent);
	if (!err)
		err = scratch_open(&s, NULL);
	if (!err)
		err = scratch_put_git(&s, l->clone, p, &quiet);
	buf_addf(&path, "%s/%s", s.dir ? s.dir : "", p->path);
	return err ? err : write_file(path.data, write, data);
}

static int cat_tracked(const struct look *l, const struct source_entry *p,
		       write_cb *write, void *data)
{
	const char *path = p->path;
	struct dv_transfer_options fetch = {
		.what = { .paths = &path, .count = 1,
			  .rev = l->clone->commit },
	};
	struct dv_transfer_result result;
	int err = dv_fetch(l->clone->repo, &fetch, &result);

	return err ? err : dv_cat(l->clone->repo, l->clone->commit, path,
				  write, data);
}

int dv_source_cat(struct dv_repo *repo, const char *url, const char *rev,
		  const char *path, write_cb *write, void *data)
{
	DV_AUTO_LOOK struct look l = LOOK_INIT;
	DV_AUTO_SOURCE struct source_entry p = { 0 };
	const char *parent = NULL;
	struct store *store;
	int err = open_look(&l, repo, url, rev);

	if (!err)
		err = source_find(l.clone, path, &p);
	if (!err && p.kind == SOURCE_TRACKED)
		return cat_tracked(&l, &p, write, data);
	if (!err && repo)
		err = repo_store(repo, &store);
	if (!err && repo)
		err = store_temp_dir(store, &parent);
	if (err)
		return err;
	return cat_git(&l, repo ? parent : l.scratch.dir, &p, write, data);
}
