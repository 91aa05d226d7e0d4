#ifndef WORK_SCAN_INSIDE_H
#define WORK_SCAN_INSIDE_H

/* What scan.c, scan_root.c and scan_result.c share, and nobody else. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/spill.h"
#include "work/queue.h"
#include "work/scan.h"

struct disk_entry;

/* --- scan_result.c: where it lies in memory ------------------------------- */

/* Entries that are passed over before they rest. */
#define SCAN_REST_ENTRIES	((size_t)16 << 10)

struct scan_private {
	struct spill spill;	/* of all arenas */
	struct arena own;	/* for scan_arena() */
	struct arena *arenas;	/* owned, one per worker */
	unsigned count;
};

/* With as many arenas; scan_release() frees it. */
struct scan_private *scan_private_new(struct dv_repo *repo, unsigned count);

/* --- scan.c: the walk ----------------------------------------------------- */

/* A directory to be listed, then one that was; in an arena. */
struct job {
	struct scan_dir dir;	/* parent: number of the job above */
	uint32_t number;	/* in walk.jobs */
	uint32_t last;		/* number in the result */
	unsigned depth;
};

struct walk {
	int top;		/* of the work tree, borrowed */
	const char *store;	/* see work/linked.h */
	const char *spill;	/* see base/name_sort.h */
	const char *path;	/* tracked */
	const struct stat_index *index;
	struct ignore *ignore;
	struct arena *arenas;
	atomic_size_t listed;	/* entries; others rest from time to time */
	struct work_queue queue;
	pthread_mutex_t mutex;	/* of what follows */
	struct job **jobs;	/* owned */
	size_t count, room;
};

/* The path of something in it, relative to the work tree (replaces *out). */
void scan_full_path(const struct walk *w, const char *path, struct buf *out);
/*
 * One more directory; path: in the arena.  parent: the job above, or the
 * number that this one gets.  Without a place in the queue yet.
 */
int scan_add_job(struct walk *w, struct arena *arena, const char *path,
		 uint32_t parent, unsigned depth, int64_t index_dir,
		 struct job **out);
/* Fills an entry of zeros; row: what the index has of its name, or NULL. */
void scan_fill_entry(struct scan_entry *e, const struct disk_entry *d,
		     const struct stat_row *row);

/* --- scan_root.c ---------------------------------------------------------- */

/*
 * Looks what is at a part, and fills in the rest of it: a directory is queued,
 * what is none is the one entry of its job.  Before the workers begin.
 */
int scan_add_root(struct walk *w, struct dv_repo *repo,
		  struct scan_part *part);

#endif
