#ifndef TRANSFER_WANT_H
#define TRANSFER_WANT_H

#include "dv/id.h"
#include "dv/pointer.h"
#include "dv/repo.h"

#include "store/store.h"

/*
 * Walking what a root holds, from node to node, down to the chunks: trees in
 * tree order, lists in file order.  Nothing is collected: the visitor is
 * told of each object and keeps what it needs.
 */
enum want_kind {
	WANT_NOTHING = 0,	/* a symlink, an empty file: no objects */
	WANT_TREE,
	WANT_LIST,
	WANT_FILE,		/* the node a file's pointer names */
	WANT_CHUNK,
};

struct want {
	struct dv_id id;
	enum want_kind kind;
};

/*
 * Called for each object before it is read; one that occurs at several
 * places may come as often.  Returns 1 to read a node and go on below it,
 * 0 to pass it over, or an error, which ends the walk.  For chunks anything
 * but an error is the same.
 */
typedef int want_visit(void *data, enum object_class class,
		       const struct dv_id *id);

struct want want_root(enum dv_kind kind, const struct dv_id *id);

/*
 * Walks `start` and all below it.  Returns 0, what the visitor returned, or
 * why a node could not be read.
 */
int want_walk(struct store_reader *r, const struct want *start,
	      want_visit *visit, void *data);

/*
 * Finds what lies at the relative path `inside` below `root`, reading only
 * the nodes on the way, of which the visitor is told (root first).  Returns
 * 1 with it in *out; 0 when the visitor passed a node over; DV_E_NOTFOUND
 * when there is nothing at that path (`path` is the root's, for the text).
 */
int want_resolve(struct store_reader *r, const struct want *root,
		 const char *path, const char *inside, want_visit *visit,
		 void *data, struct want *out);

/*
 * As want_walk(), without what the filter leaves out.  `path` is where start
 * lies, relative to the top of the work tree; `size` that of a file.  The
 * visitors are told of nodes of directories (visit_way; the same one may be
 * needed at another path again) and of all that is wanted (visit).
 */
struct want_filter {
	const struct dv_filter *filter;
	want_visit *visit_way, *visit;
	void *data;
};
int want_walk_filtered(struct store_reader *r, const struct want *start,
		       const char *path, uint64_t size,
		       const struct want_filter *how);

#endif
