#ifndef TRANSFER_OPEN_H
#define TRANSFER_OPEN_H

#include <pthread.h>
#include <stdbool.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "remote/remote.h"
#include "transfer/have.h"

/*
 * One remote in use: how it is reached, and what is known of it.
 */
struct endpoint {
	struct dv_repo *repo;
	char *name;		/* owned; in the configuration, or the URL */
	bool named;		/* remote.<name>.* has its settings */
	bool fresh;		/* had no marker until this run put it there */
	unsigned jobs;		/* large transfers in flight */
	unsigned window;	/* requests in flight when they are small */
	struct remote *remote;	/* owned */
	struct have *have;	/* owned */
	pthread_mutex_t mutex;	/* a dv_repo is for one thread at a time */
};

/*
 * Opens the remote called `name`, or the one at the URL `name`; NULL: the
 * default one.  `jobs` 0: remote.<name>.jobs, else 8, or 32 of small requests.
 * Makes no request.
 * DV_E_NOTFOUND when there is no such remote.  Give back with
 * endpoint_close().
 */
int endpoint_open(struct dv_repo *repo, const char *name, unsigned jobs,
		  struct endpoint **out);
void endpoint_close(struct endpoint *e);

/*
 * Checks the marker unless it was seen before.  `write`: puts it there when
 * there is none.
 */
int endpoint_check_marker(struct endpoint *e, bool write);

/*
 * Reads the locator of `root`.  DV_E_NOTFOUND when there is none,
 * DV_E_CORRUPT when it is not one.  May be called from many threads.
 */
int endpoint_locator(struct endpoint *e, const struct dv_id *root,
		     struct locator *out);
/*
 * Fetches the index of pack `number` of e->have (one request) and keeps it.
 * May be called from many threads.
 */
int endpoint_fetch_index(struct endpoint *e, uint32_t number);
/* DV_E_CORRUPT, with the text for an index that is not this pack's. */
int endpoint_bad_index(const struct dv_id *pack);
/*
 * As endpoint_fetch_index() of many packs at once.  One that is not there or
 * wrong does not keep the others from being fetched; it is what is returned
 * in the end.
 */
int endpoint_fetch_indexes(struct endpoint *e, const uint32_t *numbers,
			   size_t count);

/*
 * Name of the default remote in *out: core.remote, else "origin", else the
 * only one.  DV_E_NOTFOUND with a hint otherwise.
 */
int remote_default(struct dv_repo *repo, struct buf *out);

/* True when remote.<name>.url is set. */
bool remote_configured(struct dv_repo *repo, const char *name);

#endif
