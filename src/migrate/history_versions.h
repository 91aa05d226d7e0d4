#ifndef MIGRATE_HISTORY_VERSIONS_H
#define MIGRATE_HISTORY_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/names.h"
#include "migrate/export.h"
#include "migrate/history.h"
#include "migrate/history_filter.h"

/*
 * All versions that history has of files which may track data.  Each content
 * is read and converted once, however many commits have it.
 */
struct history_version {
	const char *path;	/* in the arena of *p */
	const char *blob;	/* likewise */
	const char *commit;	/* the first that has it */
	const char *text;	/* likewise; NULL: the reader has no
				   filter, or it does not look right */
	size_t len;
	bool filtered;		/* in some commit the filter has it */
	size_t first, count;	/* its outs in present.outs */
	bool executable;
	bool pointer;		/* it is one */
	bool done;		/* all of it has been converted */
};

struct history_versions {
	struct present *p;
	struct history_reader *reader;
	struct names keys;	/* "<blob> <x> <path>" -> number of the item */
	struct history_version *items;	/* owned */
	size_t count, room;
	struct history_filter filter;	/* when the reader has one */
};

/* Finds them in the stream of git fast-export, and counts its commits. */
int history_versions_find(struct history_versions *h,
			  const struct buf *stream);
/*
 * Reads and converts them; what cannot be is reported, and not `done`.  Where
 * the reader has a filter, lines are added to the stream as
 * history_filter_read() does.
 */
int history_versions_convert(struct history_versions *h, struct buf *stream);
/*
 * The version at an EXPORT_MODIFY of commit `commit` that dv's pointers take
 * the place of, or NULL.
 */
const struct history_version *
history_versions_replaced(struct history_versions *h, const struct export *e,
			  size_t commit);
void history_versions_release(struct history_versions *h);

#endif
