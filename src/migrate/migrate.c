#include "dv/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "dv/work.h"

#include "base/array.h"
#include "base/error.h"
#include "git/repo.h"
#include "migrate/from_dvc.h"
#include "migrate/from_lfs.h"
#include "migrate/present.h"

static int run(struct present *p, struct buf *checkout)
{
	bool lfs = p->o->from == DV_MIGRATE_LFS;

	if (p->o->branch)
		return lfs ? migrate_lfs_history(p) : migrate_dvc_history(p);
	return lfs ? migrate_lfs(p, checkout) : migrate_dvc(p);
}

static int run_locked(struct present *p, struct dv_repo *repo,
		      const struct dv_migrate_options *o,
		      struct buf *checkout)
{
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_HOLD struct store *held = NULL;
	dv_migrate_cb *fn = p->fn;
	void *data = p->data;
	struct dv_migrate_result *result = p->result;
	int err = o->dry_run ? 0 : repo_lock(repo, "migrate", &lock);

	/* what a batch has converted is pointed to later */
	if (!err && !o->dry_run)
		err = repo_hold_store(repo, &held);
	if (err)
		return err;
	err = present_open(p, repo, o);
	p->fn = fn;
	p->data = data;
	p->result = result;
	if (!err)
		err = run(p, checkout);
	present_close(p);
	return err;
}

/* The data in place of the text that git-lfs had left there. */
static int check_out(struct dv_repo *repo, const struct buf *paths,
		     const struct dv_migrate_options *options)
{
	struct dv_checkout_options o = {
		.threads = options->threads, .progress = options->progress,
	};
	struct dv_checkout_result result;
	const char **list = NULL;
	size_t count = 0, room = 0;
	int err;

	for (size_t at = 0; at < paths->len;
	     at += strlen(paths->data + at) + 1) {
		ARRAY_GROW(list, count + 1, room);
		list[count++] = paths->data + at;
	}
	o.what.paths = list;
	o.what.count = count;
	err = count ? dv_checkout(repo, &o, NULL, NULL, &result) : 0;
	free(list);
	return err;
}

int dv_migrate(struct dv_repo *repo, const struct dv_migrate_options *options,
	       dv_migrate_cb *fn, void *data,
	       struct dv_migrate_result *result)
{
	DV_AUTO_BUF struct buf checkout = BUF_INIT;
	struct present p = { .fn = fn, .data = data, .result = result };
	int err;

	memset(result, 0, sizeof(*result));
	err = run_locked(&p, repo, options, &checkout);
	return err ? err : check_out(repo, &checkout, options);
}
