/* dv_fetch_plan(): sizes before anything large is moved. */

#include "dv/transfer.h"
#include "dv/work.h"

#include "base/error.h"

struct planning {
	struct dv_repo *repo;
	const struct dv_transfer_options *options;
	dv_fetch_plan_cb *fn;
	void *data;
	struct dv_fetch_plan now;	/* of the tracked path in hand */
};

static int add_entry(const struct dv_entry *e, void *data)
{
	struct planning *at = data;
	struct dv_fetch_plan *p = &at->now;

	if (e->type == DV_ENTRY_DIR)
		return 0;
	p->files++;
	if (e->type != DV_ENTRY_FILE)
		return 0;
	p->size += e->size;
	if (e->stored)
		return 0;
	p->missing_files++;
	p->missing_size += e->size;
	return 0;
}

static int plan_tracked(const struct dv_tracked *t, void *data)
{
	struct planning *p = data;
	const struct dv_selection one = {
		.given = t, .given_count = 1,
		.filter = p->options->what.filter,
	};
	int err;

	p->now = (struct dv_fetch_plan){ .path = t->path };
	err = dv_list(p->repo, &one, DV_LIST_RECURSIVE | DV_LIST_STORED,
		      add_entry, p);
	return err ? err : p->fn(&p->now, p->data);
}

int dv_fetch_plan(struct dv_repo *repo,
		  const struct dv_transfer_options *options,
		  dv_fetch_plan_cb *fn, void *data)
{
	struct planning p = {
		.repo = repo, .options = options, .fn = fn, .data = data,
	};
	struct dv_transfer_options trees = *options;
	struct dv_transfer_result result;
	int err;

	trees.metadata_only = true;
	trees.dry_run = false;
	err = dv_fetch(repo, &trees, &result);
	return err ? err : dv_tracked_each(repo, &options->what, plan_tracked,
					   &p);
}
