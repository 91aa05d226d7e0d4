#ifndef BUILTIN_DIFF_ROWS_H
#define BUILTIN_DIFF_ROWS_H

#include "dv/diff.h"

#include "base/buf.h"

/* What dv_diff_rows() found of one change, for people and for programs. */

/* Nothing where the file is no table. */
void diff_rows_print(const struct dv_repo *repo, const struct dv_change *c,
		     const struct dv_diff_rows *r);
/* Members of an object. */
void diff_rows_add_json(struct buf *out, const struct dv_diff_rows *r);

#endif
