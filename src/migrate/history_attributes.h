#ifndef MIGRATE_HISTORY_ATTRIBUTES_H
#define MIGRATE_HISTORY_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "migrate/export.h"
#include "migrate/history_texts.h"

/*
 * The .gitattributes files of converted history.  The one at the top names
 * dv's drivers in every commit, so that pointers merge; of history of git-lfs
 * each one whose patterns may give files of dv to it excepts them, or git add
 * would put pointers of git-lfs in their place.  What a commit has itself
 * stays above that.
 */
struct history_attributes {
	bool lfs;
	struct history_texts texts;
	size_t commit;		/* that is read, from 1 */
	bool open;
};

/* Each command of the stream of git fast-export, in order. */
void history_attributes_take(struct history_attributes *h,
			     const struct export *e);
/* Reads what the commits have themselves. */
int history_attributes_read(struct history_attributes *h,
			    struct dv_repo *repo);
/* Appends the files of commit `number`; numbers only grow. */
void history_attributes_write(struct history_attributes *h, size_t number,
			      struct buf *out);
void history_attributes_release(struct history_attributes *h);

#endif
