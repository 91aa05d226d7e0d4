#ifndef WORK_STORED_H
#define WORK_STORED_H

#include <stdint.h>

#include "dv/id.h"
#include "dv/repo.h"

#include "store/store.h"
#include "store/tree.h"

/*
 * Whether the local store has all of what is recorded.
 *
 * Looking every chunk up takes time, so the answer "all is here" is kept in
 * the stat index with a fingerprint of the store: SHA-256 over the sorted
 * names of its packs (and those of fallbacks), loose files and of what is known
 * to be bad.  No file is read for it.
 */
int stored_fingerprint(struct dv_repo *repo, struct dv_id *out);

/*
 * 1 when the store has all chunks of a file, 0 when not; or an error:
 * DV_E_CORRUPT when its list is damaged.
 */
int content_here(struct store *s, struct store_reader *r,
		 const struct content *c);

/* What is missing. */
struct stored_missing {
	uint64_t files, size;
};

/*
 * Looks up all that `entry` needs: its nodes and chunks.  Content that is
 * there but cannot be read counts as missing.  `name` is for messages.
 */
int stored_check(struct store *s, const char *name,
		 const struct tree_entry *entry, unsigned threads,
		 struct stored_missing *out);

#endif
