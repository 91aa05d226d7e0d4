#ifndef KEEP_FSCK_H
#define KEEP_FSCK_H

#include <pthread.h>

#include "dv/keep.h"

#include "base/map.h"
#include "keep/live.h"

/* A file of the store that is damaged. */
struct fsck_file {
	struct pack *pack;	/* NULL: its index is damaged */
	char *path;		/* owned */
	enum object_class class;
	uint64_t objects;	/* bad ones */
	bool mended;		/* what is good in it is elsewhere */
};

struct fsck {
	struct dv_repo *repo;
	const struct dv_fsck_options *options;
	struct dv_fsck_result *result;
	dv_fsck_cb *fn;
	void *data;
	struct live live;
	struct fsck_file *damaged;	/* owned */
	size_t damaged_count, damaged_room;
	pthread_mutex_t mutex;	/* guards all of this while a crew runs */
	struct id_map bad[OBJECT_CLASSES];	/* objects found bad */
	struct id_map lost;	/* numbers of roots: objects lost of it */
};

/* Tells of something, counting it. */
int fsck_tell(struct fsck *f, enum dv_fsck_problem problem, const char *name,
	      const char *commit, uint64_t objects);
/* The path below the store. */
const char *fsck_name(const struct fsck *f, const char *path);

/* fsck_store.c: reads everything; fills damaged and bad. */
int fsck_read(struct fsck *f);
/* fsck_remote.c: all of it. */
int fsck_remote(struct fsck *f);
/* fsck_repair.c */
int fsck_repair(struct fsck *f);

#endif
