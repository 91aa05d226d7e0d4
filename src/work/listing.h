#ifndef WORK_LISTING_H
#define WORK_LISTING_H

#include "dv/work.h"

#include "work/asked.h"

/* What the two halves of dv_list() share. */
struct listing {
	struct dv_repo *repo;
	const struct dv_selection *what;
	struct asked asked;		/* the paths of what */
	struct store *store;
	struct store_reader *reader;	/* owned */
	enum dv_list_flags flags;
	dv_entry_cb *fn;
	void *data;
};

/* A dv_tracked_cb: what l->what selects of a tracked path. */
int listing_tracked(const struct dv_tracked *t, void *listing);
/* A tracked path itself, and what is in it if that is wanted. */
int listing_whole(struct listing *l, const struct dv_tracked *t,
		  unsigned depth);

/* listing_git.c: folder by folder, git's own files too. */
int listing_git(struct listing *l);

#endif
