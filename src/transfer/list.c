/* dv_list_fetching(): looking, whether or not the lists are here. */

#include "dv/error.h"
#include "dv/transfer.h"

static int fetch_lists(struct dv_repo *repo, const struct dv_selection *what,
		       dv_supply_cb *supply)
{
	const struct dv_transfer_options fetch = {
		.what = *what, .metadata_only = true, .supply = supply,
	};
	struct dv_transfer_result result;

	return dv_fetch(repo, &fetch, &result);
}

/* Path by path: of one that is git's own there is nothing to fetch. */
static int fetch_each(struct dv_repo *repo, const struct dv_selection *what,
		      enum dv_list_flags flags, dv_supply_cb *supply)
{
	struct dv_selection one = *what;
	int err = 0;

	one.count = 1;
	for (size_t i = 0; i < what->count && !err; i++) {
		one.paths = &what->paths[i];
		err = dv_list(repo, &one, flags, NULL, NULL);
		if (err == DV_E_INCOMPLETE)
			err = fetch_lists(repo, &one, supply);
	}
	return err;
}

int dv_list_fetching(struct dv_repo *repo, const struct dv_selection *what,
		     enum dv_list_flags flags, dv_supply_cb *supply,
		     dv_entry_cb *fn, void *data)
{
	int err = dv_list(repo, what, flags, NULL, NULL);

	if (err == DV_E_INCOMPLETE)
		err = what->count && flags & (DV_LIST_GIT | DV_LIST_GIT_ONLY) ?
			fetch_each(repo, what, flags, supply) :
			fetch_lists(repo, what, supply);
	return err ? err : dv_list(repo, what, flags, fn, data);
}
