#ifndef MIGRATE_HISTORY_TAGS_H
#define MIGRATE_HISTORY_TAGS_H

#include <stdbool.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "base/names.h"

#define REFS_TAGS	"refs/tags/"

/*
 * The tags below <name>/ when all refs are rewritten: a run may be one of
 * many.  A tag that an earlier one has left, and nobody has moved, is ours to
 * be moved; any other one stays.  Refs are full ones.
 */
struct history_tags {
	struct dv_repo *repo;
	const char *name;
	struct names theirs;	/* not as we have left them */
	struct names ours;
	struct names ours_at;	/* of each of them: "<id> <ref>" */
	struct names written;	/* "<id> <ref>" of each that we have left */
	struct names kept;	/* of theirs: those we would have written */
	struct names made;	/* tags that this run writes */
};

/* What earlier runs have left.  *t has repo and name. */
int history_tags_read(struct history_tags *t);
/* A tag that is there now, as "<id> <ref>". */
void history_tags_add(struct history_tags *t, const char *line);
/* The ref in that. */
const char *history_tags_ref(const char *line);
void history_tags_release(struct history_tags *t);

/* Notes a ref that is to be written.  False for a tag that is the user's. */
bool history_tags_may_write(struct history_tags *t, const char *ref);
/* Appends the "reset" of a ref to the commit that follows. */
void history_tags_reset(const struct history_tags *t, const char *ref,
			struct buf *out);

/* Before git fast-import: what a killed run has left is in its way. */
int history_tags_drop_moved(const struct history_tags *t);
/* After it: moves ours, and notes what we have left. */
int history_tags_finish(const struct history_tags *t);

#endif
