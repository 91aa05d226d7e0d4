#ifndef MIGRATE_LFS_ORIGIN_H
#define MIGRATE_LFS_ORIGIN_H

#include <pthread.h>

#include "dv/repo.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "migrate/convert.h"

/*
 * Where git-lfs keeps objects: below .git/lfs, in the work tree, and on its
 * server, which is asked by the batch API for basic transfers.
 */
struct lfs_action {		/* how one object is had from the server */
	struct dv_id id;
	uint64_t size;
	const char *url;	/* in the arena; NULL: not known */
	const char *headers;	/* likewise; "Name: value\0" ... */
	size_t headers_len;
	bool asked;		/* the server, for it */
};

struct lfs_origin {
	struct origin origin;
	struct dv_repo *repo;
	char *objects;		/* owned; <lfs dir>/objects */
	char *folder;		/* owned; the objects of a repository on this
				   machine that was cloned; or NULL */
	char *url;		/* owned; of the server, or NULL */
	char *temp_dir;		/* owned */

	pthread_mutex_t credential;	/* a dv_repo is for one thread */
	pthread_mutex_t mutex;	/* guards what follows */
	struct arena arena;
	struct lfs_action *actions;	/* owned; all that may be wanted */
	size_t count, room;
	struct id_map places;	/* id -> number of the action */
	struct remote *server;	/* owned */
	bool down;		/* nothing more is asked: */
	struct error_state trouble;
};

/* Reads git's settings; makes no request. */
int lfs_origin_open(struct dv_repo *repo, struct lfs_origin **out);
/* Says that an object may be wanted, so that many are asked for at once. */
void lfs_origin_expect(struct lfs_origin *o, const struct object_name *name,
		       uint64_t size);
void lfs_origin_close(struct lfs_origin *o);

#endif
