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
#include "git/foreign.h"
#include "git/repo.h"
#include "source/beside.h"
#include "source/entry.h"
#include "source/import.h"
#include "source/scratch.h"
#include "store/store.h"

#define READ_STEP	((size_t)1 << 16)

struct dv_source {
	struct dv_repo *user;	/* borrowed; may be NULL */
	struct scratch scratch;	/* where the clone is when there is no
				   repository to keep it in */
	struct clone *clone;
	struct dv_repo *plain;	/* owned; where dv is not set up */
};

static int open_apart(struct dv_source *s, const char *url, const char *rev)
{
	const char *temp = getenv("TMPDIR");
	DV_AUTO_BUF struct buf store = BUF_INIT;
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	struct clone_options from = { .url = url, .rev = rev };
	int err = scratch_make(&s->scratch, temp && *temp ? temp : "/tmp");

	if (err)
		return err;
	buf_addf(&store, "%s/.git/dv", s->scratch.dir);
	buf_addf(&dir, "%s/.git/source", s->scratch.dir);
	from.store_path = store.data;
	from.dir = dir.data;
	return clone_open(&from, &s->clone);
}

/* git's own files can be looked at all the same. */
static int open_plain(struct dv_source *s)
{
	struct foreign f = { .dir = s->clone->dir, .url = s->clone->url };

	return s->clone->repo ? 0 : repo_open_foreign(&f, &s->plain);
}

int dv_source_open(struct dv_repo *repo, const char *url, const char *rev,
		   struct dv_source **out)
{
	struct dv_source *s = xcalloc(1, sizeof(*s));
	int err;

	s->user = repo;
	s->scratch = (struct scratch)SCRATCH_INIT;
	err = repo ? import_clone(repo, url, rev, false, &s->clone) :
		open_apart(s, url, rev);
	if (!err)
		err = open_plain(s);
	if (err) {
		dv_source_close(s);
		s = NULL;
	}
	*out = s;
	return err;
}

void dv_source_close(struct dv_source *s)
{
	if (!s)
		return;
	dv_repo_close(s->plain);
	clone_close(&s->clone);
	scratch_release(&s->scratch);
	free(s);
}

struct dv_repo *dv_source_repo(const struct dv_source *s)
{
	return s->plain ? s->plain : s->clone->repo;
}

const char *dv_source_commit(const struct dv_source *s)
{
	return s->clone->commit;
}

int dv_source_set_up(const struct dv_source *s)
{
	if (s->clone->repo)
		return 0;
	return dv_fail(DV_E_NOTFOUND, "dv is not set up in %s",
		       s->clone->url);
}

int dv_source_list(struct dv_source *from, const struct dv_selection *what,
		   enum dv_list_flags flags, dv_entry_cb *fn, void *data)
{
	struct dv_repo *repo = dv_source_repo(from);
	struct dv_transfer_options t = { .what = *what,
					 .metadata_only = true };
	struct error_state why;
	int err = dv_list_fetching(repo, what, flags, NULL, fn, data);

	if (err != DV_E_NOTFOUND && err != DV_E_INCOMPLETE &&
	    err != DV_E_NETWORK)
		return err;
	error_save(err, &why);
	err = beside_take(from->clone, &t);
	if (err == DV_E_NOTFOUND && source_has_imports(from->clone, what))
		return dv_list_fetching(repo, what, flags,
					dv_source_supply_look, fn, data);
	if (err)
		return err == DV_E_NOTFOUND ? error_restore(&why) : err;
	return dv_list(repo, what, flags, fn, data);
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
static int cat_git(const struct dv_source *from, const char *parent,
		   const struct source_entry *p, write_cb *write, void *data)
{
	DV_AUTO_SCRATCH struct scratch s = SCRATCH_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const struct dv_progress quiet = { 0 };
	enum clone_entry kind;
	int err = clone_look(from->clone, p->path, &kind);

	if (!err && kind == CLONE_FOLDER)
		err = dv_fail(DV_E_INVALID, "%s is a folder", p->path);
	if (!err)
		err = scratch_make(&s, parent);
	if (!err)
		err = scratch_open(&s, NULL);
	if (!err)
		err = scratch_put_git(&s, from->clone, p, &quiet);
	buf_addf(&path, "%s/%s", s.dir ? s.dir : "", p->path);
	return err ? err : write_file(path.data, write, data);
}

static int cat_tracked(const struct dv_source *from,
		       const struct source_entry *p, write_cb *write,
		       void *data)
{
	const struct dv_source_options o = { 0 };
	uint64_t bytes = 0;
	int err = source_fetch(from->clone, p, &o, false, &bytes);

	return err ? err : dv_cat(from->clone->repo, from->clone->commit,
				  p->path, write, data);
}

int dv_source_cat(struct dv_source *from, const char *path,
		  write_cb *write, void *data)
{
	DV_AUTO_SOURCE struct source_entry p = { 0 };
	const char *parent = from->scratch.dir;
	struct store *store;
	int err = source_find(from->clone, path, &p);

	if (!err && p.kind == SOURCE_TRACKED)
		return cat_tracked(from, &p, write, data);
	if (!err && from->user)
		err = repo_store(from->user, &store);
	if (!err && from->user)
		err = store_temp_dir(store, &parent);
	return err ? err : cat_git(from, parent, &p, write, data);
}
