#ifndef SOURCE_IMPORT_H
#define SOURCE_IMPORT_H

#include <stdbool.h>

#include "dv/pointer.h"
#include "dv/source.h"

#include "source/clone.h"

/* What came of looking at a path of another repository. */
struct import {
	struct dv_pointer pointer;	/* with its source lines; owned */
	uint64_t bytes;			/* received */
};

#define DV_AUTO_IMPORT __attribute__((cleanup(import_release)))

static inline void import_release(struct import *i)
{
	dv_pointer_release(&i->pointer);
}

/*
 * Opens the repository for the user's store.  `stranger`: the URL is from a
 * pointer.
 */
int import_clone(struct dv_repo *repo, const char *url, const char *rev,
		 bool stranger, struct clone **out);

/*
 * The pointer of what lies at `path` there; its content is in the store then,
 * unless o->no_download.
 */
int import_pointer(struct dv_repo *repo, const struct clone *c,
		   const char *path, const struct dv_source_options *o,
		   struct import *out);

/* Lets this repository's store see what came in through others. */
int import_refresh(struct dv_repo *repo);

/*
 * Notes what update is to follow in the pointer: a branch or tag, or `commit`
 * where rev names just that; NULL: leaves what is there.
 */
void import_set_ref(struct dv_pointer *p, const char *rev, const char *commit);

/* Where something called `name` there is tracked here; see add_args_place(). */
int import_target(struct dv_repo *repo, const char *name, const char *out,
		bool force, struct buf *result);

/*
 * The lines of the pointer as they were, with only those of the version new:
 * the place is the same, and stays as it was written.
 */
void import_keep_lines(struct dv_pointer *p, const struct dv_pointer *old);

/* Writes the pointer and what goes with it. */
int import_write(struct dv_repo *repo, const char *path,
		 const struct dv_pointer *p, bool *changed);
/* Puts the data of a tracked path into the work tree. */
int import_check_out(struct dv_repo *repo, const char *path,
		     const struct dv_source_options *o);
/*
 * Says how to go on where the pointer is written and the rest has failed.
 * Returns err.
 */
int import_left(const struct dv_repo *repo, const char *path,
		const struct dv_source_options *o, int err);
/* Before anything is taken: with o->to_remote there is a remote to push to. */
int import_push_check(struct dv_repo *repo, const struct dv_source_options *o);
/* Sends it to a remote of ours instead. */
int import_push(struct dv_repo *repo, const char *path,
		const struct dv_source_options *o);

#endif
