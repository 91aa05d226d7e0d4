#ifndef MIGRATE_HISTORY_FILTER_H
#define MIGRATE_HISTORY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "base/names.h"
#include "migrate/export.h"

/*
 * Which files git gives to a filter, commit by commit, as .gitattributes says
 * there.  Commits with the same .gitattributes files share a set of them, and
 * git is asked once a set.
 */
struct history_filter {
	struct dv_repo *repo;
	const char *name;	/* of the filter */
	/* True: the file of this EXPORT_MODIFY is worth to be asked for. */
	bool (*candidate)(const struct export *e, void *data);
	void *data;

	/* private: */
	struct names sets;	/* .gitattributes, as update-index reads them */
	struct buf *asked;	/* owned; as many: paths, a 0 behind each */
	size_t asked_room;
	uint32_t *commits;	/* owned; the set of each commit */
	size_t count, room;
	struct names marks;
	uint32_t *mark_sets;	/* owned; as many as marks */
	size_t mark_room;
	struct names filtered;	/* "<set> <path>" */
};

/*
 * Reads *stream and asks git.  A commit that changes what .gitattributes says
 * gets a line for each candidate in it, as each may have become something
 * else without a change of its own.
 */
int history_filter_read(struct history_filter *f, struct buf *stream);
/* True when git gives `path` to the filter in this commit; the first is 1. */
bool history_filter_has(const struct history_filter *f, size_t commit,
			const char *path);
void history_filter_release(struct history_filter *f);

#endif
