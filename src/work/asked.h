#ifndef WORK_ASKED_H
#define WORK_ASKED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "git/repo.h"

/* A path that a user has named. */
struct asked_path {
	const char *typed;
	const char *path;	/* relative to the work tree */
	bool here;		/* these are for the caller */
	bool met[2];
};

/* All of them, by path_order(): which are about a tracked path is looked up. */
struct asked {
	struct arena arena;
	struct asked_path *items;	/* owned */
	size_t count;
};

#define DV_AUTO_ASKED	__attribute__((cleanup(asked_release)))

int asked_read(struct dv_repo *repo, const char *const *paths, size_t count,
	       struct asked *out);
void asked_release(struct asked *a);

/*
 * Calls fn for each that is about the tracked path `path`: `part` is what was
 * asked for of it, "" for all.  Those about all of it come first, the others
 * in order.  Non-zero stops and is returned.
 */
typedef int asked_cb(struct asked_path *p, const char *part, void *data);
int asked_each(const struct asked *a, const char *path, asked_cb *fn,
	       void *data);

#endif
