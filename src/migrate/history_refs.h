#ifndef MIGRATE_HISTORY_REFS_H
#define MIGRATE_HISTORY_REFS_H

#include <stdbool.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "base/names.h"
#include "migrate/export.h"
#include "migrate/history_tags.h"

/*
 * Which refs are read, and what they are called when they are written: all of
 * HEAD's history onto one branch, or with `all` each branch and tag <x> as
 * <name>/<x>.  No ref of another name is touched; of those a branch is moved
 * only forward, and a tag that is there stays unless it is as we have left it.
 */
struct history_refs {
	struct dv_repo *repo;
	const char *name;	/* the branch, or what comes before all names */
	bool all;
	struct history_tags there;	/* with `all`: below <name>/ */
	/* tags under whose names commits are exported */
	struct names tags;
	struct buf *marks;	/* owned; as many: the mark of the last one */
	size_t mark_room;
	uint32_t tag;		/* the commit at hand is of this one, or NONE */
	bool skip;		/* a tag that is there already */
	bool scratch;		/* the ref for such commits is in use */
};

/* Checks the name and lists what is there.  *r has repo, name, all. */
int history_refs_open(struct history_refs *r);
void history_refs_release(struct history_refs *r);

/* Appends the stream of git fast-export. */
int history_refs_export(const struct history_refs *r, struct buf *stream);

/*
 * Of EXPORT_COMMIT, EXPORT_RESET and EXPORT_TAG: appends the line with the new
 * name.  Of what follows: sees marks.  True: that is all there is to do.
 */
bool history_refs_take(struct history_refs *r, const struct export *e,
		       struct buf *out);
/* What goes at the end of the stream. */
void history_refs_end(struct history_refs *r, struct buf *out);

/* Runs git fast-import, and notes which tags are ours. */
int history_refs_import(const struct history_refs *r, const struct buf *in);

#endif
