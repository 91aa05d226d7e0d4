#ifndef STORE_TREE_DIFF_H
#define STORE_TREE_DIFF_H

#include "store/tree.h"

/*
 * The entries by which two directories differ, in order.  What both have in
 * the same node is passed over unread, so that the nodes read are in
 * proportion to the difference and not to the directories.  In memory are the
 * nodes on the way down, twice.
 */
struct tree_diff;

/* NULL: no directory, all entries of the other one differ. */
void tree_diff_open(struct store_reader *r, const struct dv_id *before,
		    const struct dv_id *after, struct tree_diff **out);
/*
 * The next name: its entry before and after, one of them may be NULL.  Both
 * are good until the next call.  Returns 1, 0 at the end, or an error
 * (DV_E_NOTFOUND: the store lacks a node).
 */
int tree_diff_next(struct tree_diff *d, const struct tree_entry **before,
		   const struct tree_entry **after);
/* After a failure: true when it was a node of `after`. */
bool tree_diff_in_after(const struct tree_diff *d);
/* How many nodes were read. */
uint64_t tree_diff_nodes(const struct tree_diff *d);
void tree_diff_close(struct tree_diff *d);

/* True when two entries say the same; names are not looked at. */
bool tree_entry_equal(const struct tree_entry *a, const struct tree_entry *b);

#endif
