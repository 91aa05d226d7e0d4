#ifndef KEEP_FSCK_H
#define KEEP_FSCK_H

#include <pthread.h>

#include "dv/keep.h"

#include "base/map.h"
#include "keep/live.h"
#include "keep/lost.h"

/* A file of the store that is damaged. */
struct fsck_file {
	struct pack *pack;	/* NULL: its index is damaged */
	char *path;		/* owned */
	enum object_class class;
	uint64_t objects;	/* bad ones */
	bool mended;		/* what is good in it is elsewhere */
	bool known;		/* it is known what it has held */
	bool replaced;		/* by a whole one of the same name */
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
	bool repaired;		/* what is missing now stays so */
	struct lost record;
};

/* Tells of something, counting it. */
int fsck_tell(struct fsck *f, const struct dv_fsck_entry *e);
/* Of a recorded version. */
int fsck_tell_root(struct fsck *f, enum dv_fsck_problem problem,
		   const struct live_root *r, uint64_t objects);
/* Of what live_gather() could not read. */
int fsck_tell_unread(struct fsck *f);
/* The path below the store. */
const char *fsck_name(const struct fsck *f, const char *path);

/* fsck_store.c: reads everything; fills damaged and bad. */
int fsck_read(struct fsck *f);
/* fsck_remote.c: all of it. */
int fsck_remote(struct fsck *f);
/* fsck_repair.c: all but: */
int fsck_repair(struct fsck *f);
/* Moves to quarantine what was mended. */
int fsck_put_away(struct fsck *f);

#endif
