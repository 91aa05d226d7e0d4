#ifndef BUILTIN_DIFF_HUNKS_H
#define BUILTIN_DIFF_HUNKS_H

#include "dv/diff.h"

#include "base/buf.h"

/* Of one change so much is told to programs: whole lines. */
#define HUNKS_LINES_MOST	1000u
#define HUNKS_BYTES_MOST	((size_t)64 << 10)

/* What dv_diff_hunks() found of one change: members of an object. */
void diff_hunks_add_json(struct buf *out, const struct dv_diff_hunks *h);

#endif
