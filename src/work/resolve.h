#ifndef WORK_RESOLVE_H
#define WORK_RESOLVE_H

#include "dv/pointer.h"

#include "store/tree.h"

/* The entry that stands for all of a tracked directory. */
void resolve_root(const struct dv_pointer *p, struct tree_entry *out);

/*
 * As tree_resolve(), but tells two things apart: DV_E_NOTFOUND, nothing of
 * this name is recorded; DV_E_INCOMPLETE, the store lacks nodes on the way.
 * `name` is the tracked path, for messages.
 */
int resolve_inside(struct store_reader *r, const char *name,
		   const struct tree_entry *root, const char *inside,
		   struct arena *arena, struct tree_entry *out);

/*
 * The entry of a tracked single file, from its file node: DV_E_INCOMPLETE
 * when the store lacks it.
 */
int resolve_file(struct store_reader *r, const char *name,
		 const struct dv_pointer *p, struct tree_entry *out);

/* What the entries of a directory have together; zeros to begin with. */
struct resolve_sums {
	uint64_t size, files;
};
void resolve_add(struct resolve_sums *s, const struct tree_entry *entries,
		 size_t count);

/*
 * Whether size and number of files in a pointer are those of what its id
 * names: the sums of all of a tracked directory's own.  DV_E_INVALID.
 */
int resolve_check_root(const char *name, const struct dv_pointer *p,
		       const struct resolve_sums *sums);
int resolve_check_file(const char *name, const struct dv_pointer *p,
		       const struct content *content);

/* The failure for what the store lacks; repo_hint_fetch() goes with it. */
int resolve_lacks(const char *name);

#endif
