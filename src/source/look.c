/* Looking into another repository without taking more than is shown. */

#include <stdlib.h>
#include <string.h>

#include "dv/source.h"
#include "dv/transfer.h"

#include "base/error.h"
#include "source/import.h"
#include "source/scratch.h"

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
	int err = repo ? import_clone(repo, url, rev, false, &l->clone) :
		open_apart(l, url, rev);

	if (!err && !l->clone->repo)
		err = dv_hint(dv_fail(DV_E_NOTFOUND, "dv is not set up in %s",
				      l->clone->url),
			      "dv get takes files of git's own too");
	return err;
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

	if (err)
		return err;
	there.rev = l.clone->commit;
	fetch.what = there;
	err = dv_list(l.clone->repo, &there, recursive, NULL, NULL);
	if (err == DV_E_INCOMPLETE)
		err = dv_fetch(l.clone->repo, &fetch, &result);
	return err ? err : dv_list(l.clone->repo, &there, recursive, fn, data);
}

int dv_source_cat(struct dv_repo *repo, const char *url, const char *rev,
		  const char *path,
		  int (*write)(void *data, const uint8_t *bytes, size_t len),
		  void *data)
{
	DV_AUTO_LOOK struct look l = LOOK_INIT;
	struct dv_transfer_options fetch = {
		.what = { .paths = &path, .count = 1 },
	};
	struct dv_transfer_result result;
	int err = open_look(&l, repo, url, rev);

	if (err)
		return err;
	fetch.what.rev = l.clone->commit;
	err = dv_fetch(l.clone->repo, &fetch, &result);
	return err ? err : dv_cat(l.clone->repo, l.clone->commit, path, write,
				  data);
}
