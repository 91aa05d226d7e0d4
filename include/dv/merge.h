#ifndef DV_MERGE_H
#define DV_MERGE_H

#include <stdbool.h>

#include "dv/pointer.h"
#include "dv/repo.h"

/*
 * Three-way merge of what pointers record.  Directories are merged entry by
 * entry: what only one side changed is taken from it, and what both changed
 * in the same way once.  Where they disagree nothing is lost: the result
 * holds both versions, and the caller is told.
 */
struct dv_merge_sides {
	const char *path;	/* tracked; for messages */
	const struct dv_pointer *base;	/* NULL: added on both sides */
	const struct dv_pointer *ours, *theirs;
};

enum dv_merge_conflict {
	DV_MERGE_BOTH_CHANGED = 1,	/* ours keeps the name, theirs has a
					   new one beside it */
	DV_MERGE_DELETED_HERE,	/* theirs, which was changed, is kept */
	DV_MERGE_DELETED_THERE,	/* ours, which was changed, is kept */
	DV_MERGE_WHOLE,		/* not two directories: the result is ours,
				   theirs is in git's index only */
	DV_MERGE_LINES,		/* further lines of the pointer: ours */
};

/*
 * path: relative to the work tree; `theirs`: where that version is now, or
 * NULL.  A failure returned stops the merge.
 */
typedef int dv_merge_cb(enum dv_merge_conflict what, const char *path,
			const char *theirs, void *data);

/*
 * Merges into *out, to be released.  Conflicts are no failure: fn is called
 * for each.  New nodes are in the store and durable on return; the work tree
 * is not touched.  DV_E_INCOMPLETE when the store lacks nodes that are
 * needed: those of the three pointers can be fetched without content.
 * Memory: the entries of the directories on one way down, three times.
 */
int dv_merge(struct dv_repo *repo, const struct dv_merge_sides *sides,
	     dv_merge_cb *fn, void *data, struct dv_pointer *out);

/*
 * For git's merge drivers: base, ours and theirs are files, and the result is
 * written to ours.
 *
 * dv_merge_text() does what git does without a driver.  False: there are
 * conflict markers in it, or it cannot be merged and is as it was.
 */
bool dv_merge_text(const char *const files[3]);
/*
 * Of a .gitignore.  Lines as dv writes them, "/name", are a set: what one side
 * added is added, what one side took out is out.  All others are merged as
 * text; *merged: without conflicts.
 */
int dv_merge_gitignore(const char *const files[3], bool *merged);

#endif
