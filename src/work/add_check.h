#ifndef WORK_ADD_CHECK_H
#define WORK_ADD_CHECK_H

#include <stdbool.h>

#include "dv/repo.h"

/*
 * Whether something may be recorded, and if not why: no data is read.  Paths
 * are relative to the work tree.
 */

/* By its name alone; "" is the top. */
int add_check_name(struct dv_repo *repo, const char *path);
/* What is, or was, inside of a tracked directory. */
int add_check_inside(struct dv_repo *repo, const char *path,
		     const char *tracked);
/* All of a path, `tracked` already or not; it has to be there. */
int add_check_whole(struct dv_repo *repo, char *path, bool tracked);
/* Always a failure: the pointer of this data was named, and the data not. */
int add_check_pointer(struct dv_repo *repo, const char *data);
/* Where something new is to be put: DV_E_EXISTS when it is there or tracked. */
int add_check_place(struct dv_repo *repo, char *path, bool tracked);
/* Whether it may become tracked, as far as its name and git go. */
int add_check_path(struct dv_repo *repo, const char *path);

#endif
