#ifndef WORK_DIFF_H
#define WORK_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/diff.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/spill.h"
#include "store/store.h"
#include "store/tree.h"

/*
 * What the parts of dv_diff() share.  The walk (diff_tree.c) compares what is
 * recorded before with what is recorded after; where the work tree is the
 * second side, differences that dv_status() found between it and its pointers
 * are laid over that (diff_work.c).  Changes are held (diff_changes.c) until
 * renames are found among them (diff_rename.c).
 */

/* More changes than this are told at once and not searched for renames. */
#define DIFF_HELD_MOST	((size_t)1 << 20)
/* Changes that take more lie in a file. */
#define DIFF_MEMORY	((size_t)8 << 20)

/* One side of a change that is held. */
struct diff_side {
	bool there;
	const char *path;
	struct tree_entry entry;	/* target is the arena's; no name */
	bool altered;		/* a directory with what lies over it: its id is
				   not that of all of it */
	bool disk;		/* from the work tree: no id unless hashed */
	bool hashed;
};

struct diff_change {
	struct diff_side before, after;
	bool tracked, unlisted;
	bool differs;		/* no need to look whether it does */
	bool dropped;		/* it is part of a rename */
	bool renamed;
};

/* The arena has the changes and their texts. */
struct diff_changes {
	struct arena arena;
	struct diff_change **items;	/* owned */
	size_t count, room;
	bool mixed;		/* they did not come in the order of paths */
};

/* What dv_status() found, by path_order(). */
struct diff_overlay {
	struct arena arena;
	struct dv_status_entry *items;	/* owned */
	size_t count, room;
};

struct diff {
	struct dv_repo *repo;
	const struct dv_diff_options *options;
	struct store_reader *reader;	/* owned */
	int top;		/* fd of the work tree, borrowed */
	struct diff_overlay overlay;
	struct diff_changes *held;	/* where changes go; NULL: told */
	struct spill spill;	/* of arenas that changes are held in */
	const char *tracked;	/* the path at hand */
	struct error_state lacks;	/* the first thing the store lacks */
	dv_change_cb *fn;
	void *data;
	uint64_t nodes;
	bool renames_left_out;
};

/* --- diff_tree.c ----------------------------------------------------- */

/*
 * Compares what is recorded at a path before and after (each may be NULL),
 * with what lies over it, and adds the changes.
 */
int diff_entries(struct diff *d, const char *path,
		 const struct tree_entry *before,
		 const struct tree_entry *after);
/* Adds the files below a directory that was added or deleted. */
int diff_expand(struct diff *d, const struct diff_change *c);

/* --- diff_work.c ----------------------------------------------------- */

/* Fills the overlay; `paths` are such that dv_status() takes them. */
int diff_overlay_read(struct diff *d, const char *const *paths, size_t count);
/* Number of the first item that is not before path in path_order(). */
size_t diff_overlay_lower(const struct diff *d, const char *path);
/* The item at this path, or NULL. */
const struct dv_status_entry *diff_overlay_at(const struct diff *d,
					      const char *path);
/* True when something lies over what is below this directory. */
bool diff_overlay_below(const struct diff *d, const char *path);
void diff_overlay_release(struct diff *d);

/*
 * What is at a path in the work tree.  out->there is false when there is
 * nothing or something that cannot be recorded.  The target is `arena`'s.
 */
int diff_disk_entry(struct diff *d, const char *path, struct arena *arena,
		    struct diff_side *out);
/* Reads the file and fills in its content id. */
int diff_disk_hash(struct diff *d, struct diff_side *side);
/* Adds the files below a directory of the work tree. */
int diff_disk_expand(struct diff *d, const char *path);

/* --- diff_changes.c -------------------------------------------------- */

/* Holds a change (its texts are copied), or tells it. */
int diff_add(struct diff *d, const struct diff_change *c);
/*
 * The n-th change, for who passes over them in order: those before need not be
 * in memory.
 */
struct diff_change *diff_pass(struct diff *d,
			      const struct diff_changes *changes, size_t n);
/* Tells all that are held, in order, and forgets them. */
int diff_tell(struct diff *d, struct diff_changes *changes);
/*
 * Moves them to *to; with options->recursive the files below take the place
 * of directories.
 */
int diff_expand_all(struct diff *d, struct diff_changes *changes,
		    struct diff_changes *to);
void diff_changes_release(struct diff_changes *c);

/* --- diff_rename.c --------------------------------------------------- */

/* Joins what was deleted and what was added with the same content. */
int diff_renames(struct diff *d, struct diff_changes *changes);

#endif
