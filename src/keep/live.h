#ifndef KEEP_LIVE_H
#define KEEP_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "dv/pointer.h"
#include "dv/repo.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/meter.h"
#include "git/reach.h"
#include "store/store.h"
#include "transfer/marks.h"

/*
 * What can be reached: roots, from all repositories that use a store, and the
 * objects below them.  Objects are one bit each in the packs they lie in, so
 * a hundred million of them take 12 MB; roots take about 150 bytes each.
 */
struct live_root {
	struct dv_id id;
	enum dv_kind kind;	/* 0: an id from a text that is no pointer */
	const char *path;	/* the arena's */
	const char *commit;	/* the arena's; NULL: a work tree */
	const char *worktree;	/* the arena's */
	const char *source;	/* the arena's; where a pointer with this id
				   says that it came from; or NULL */
	bool import;		/* of all of these */
	bool whole;		/* live_walk() found all of it here */
	bool unseen;		/* a node is missing: what is below it is not
				   known */
	bool damaged;		/* and was here: this store lost it */
	bool at_remote;		/* unseen, but a remote has all of it */
};

/* What could not be looked into. */
struct live_unread {
	const char *path;	/* a pointer's, or NULL: all of: */
	const char *commit;	/* NULL: a work tree or its index */
	const char *worktree;	/* or the folder of a user */
	const char *why;
};

struct live {
	struct dv_repo *repo;
	struct store *store;
	struct store_reader *reader;	/* owned */
	bool lenient;			/* REACH_LENIENT, and other users may
					   be out of sight; fills: */
	struct live_unread *unread;	/* owned; its texts are the arena's */
	size_t unread_count, unread_room;
	const char *const *others;	/* more repositories, borrowed */
	size_t other_count;
	struct arena arena;
	struct id_map by_id;		/* root: its number + 1 */
	struct live_root *roots;	/* owned */
	size_t count, room;
	size_t walked;			/* roots that live_walk() has done */
	struct marks marks;
	uint64_t not_here;		/* roots that lack something */
	uint64_t missing;		/* objects that are, as far as known */
	/* Called for each of these, unless NULL. */
	int (*miss)(void *data, const struct live_root *root,
		    enum object_class class, const struct dv_id *id);
	void *miss_data;
	bool root_misses;		/* scratch of the walk */
	bool each;			/* of live_walk_each(), and: */
	struct marks *own;		/* below the root in hand */
};

#define DV_AUTO_LIVE	__attribute__((cleanup(live_release)))

/* Opens the repository's store. */
int live_open(struct live *l, struct dv_repo *repo);
void live_release(struct live *l);

/*
 * Adds the roots of the repository, of the users of its store when `users`,
 * and of l->others.  May be called again: then only new ones are added.
 */
int live_gather(struct live *l, bool users);

/*
 * Marks all below the roots not walked yet.  What is missing is counted; a
 * node that is says nothing of what is below it.
 */
int live_walk(struct live *l, const struct dv_progress *progress);

/*
 * Once more, for what live_walk() cannot tell: which roots lack an object that
 * several need.  l->miss hears of it for each of them.  Roots that are whole
 * take no longer than there; each other one is walked all.
 */
int live_walk_each(struct live *l, const struct dv_progress *progress);

#endif
