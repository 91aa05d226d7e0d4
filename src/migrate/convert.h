#ifndef MIGRATE_CONVERT_H
#define MIGRATE_CONVERT_H

#include <pthread.h>

#include "dv/pointer.h"
#include "dv/progress.h"
#include "dv/repo.h"

#include "base/meter.h"
#include "migrate/held.h"
#include "migrate/known.h"
#include "migrate/listing.h"

/* One object that is looked for; all texts are borrowed. */
struct wanted {
	struct object_name name;	/* kind 0: it has none */
	const char *path;	/* where it may lie in the work tree; or NULL */
	bool has_size;
	uint64_t size;
	const char *key;	/* its own name below a remote's URL; or NULL */
	const char *version;	/* of it, in a bucket that has them; or NULL */
	const char *remote;	/* the name of the remote to ask first */
};

/*
 * Where objects are looked for, in several places one after the other.
 * May be called from many threads.
 */
struct origin {
	/*
	 * Tries place `n`, from 0 on.  1: there are no more.  DV_E_NOTFOUND:
	 * not there; other failures are reported once by the origin itself
	 * and mean the same, but for DV_E_INTERRUPTED and DV_E_NOSPACE.
	 */
	int (*take)(struct origin *o, const struct wanted *w, unsigned n,
		    struct held *out);
	/*
	 * For a dry run: whether it is at one of them, as far as can be told
	 * without getting it: 1, 0 or an error.  NULL: that is not known.
	 */
	int (*has)(struct origin *o, const struct wanted *w);
};

/* One thing to become a pointer. */
struct convert_item {
	struct origin *origin;
	struct wanted wanted;
	bool executable;	/* of a file */
	struct listing *listing;	/* a directory whose files are known;
					   else NULL; changed */

	int code;		/* 0, or why it could not be done: */
	char *why;		/* owned, NULL: done */
	struct dv_pointer pointer;	/* rest is NULL */
};

struct converter {
	struct dv_repo *repo;
	unsigned threads;
	struct known known;
	unsigned batch;
	struct meter meter;
	pthread_mutex_t mutex;		/* guards known */
	uint64_t read_bytes, new_bytes;
};

int converter_open(struct converter *c, struct dv_repo *repo,
		   unsigned threads, const struct dv_progress *progress);
/*
 * Takes the content of all items into the store and makes it durable: after
 * this, pointers to those without a code may be written.  Fails only for
 * what concerns all of them.
 */
int convert(struct converter *c, struct convert_item *items, size_t count);
/* Notes that it is nowhere. */
void convert_item_lost(struct convert_item *item);
void convert_item_release(struct convert_item *item);
void converter_close(struct converter *c);

#endif
