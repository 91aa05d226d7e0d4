#ifndef MIGRATE_LISTING_H
#define MIGRATE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "migrate/object_name.h"
#include "store/tree.h"

/*
 * What a directory elsewhere holds.  Of DVC: from a listing object, or from the
 * pointer itself where the files lie under their own names in a bucket.  Of a
 * folder at a URL (source/): from who keeps it.
 */
struct listing_entry {
	const char *path;	/* relative to the directory; in the arena */
	struct object_name name;	/* kind 0: none is recorded */
	bool executable;
	const char *version;	/* in the bucket, in the arena, or NULL; of a
				   URL: what the server calls it */
	const char *remote;	/* likewise */
	uint64_t size;		/* of a URL */

	bool found;		/* set by who finds it: */
	struct content content;
};

struct listing {
	struct arena arena;
	struct listing_entry *items;	/* owned */
	size_t count, room;
};

#define LISTING_INIT	{ ARENA_INIT, NULL, 0, 0 }
#define LISTING_MOST	((uint64_t)2 << 30)	/* bytes of JSON */

/* Reads a listing object.  `old`: its members are named by DVC 2. */
int listing_read(const char *json, size_t len, const char *name, bool old,
		 struct listing *out);
/* Adds an entry; texts are copied. */
void listing_add(struct listing *l, const struct listing_entry *entry);
/*
 * Sorts, and refuses what is no tree: paths that lead elsewhere, the same
 * path twice, a file in the place of a folder.  `name` is for messages.
 */
int listing_check(struct listing *l, const char *name);
/* Makes the trees.  All contents have been found. */
int listing_build(const struct listing *l, node_put_fn *put, void *data,
		  struct tree_entry *out);
void listing_release(struct listing *l);

#endif
