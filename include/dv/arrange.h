#ifndef DV_ARRANGE_H
#define DV_ARRANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/repo.h"

/*
 * What is tracked, and under which name.
 */

/* --- rm ----------------------------------------------------------------- */

struct dv_remove_options {
	bool keep;		/* the data stay in the work tree */
	bool force;		/* also what is recorded or committed nowhere */
	bool dry_run;
};

/* What came of one tracked path, or of a path inside of one. */
struct dv_remove_result {
	const char *path;	/* of the data, relative to the work tree */
	const char *pointer;	/* of the pointer file that went or, when path
				   is inside a tracked directory, changed */
	const char *ignore;	/* of the .gitignore that changed, or NULL */
	bool inside;
	bool stage;		/* git's index has the pointer */
	uint64_t removed;	/* files and symlinks taken away here */
	uint64_t kept;		/* others that are there still: the user's */
};

typedef int dv_remove_cb(const struct dv_remove_result *result, void *data);

/*
 * Stops tracking paths: their data, then the .gitignore line, then the
 * pointer go.  A path inside a tracked directory leaves the directory's
 * pointer, also when it was never put into this work tree.  The store keeps
 * the content; git's index is left alone.
 *
 * Unless `force`, nothing is removed when there is anything that would be
 * lost: data that were changed, are new or are not in the store, a pointer
 * that is not what HEAD has (DV_E_EXISTS).  Files that were never recorded
 * are kept in any case.
 */
int dv_remove(struct dv_repo *repo, const char *const *paths, size_t count,
	      const struct dv_remove_options *options, dv_remove_cb *fn,
	      void *data);

/* --- mv ----------------------------------------------------------------- */

struct dv_move_result {
	const char *from, *to;	/* of the data, relative to the work tree */
	const char *const *stage;	/* what git should be told of */
	size_t stage_count;
};

typedef int dv_move_cb(const struct dv_move_result *result, void *data);

/*
 * Gives tracked data another name.  `to` is a name that is free, or a folder
 * to move it into.  The data (if they are here), the pointer and the
 * .gitignore line move; nothing is read again.  Inside one tracked directory,
 * what is at `from` moves in the work tree and the directory's pointer is
 * made anew.  Any failure leaves all as it was: DV_E_EXISTS when something is
 * at `to`, DV_E_NOTFOUND when nothing is tracked at `from`,
 * DV_E_UNSUPPORTED between a tracked directory and the outside.  `fn` is
 * called once.
 */
int dv_move(struct dv_repo *repo, const char *from, const char *to,
	    bool dry_run, dv_move_cb *fn, void *data);

#endif
