#include "dv/transfer.h"

int dv_compare(struct dv_repo *repo, const struct dv_transfer_options *options,
	       struct dv_transfer_result *result)
{
	struct dv_transfer_options plan = *options;

	/* what a push would do, without doing it */
	plan.dry_run = true;
	return dv_push(repo, &plan, result);
}
