#ifndef WORK_DIFF_SIDE_H
#define WORK_DIFF_SIDE_H

#include "dv/diff.h"

#include "work/content.h"

/* What dv_diff_lines() and dv_diff_rows() share. */

/* True for two files, or one and nothing, that do not hold the same. */
bool diff_side_differ(const struct dv_change *c);

/*
 * Hands on what a side of a change holds; `disk`: the file that lies in the
 * work tree.  DV_E_INCOMPLETE when the store lacks something of it.
 */
int diff_side_write(struct dv_repo *repo, const struct dv_entry *e, bool disk,
		    content_write_fn *write, void *data);

#endif
