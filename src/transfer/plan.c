/* dv_fetch_plan(): sizes before anything large is moved. */

#include "dv/transfer.h"
#include "dv/work.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"

struct planning {
	struct dv_repo *repo;
	const struct dv_transfer_options *options;
	dv_fetch_plan_cb *fn;
	void *data;
	struct dv_fetch_plan now;	/* of the tracked path in hand */
	const char *named;		/* the path that was asked for */
	uint64_t max_size;		/* of all others; 0: any */
};

static int add_entry(const struct dv_entry *e, void *data)
{
	struct planning *at = data;
	struct dv_fetch_plan *p = &at->now;

	if (e->type == DV_ENTRY_DIR)
		return 0;
	if (at->max_size && e->type == DV_ENTRY_FILE &&
	    e->size > at->max_size && strcmp(e->path, at->named))
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
	const struct dv_filter *asked = p->options->what.filter;
	struct dv_filter filter = asked ? *asked : (struct dv_filter){ 0 };
	struct dv_selection one = {
		.given = t, .given_count = 1,
		.filter = asked,
	};
	DV_AUTO_BUF struct buf named = BUF_INIT;
	int err;

	/* a file that was named is wanted, whatever its size */
	p->max_size = *t->inside ? filter.max_size : 0;
	if (p->max_size) {
		filter.max_size = 0;
		one.filter = &filter;
		buf_addstr(&named, t->path);
		path_append(&named, t->inside);
		p->named = named.data;
	}
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
