#ifndef WORK_ADD_ARGS_H
#define WORK_ADD_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/pointer.h"
#include "dv/repo.h"

#include "base/buf.h"

/*
 * What is to be recorded: tracked paths (or ones that become so), each as a
 * whole or in parts inside of it.
 */
struct add_plan {
	char *path;		/* owned; of the data */
	bool is_new;		/* there is no pointer yet */
	struct dv_pointer old;	/* owned; unless is_new */
	char **inside;		/* owned, as its texts; sorted by path_order(),
				   none inside another; one "": all of it */
	size_t count, room;
};

struct add_plans {
	struct add_plan *items;	/* owned; sorted by path */
	size_t count, room;
};

#define DV_AUTO_PLANS __attribute__((cleanup(add_plans_release)))
void add_plans_release(struct add_plans *p);

/*
 * Checks the arguments of dv add without reading any data, so that nothing
 * is done when one of them is wrong.
 */
int add_args(struct dv_repo *repo, const char *const *paths, size_t count,
	     struct add_plans *out);

/*
 * Where something new is to be tracked, for `arg` as it was typed: its path
 * in *path.  As add_args() checks, and DV_E_EXISTS when something is there or
 * tracked, unless `again`: then it may be a tracked path.
 */
int add_args_place(struct dv_repo *repo, const char *arg, bool again,
		   struct buf *path);

/* The tracked paths that the arguments of dv commit select; none: all. */
int add_args_tracked(struct dv_repo *repo, const char *const *paths,
		     size_t count, struct add_plans *out);

/* One plan: parts inside a tracked directory. */
int add_args_inside(struct dv_repo *repo, const char *path,
		    const char *const *inside, size_t count,
		    struct add_plans *out);

#endif
