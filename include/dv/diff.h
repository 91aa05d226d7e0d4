#ifndef DV_DIFF_H
#define DV_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/progress.h"
#include "dv/repo.h"
#include "dv/work.h"

/*
 * What differs between what two commits record, or between a commit and the
 * data that lie in the work tree.
 */
enum dv_change_kind {
	DV_CHANGE_ADDED = 'A',
	DV_CHANGE_DELETED = 'D',
	DV_CHANGE_MODIFIED = 'M',	/* content or executable bit */
	DV_CHANGE_RENAMED = 'R',	/* the same content elsewhere */
	DV_CHANGE_TYPE = 'T',		/* a file became a symbolic link, or
					   the other way round */
};

struct dv_change {
	enum dv_change_kind kind;
	const struct dv_entry *before;	/* NULL: added */
	const struct dv_entry *after;	/* NULL: deleted */
	bool tracked;		/* a tracked path, as a whole */
	bool worktree;		/* `after` is what lies in the work tree; its
				   id is zeros when it was not needed */
	bool unlisted;		/* a directory of which the store lacks the
				   list: that it differs is all that is known */
};

typedef int dv_change_cb(const struct dv_change *change, void *data);

struct dv_diff_options {
	const char *const *paths;	/* as in dv_selection; none: all */
	size_t count;
	const char *before;	/* a commit; NULL: HEAD, which need not be there
				   yet */
	const char *after;	/* a commit; NULL: the work tree */
	/*
	 * Two pointers instead of commits, before and after; NULL where there
	 * is none.
	 */
	const struct dv_tracked *const *pair;
	bool recursive;		/* files below directories that were added or
				   deleted, instead of the directories */
	bool no_renames;
	unsigned threads;	/* for reading files; 0: all CPUs */
	struct dv_progress progress;
};

struct dv_diff_result {
	uint64_t nodes;		/* of trees, that were read */
	bool renames_left_out;	/* too many changes to look for them */
};

/*
 * Calls fn for each change, in the order of a walk of the trees.  Time and
 * memory are in proportion to the changes; past a million of them they are
 * not held in memory and no renames are looked for.  Files of the work tree
 * are read only where dv_status() would, and those that a rename may be of.
 *
 * DV_E_INCOMPLETE, after all that can be told was told, when the store lacks
 * lists (`unlisted`); the hint says what to fetch.  DV_E_NOTFOUND: a path of
 * which neither side has anything.  `result` may be NULL.
 */
int dv_diff(struct dv_repo *repo, const struct dv_diff_options *options,
	    dv_change_cb *fn, void *data, struct dv_diff_result *result);

/* A file that is longer is not compared by lines. */
#define DV_DIFF_LINES_MOST	((uint64_t)8 << 20)	/* bytes */

/*
 * The lines by which the two sides of a change of dv_diff() differ, as a
 * unified diff that the user's git makes, with its colours if `colour`.
 * A line says so instead where one side is binary or too long.  Nothing
 * is written for directories, symbolic links and what has the same content.
 * DV_E_INCOMPLETE when the store lacks content.
 */
int dv_diff_lines(struct dv_repo *repo, const struct dv_change *change,
		  bool colour,
		  int (*write)(void *data, const uint8_t *bytes, size_t len),
		  void *data);

/* The same for programs. */
struct dv_diff_hunks {
	bool binary, too_long;	/* then there is no text */
	char *text;		/* owned; the hunks, each from its "@@" line on;
				   NULL: nothing differs that has lines */
	size_t len;
};

/*
 * DV_E_INCOMPLETE when the store lacks content.  The text is made in memory,
 * and is about as long as both sides at most.
 */
int dv_diff_hunks(struct dv_repo *repo, const struct dv_change *change,
		  bool colour, struct dv_diff_hunks *out);
void dv_diff_hunks_release(struct dv_diff_hunks *h);

/*
 * What differs between the rows of two versions of a table: a file called
 * .csv, .tsv, .tab or .psv, whose first row names its columns.
 */
struct dv_diff_rows {
	bool table;		/* both sides are one; else all below is 0 */
	char *problem;		/* owned; why a file with such a name cannot be
				   read as one, or NULL */
	uint64_t before, after;	/* rows, without the first one */
	uint64_t added, removed;
	uint64_t changed;	/* keyed: the key stayed, the rest did not */
	bool keyed;		/* rows are told apart by key columns, which
				   both sides have; else by all they hold */
	bool key_missing;	/* keys were given, and one of them is not on
				   both sides */
	char **columns_added, **columns_removed;	/* owned, with their
							   texts */
	size_t columns_added_count, columns_removed_count;
};

/*
 * Compares by the columns that both sides have, in whatever order rows and
 * columns are.  keys: names of columns, none: whole rows.  Nothing (table is
 * false, no problem) where dv_diff_lines() writes nothing, and where one side
 * is not there.  In memory is a part of the rows' hashes, whatever the size.
 * DV_E_INCOMPLETE when the store lacks content.
 */
int dv_diff_rows(struct dv_repo *repo, const struct dv_change *change,
		 const char *const *keys, size_t key_count,
		 struct dv_diff_rows *out);
void dv_diff_rows_release(struct dv_diff_rows *r);

#endif
