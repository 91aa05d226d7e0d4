#include "store/unfold.h"

#include "base/error.h"

bool unfold_first(struct unfold *u, const struct dv_id *id)
{
	bool added;

	id_map_put(&u->seen, id, 0, &added);
	return added;
}

int unfold_paths(struct unfold *u, const char *name, size_t count)
{
	u->paths += count;
	if (u->paths <= UNFOLD_FREE || u->paths / UNFOLD_EACH <= u->entries)
		return 0;
	dv_fail(DV_E_UNSUPPORTED, "%s: a few folders occur in it more often "
		"than dv can follow", name);
	return dv_hint(DV_E_UNSUPPORTED, "all of it cannot be listed or "
		       "written, a folder in it may: 'dv ls <folder>' looks "
		       "into one");
}

int unfold_node(struct unfold *u, const char *name, const struct dv_id *id,
		size_t entries, size_t down)
{
	if (!down)
		return 0;
	if (unfold_first(u, id))
		u->entries += entries;
	return unfold_paths(u, name, down);
}

int unfold_dir(struct unfold *u, const char *name, const struct dv_id *id,
	       const struct tree_entry *entries, size_t count)
{
	size_t dirs = 0;

	for (size_t i = 0; i < count; i++)
		dirs += entries[i].type == ENTRY_DIR;
	return unfold_node(u, name, id, count, dirs);
}

void unfold_release(struct unfold *u)
{
	id_map_release(&u->seen);
}
