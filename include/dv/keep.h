#ifndef DV_KEEP_H
#define DV_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/progress.h"
#include "dv/repo.h"

/*
 * Looking after what is stored: what can go (gc), whether all is whole
 * (fsck), where the space goes (store).
 */

/* --- gc ---------------------------------------------------------------- */

struct dv_gc_options {
	const char *remote;	/* name or URL; NULL: the local store */
	bool dry_run;
	bool force;		/* go on where something is out of sight */
	/*
	 * What is younger stays: "now" or a number with s, m, h, d or w.
	 * NULL: the setting gc.grace, else 14 days.
	 */
	const char *grace;
	/* Most bytes of live objects to be packed anew, e.g. "2g"; NULL: 4g. */
	const char *max_repack;
	/* Work trees of other repositories whose data lies there too. */
	const char *const *repos;
	size_t repo_count;
	unsigned jobs;		/* requests in flight, as for push */
	struct dv_progress progress;
	/* As in dv_transfer_options. */
	void (*notice)(const char *text, void *data);
	void *notice_data;
};

enum dv_gc_action {
	DV_GC_REMOVE = 1,	/* nothing in it can be reached */
	DV_GC_REPACK,		/* half of it or more cannot be reached; the
				   rest goes into a new pack */
	DV_GC_CONDEMN,		/* remote: to be removed once the grace is
				   over */
};

struct dv_gc_entry {
	enum dv_gc_action action;
	const char *name;	/* of the file, below the store or remote */
	const char *url;	/* the folder `name` is kept of this other
				   repository; else NULL */
	uint64_t bytes;		/* that are freed; of DV_GC_REPACK about */
};

typedef int dv_gc_cb(const struct dv_gc_entry *entry, void *data);

struct dv_gc_result {
	uint64_t roots;		/* distinct pointers that can be reached */
	uint64_t bytes;		/* freed, or that would be */
	uint64_t removed, repacked, condemned;	/* files */
	uint64_t young;		/* files kept for their age alone */
	uint64_t linked;	/* files kept as a work tree has them, too, or
				   may have symbolic links to them */
	uint64_t kept;		/* files kept because what they hold was come
				   to need meanwhile, or is damaged */
	uint64_t not_here;	/* roots that are not here, or in part */
	uint64_t at_remotes;	/* of these, whose nodes are missing but a
				   remote has all */
	bool pending;		/* remote: some are condemned and not yet due */
};

/*
 * Removes what no pointer can reach: see reach in technical/design.adoc; and
 * what is kept of other repositories that were not used for the grace.
 * fn is told of each file before any is removed; with dry_run nothing else
 * happens, and the same state gives the same calls.  Refuses, with a hint,
 * where it cannot see everything that may be needed; a version whose nodes
 * are not here is no reason to when a remote that can be asked has it.
 *
 * At a remote the first run condemns; a later one, not before the grace is
 * over by the remote's clock, looks again and removes.
 */
int dv_gc(struct dv_repo *repo, const struct dv_gc_options *options,
	  dv_gc_cb *fn, void *data, struct dv_gc_result *result);

/* --- fsck -------------------------------------------------------------- */

struct dv_fsck_options {
	const char *remote;	/* name or URL; NULL: the local store */
	bool quick;		/* check sums only, or what a listing shows */
	bool repair;
	unsigned jobs;		/* threads, or requests in flight */
	struct dv_progress progress;
	/* As in dv_transfer_options. */
	void (*notice)(const char *text, void *data);
	void *notice_data;
};

enum dv_fsck_problem {
	DV_FSCK_DAMAGED = 1,	/* a file: some of it is not what it was */
	DV_FSCK_LOST,		/* a recorded version that is no longer
				   whole here */
	DV_FSCK_NOT_HERE,	/* one that was never fetched (wholly), which a
				   remote or its source may have: fine */
	DV_FSCK_MISSING,	/* at a remote: a file, or all of a version */
	DV_FSCK_REPAIRED,	/* a file or version that was one of these */
	DV_FSCK_UNREADABLE,	/* a pointer: what it records was not checked */
	DV_FSCK_UNSEEN,		/* another repository or work tree that uses
				   the store, or a pointer there: likewise */
};

struct dv_fsck_entry {
	enum dv_fsck_problem problem;
	const char *name;	/* of the file, the tracked path, the folder */
	const char *commit;	/* of a version: hex, or NULL */
	const char *worktree;	/* of a version, when it is another one's; or
				   NULL */
	const char *why;	/* of what cannot be read; or NULL */
	const char *source;	/* of a version: the URL that it was imported
				   from, where it may still be; or NULL */
	uint64_t objects;	/* concerned; 0: not known, or all */
};

typedef int dv_fsck_cb(const struct dv_fsck_entry *entry, void *data);

struct dv_fsck_result {
	uint64_t files, bytes;	/* looked at */
	uint64_t roots;
	uint64_t damaged, lost, missing;	/* that remain */
	uint64_t not_here;
	uint64_t at_hand;	/* of what is lost or not here, recorded by this
				   work tree, which has something there */
	uint64_t at_source;	/* of these, was imported: see `source` */
	uint64_t repaired;
	uint64_t quarantined;	/* files moved to quarantine/ now */
	uint64_t unreadable;	/* pointers */
	uint64_t unseen;	/* repositories and work trees */
	uint64_t quarantine_files, quarantine_bytes;	/* all that is there */
};

/*
 * Checks the store, for all who use it, or a remote, for this repository: by
 * SHA-256, or quickly.  What is found bad is remembered, so that it is stored
 * or fetched again when it is met.  With `repair` good copies are looked for in
 * the other packs, in the work tree, at all remotes and where it was imported
 * from (for a remote: in the store); damaged files go to quarantine/ once what
 * is good in them is elsewhere.  0 also when something bad remains: see the
 * result.
 */
int dv_fsck(struct dv_repo *repo, const struct dv_fsck_options *options,
	    dv_fsck_cb *fn, void *data, struct dv_fsck_result *result);

/* --- store ------------------------------------------------------------- */

struct dv_store_part {
	uint64_t files;
	uint64_t bytes;
};

struct dv_store_info {
	const char *path;	/* of the store; as long as the repo is open */
	struct dv_store_part data, meta, loose, index, have, tmp, quarantine;
	struct dv_store_part sources;	/* kept of other repositories */
	uint64_t chunks, nodes;	/* objects, copies included */
	bool shared;		/* with the group of its folder */
	bool reachable_known;	/* the next three are set */
	uint64_t roots;
	uint64_t reachable, unreachable;	/* stored bytes, about */
};

/* `reachable`: goes through all that can be reached, as gc does. */
int dv_store_info(struct dv_repo *repo, bool reachable,
		  const struct dv_progress *progress,
		  struct dv_store_info *out);

/* Is there something in the store at this path?  No: also if it is none. */
bool dv_store_is_used(const char *path);

#endif
