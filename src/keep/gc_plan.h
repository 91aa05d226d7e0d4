#ifndef KEEP_GC_PLAN_H
#define KEEP_GC_PLAN_H

#include <pthread.h>

#include "keep/gc.h"

/*
 * What gc would do to each file of the local store: gc_plan.c finds out,
 * gc_store.c does it.
 */

/* A pack, or a loose file with all its parts. */
struct gc_file {
	struct pack *pack;	/* of a loose file any part */
	uint64_t bytes;		/* of the file */
	uint64_t raw, live_raw;	/* bytes of its objects */
	uint64_t live;		/* objects that can be reached */
	uint64_t freed;		/* bytes, once action is done */
	int64_t mtime_ns;
	uint64_t objects;
	uint64_t spared;	/* of them, those counted in a whole file */
	uint64_t inode;
	bool bad;		/* something in it is damaged */
	bool linked;		/* a loose file that a work tree links to */
	bool leaned_on;		/* a loose file that has such objects */
	enum dv_gc_action action;	/* 0: it stays */
};

struct gc_plan {
	struct gc *gc;
	int64_t cutoff_ns;	/* files not older than this stay */
	int64_t begin_ns;	/* by the file system's clock */
	struct marks spared;	/* in packs, and counted in whole files */
	struct gc_file *files;	/* owned */
	size_t count, room;
	struct id_map by_id;	/* gc_plan_key(): number of the file */
	struct gc_sources sources;
	struct gc_strays strays;
	pthread_mutex_t mutex;	/* guards made */
	struct id_map made;	/* packs made by this run */
};

#define DV_AUTO_PLAN	__attribute__((cleanup(gc_plan_release)))
void gc_plan_release(struct gc_plan *p);

/* Fills a plan of which only `gc` is set and the mutex is made. */
int gc_plan_make(struct gc_plan *p);
/* Sums up anew what is marked, after a walk. */
void gc_plan_count(struct gc_plan *p);
/* Sets `linked` where a work tree may have a symbolic link. */
int gc_plan_find_linked(struct gc_plan *p);
/* The id in a file's name: parts of one loose file share theirs. */
struct dv_id gc_plan_key(const struct pack *pack);
/* The plan has changed: it stays. */
void gc_plan_keep(struct gc_plan *p, struct gc_file *f);

#endif
