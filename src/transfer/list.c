/* dv_list_fetching(): looking, whether or not the lists are here. */

#include "dv/error.h"
#include "dv/transfer.h"

static int make_whole(struct dv_repo *repo, const struct dv_selection *what,
		      enum dv_list_flags flags, dv_supply_cb *supply)
{
	struct dv_transfer_options fetch = { .what = *what,
					     .metadata_only = true,
					     .supply = supply };
	struct dv_transfer_result result;
	int err = dv_list(repo, what, flags, NULL, NULL);

	return err == DV_E_INCOMPLETE ? dv_fetch(repo, &fetch, &result) : err;
}

/* Path by path: of one that is git's own there is nothing to fetch. */
int dv_list_fetching(struct dv_repo *repo, const struct dv_selection *what,
		     enum dv_list_flags flags, dv_supply_cb *supply,
		     dv_entry_cb *fn, void *data)
{
	struct dv_selection one = *what;
	int err = 0;

	if (!what->count)
		err = make_whole(repo, what, flags, supply);
	for (size_t i = 0; i < what->count && !err; i++) {
		one.paths = &what->paths[i];
		one.count = 1;
		err = make_whole(repo, &one, flags, supply);
	}
	return err ? err : dv_list(repo, what, flags, fn, data);
}
