#ifndef WORK_ADD_TREE_H
#define WORK_ADD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/tree.h"
#include "work/record.h"
#include "work/scan.h"
#include "work/stat_index.h"

/*
 * Making trees of what was read.  A tracked path is recorded as a whole (one
 * part whose `inside` is "") or in parts inside of it.
 */
struct add_part {
	const char *inside;	/* relative to the tracked path */
	bool gone;		/* nothing is there; scan is empty */
	struct scan scan;
	struct record_item *items;	/* of the scan; what was read, in
					   order */
	size_t count;
	size_t known;		/* entries the stat index vouches for */
};

struct tree_source {
	const struct dv_repo *repo;	/* for hints */
	struct recorder *r;
	const char *path;	/* tracked */
	const struct stat_index *index;
	bool keep;		/* the old tree may have entries that never were
				   here: to be kept */
	bool drop;		/* parts leave the record, also what never was
				   here */
	bool lenient;		/* what is recorded and never was here is left
				   alone instead of an error */
	struct store_reader *reader;	/* owned by the caller */
	uint64_t absent;	/* out: entries kept */
};

/*
 * Makes the tracked path's new root entry (its name is not set) of the old
 * one (NULL: none) and the parts, which are sorted by path_order() and not
 * inside each other.  New nodes go to the recorder.
 */
int tree_record(struct tree_source *s, const struct tree_entry *old,
		const struct add_part *parts, size_t count,
		struct tree_entry *out);

#endif
