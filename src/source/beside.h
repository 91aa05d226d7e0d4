#ifndef SOURCE_BESIDE_H
#define SOURCE_BESIDE_H

#include "dv/transfer.h"

#include "source/clone.h"

/*
 * What was never pushed: a repository on this machine has its data in stores
 * of its own.  Copies what is selected of the commit from there (of `options`
 * what, metadata_only, jobs and progress count).  Those stores are read only
 * and trusted with nothing: every object is held against its SHA-256.
 * DV_E_NOTFOUND when the repository is not on this machine or its stores have
 * not all of it; DV_E_INVALID when its configuration cannot be trusted or read.
 *
 * Memory: a bit for each object of the packs read, and some MiB a thread.
 */
int beside_take(const struct clone *c,
		const struct dv_transfer_options *options);

#endif
