#ifndef DV_DOCTOR_H
#define DV_DOCTOR_H

#include <stdbool.h>

#include "dv/repo.h"

/*
 * Whether everything dv relies on works here: tried, not guessed.
 */
enum dv_check_state {
	DV_CHECK_OK = 1,
	DV_CHECK_NOTE,		/* good to know */
	DV_CHECK_WARN,		/* works, but not as one would want */
	DV_CHECK_FAIL,		/* something will not work */
};

struct dv_check {
	const char *subject;	/* "store", "remote origin" ... */
	enum dv_check_state state;
	const char *text;	/* one line */
	const char *hint;	/* the next step, or "" */
};

typedef int dv_check_cb(const struct dv_check *check, void *data);

struct dv_doctor_options {
	const char *remote;	/* only this one; NULL: all that are set up */
	bool offline;		/* no remote at all */
};

/*
 * Calls fn for each thing that was looked at: system, libraries, store
 * and its file system, kinds of links, settings, git, remotes.  Small files are
 * made and removed again in the store, at the top of the work tree and at
 * remotes, where they can be.
 * That something does not work is no failure of this function.
 */
int dv_doctor(struct dv_repo *repo, const struct dv_doctor_options *options,
	      dv_check_cb *fn, void *data);

#endif
