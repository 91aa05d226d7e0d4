#include "dv/migrate.h"

#include <string.h>

#include "base/error.h"
#include "git/repo.h"
#include "migrate/from_dvc.h"
#include "migrate/present.h"

int dv_migrate(struct dv_repo *repo, const struct dv_migrate_options *options,
	       dv_migrate_cb *fn, void *data,
	       struct dv_migrate_result *result)
{
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	struct present p;
	int err = 0;

	memset(result, 0, sizeof(*result));
	if (!options->dry_run)
		err = repo_lock(repo, "migrate", &lock);
	if (err)
		return err;
	err = present_open(&p, repo, options);
	p.fn = fn;
	p.data = data;
	p.result = result;
	if (!err)
		err = options->branch ? migrate_dvc_history(&p) :
			migrate_dvc(&p);
	present_close(&p);
	return err;
}
