#ifndef DV_LOG_H
#define DV_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "dv/diff.h"
#include "dv/repo.h"

/*
 * The versions of a tracked path, or of something inside of one: the commits
 * that changed it.
 */
struct dv_log_entry {
	const char *commit;	/* hex */
	const char *author, *subject;
	const char *date;	/* ISO 8601, of the author */
	enum dv_change_kind kind;
	/*
	 * What was asked for, before and after; NULL: not there (or, when
	 * `unlisted`, not known).
	 */
	const struct dv_entry *before, *after;
	bool unlisted;		/* the store lacks lists: what changed inside is
				   not known */
	uint64_t added, modified, deleted, renamed;	/* files inside */
};

typedef int dv_log_cb(const struct dv_log_entry *entry, void *data);

struct dv_log_options {
	const char *path;	/* as in dv_selection, but not a folder above */
	const char *range;	/* a revision, or two with ".."; NULL: HEAD */
	unsigned most;		/* commits; 0: all */
};

/*
 * Newest first, through renames of the pointer.  DV_E_NOTFOUND: no commit has
 * it, or there is no such revision.  DV_E_INCOMPLETE, after all was told, when
 * the store lacks what would say whether a path inside changed.
 */
int dv_log(struct dv_repo *repo, const struct dv_log_options *options,
	   dv_log_cb *fn, void *data);

#endif
