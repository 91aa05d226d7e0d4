#ifndef WORK_CHECKOUT_H
#define WORK_CHECKOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "dv/work.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/meter.h"
#include "store/tree.h"
#include "store/unfold.h"
#include "work/record.h"
#include "work/scan.h"
#include "work/stat_index.h"

/*
 * Checkout of one tracked path, or of parts of it, in steps that share this
 * plan: checkout_scan.c finds what is there; checkout_plan.c walks the recorded
 * tree beside it and the stat index; checkout_decide.c says what becomes of
 * each entry; checkout_files.c, checkout_stage.c and checkout_write.c do it;
 * checkout_index.c notes it.
 *
 * Each step passes over the entries in their order.  Of a long plan only those
 * looked at are in memory (base/spill.h).
 */
enum checkout_action {
	ACT_NONE = 0,		/* nothing to do, nothing to note */
	ACT_SAME,		/* is as recorded */
	ACT_MODE,		/* only the executable bit is not */
	ACT_WRITE,
	ACT_PRIVATE,		/* is to be no link */
	ACT_REMOVE,		/* recorded before, not now */
	ACT_KEEP,		/* the user's: not touched */
	ACT_MISSING,		/* the store lacks it */
	ACT_CORRUPT,		/* what the store has is damaged */
};

/* A name that is recorded, was recorded, or is in the way. */
struct plan_entry {
	const char *name;
	const struct tree_entry *want;	/* NULL: not recorded now */
	struct scan_entry *have;	/* NULL: not there */
	const struct record_item *item;	/* have was read: what it holds */
	int64_t row;			/* in the stat index, or -1 */
	uint32_t dir;			/* it is in */
	uint32_t sub;			/* 0, or the directory below it */
	uint8_t action;			/* enum checkout_action */
	bool done;			/* the action was carried out */
	bool cleared;			/* what was there has been removed */
	bool left;			/* the filter leaves it out */
	int64_t mtime_ns, ctime_ns;	/* of what was written */
	uint64_t inode;
};

struct plan_dir {
	const char *path;	/* relative to the work tree */
	const struct tree_entry *want;	/* it is recorded as a directory */
	int64_t scan_dir;	/* number in the scan, or -1: not there */
	int64_t index_dir;	/* number in the stat index, or -1 */
	uint32_t parent;
	size_t first, count;	/* entries; 0 of a folder around a target */
	bool in_way;		/* something else is recorded in its place */
	bool stuck;		/* in_way, and something in it must be kept */
	bool closed;		/* nothing below is touched */
	bool unread;		/* its nodes are missing */
	bool damaged;		/* its nodes are there and bad */
	bool make;		/* is to be made */
	bool wanted;		/* itself, not just for what may be in it */
	bool left_out;		/* by the filter */
	bool here;		/* there now */
	const char *staged;	/* its path until it has its name, or NULL */
	_Atomic size_t left;	/* files to be written before it gets it */
};

/* What is put here: all of a tracked path, or one of several parts of it. */
struct plan_target {
	const char *inside;	/* "": all */
	size_t asked;		/* so many were asked for before it */
	int err;		/* not 0: nothing is done, nothing follows.
				   DV_E_NOTFOUND or DV_E_CORRUPT: its nodes
				   cannot be read; DV_E_INVALID: see `failed` */
	uint32_t around;	/* directory: the folder that it is in */
	size_t first, end;	/* entries; the first is the target itself */
	size_t end_dir;		/* its directories end before */
	struct tree_entry *root;	/* type 0: not recorded now */
	struct scan_entry *have;	/* NULL: not there */
	int64_t row;		/* in the stat index, or -1 */
};

struct plan {
	struct dv_repo *repo;
	const struct dv_checkout_options *o;
	const char *path;	/* tracked */
	const struct dv_pointer *pointer;
	/* By path_order(), none inside of another. */
	struct plan_target *targets;	/* owned */
	struct scan_part *found;	/* owned; of each */
	size_t target_count;
	struct error_state failed;	/* code 0, or what is wrong with one;
					   those asked for before it are to be
					   put here all the same */
	struct recorder *r;	/* RECORD_CHECK */
	struct store_reader *reader;
	struct meter *meter;
	int top;		/* fd of the work tree */
	unsigned threads;

	struct stat_index index;
	struct scan scan;	/* count 0: nothing is there */
	uint32_t around_count;	/* so many directories are around targets */
	struct plan_dir **dir_blocks;	/* owned; see plan_dir_at() */
	struct plan_entry **entry_blocks;	/* owned; see plan_at() */
	size_t dir_count, dir_room, entry_count, entry_room;
	struct record_item *items;	/* of the scan: what has to be read */
	size_t item_count;
	struct spill spill;	/* of the arena */
	struct arena arena;	/* dirs, entries, names and tree entries */
	struct unfold unfold;
};

/* Of dirs, and of entries, that lie side by side. */
#define PLAN_BLOCK	((size_t)128)

/* One more, to be filled. */
struct plan_dir *plan_add_dir(struct plan *p);
struct plan_entry *plan_add(struct plan *p);

/*
 * First come the folders around targets, then target by target what is in
 * it; parents come before children.
 */
static inline struct plan_dir *plan_dir_at(const struct plan *p, size_t n)
{
	return &p->dir_blocks[n / PLAN_BLOCK][n % PLAN_BLOCK];
}

/* Target by target. */
static inline struct plan_entry *plan_at(const struct plan *p, size_t i)
{
	return &p->entry_blocks[i / PLAN_BLOCK][i % PLAN_BLOCK];
}

/* For whoever passes over many of them: from time to time all others rest. */
struct plan_entry *plan_pass(const struct plan *p, size_t i);
/* None of it will be looked at in the next moment. */
void plan_rest(const struct plan *p);
/* After so many more it is time for that. */
#define PLAN_REST_ENTRIES	((size_t)16 << 10)

#define DV_AUTO_PLAN __attribute__((cleanup(plan_release)))
/*
 * What stands before `targets`, and from `r` to `threads`, is set.  The texts
 * of parts are borrowed.
 */
void plan_init(struct plan *p, const char *const *parts, size_t count);
void plan_release(struct plan *p);

/* Opens the stat index, finds parts, and scans. */
int plan_scan(struct plan *p, struct ignore *ignore);
/* True when the work tree is known to hold all of the pointer already. */
bool plan_is_done(const struct plan *p);
/*
 * What is recorded at each target.  Nodes that are missing or damaged on the
 * way are its `err`.  Of one that neither is recorded nor was `failed` tells.
 */
int plan_find(struct plan *p);
/* True when the folder that a part is in is not there. */
bool plan_is_in_gone(const struct plan *p, const char *inside);
/*
 * Fills dirs and entries.  Nodes that are missing or damaged close their
 * directory.
 */
int plan_walk(struct plan *p);
/* The path of an entry, relative to the work tree (replaces *out). */
void plan_path(const struct plan *p, const struct plan_entry *e,
	       struct buf *out);

/* The path of a target, relative to the work tree (replaces *out). */
void plan_target_path(const struct plan *p, const struct plan_target *t,
		      struct buf *out);
/* True when all of the tracked path is the target. */
static inline bool plan_is_whole(const struct plan *p)
{
	return !*p->targets[0].inside;
}

/* Reads what has to be known of changed files; sets all actions. */
int plan_decide(struct plan *p);
/*
 * Has the store the content of an entry that is to be written?  1; 0, and then
 * its action says so; or an error.
 */
int plan_has_content(const struct plan *p, struct store_reader *r,
		     struct plan_entry *e);

/* Does it.  Stops at the first failure that is not about one file. */
int plan_apply(struct plan *p);

/*
 * Writes the stat index.  failed: plan_apply() stopped early, so that
 * only what is done is noted.
 */
int plan_write_index(struct plan *p, bool failed);

/* As plan_write_index(), when only links were made or undone. */
int plan_note_links(struct plan *p);

/* --- checkout_files.c --- */

/* True when the entry is to be written or to get another mode. */
bool plan_is_work(const struct plan *p, const struct plan_entry *e);

/* --- checkout_write.c: files ---------------------------------------------- */

/* What one thread needs to write files. */
struct hand {
	const struct plan *p;
	struct store_reader *reader;	/* owned */
	uint8_t *pieces;		/* owned; of checkout_content.c */
	int dir_fd;			/* -1: none */
	uint32_t dir;
};

void hand_init(struct hand *h, const struct plan *p);
void hand_release(struct hand *h);
/* Opens the directory of plan directory n as h->dir_fd. */
int hand_enter(struct hand *h, uint32_t n);
/* dv_fail_errno("cannot <what> <path of the entry>"). */
int fail_entry(const struct hand *h, const struct plan_entry *e,
	       const char *what);

/* From here on all threads work on one file. */
#define WRITE_SHARED	((uint64_t)32 << 20)	/* bytes */

/*
 * Gives an entry the recorded content: by way of a temporary file, but for
 * folders that are themselves still under a temporary name.  With
 * threads > 1 its parts are written by so many.  What concerns this file alone
 * (missing, damaged, changed meanwhile) changes its action and is no
 * failure.
 */
int write_entry(struct hand *h, struct plan_entry *e, unsigned threads);
/* Notes what an entry has become. */
void plan_note(struct plan_entry *e, const struct stat *st);
/* ACT_MODE. */
int write_mode(struct hand *h, struct plan_entry *e);
/*
 * True when the entry is still what the scan saw, or may be replaced
 * whatever it is.
 */
bool still_same(const struct hand *h, const struct plan_entry *e);
/*
 * Renames within a directory to a name that nothing has; EEXIST when
 * something has come by it.
 */
int rename_new(int dir, const char *from, const char *to);

/* --- checkout_content.c --------------------------------------------------- */

/* The recorded content of an entry, into an empty file. */
int write_content(struct hand *h, const struct plan_entry *e, int fd,
		  unsigned threads);
/*
 * How many bytes that would write: those that are in no loose file in the same
 * blocks.  Its chunk list is read; where it cannot be, the size.
 */
uint64_t content_room(struct hand *h, const struct content *c);

/* --- checkout_link.c: links to files of the store ------------------------- */

/* True when such an entry is to be a link. */
bool link_wanted(const struct plan *p, const struct tree_entry *want);
/*
 * Makes `name` in h's directory a link to a file of the store with the content
 * of the entry, which is made where there is none.  DV_E_UNSUPPORTED: not
 * possible here; the text says why.  1: not for this file, which is to be
 * written.
 */
int link_make(struct hand *h, const struct plan_entry *e, enum link_kind kind,
	      const char *name, unsigned threads);
/* After that: no more of this kind are tried; tells why, once. */
void link_refused(const struct plan *p, enum link_kind kind);
/* With o->links: whether it matters what the file there holds. */
bool link_may_change(const struct plan *p, const struct plan_entry *e);
/* With o->links: the action.  same: what is there is what is recorded. */
uint8_t link_decide(const struct plan *p, const struct plan_entry *e,
		    bool same);
/* ACT_PRIVATE. */
int link_private(struct hand *h, struct plan_entry *e);

/* --- checkout_stage.c: new folders ---------------------------------------- */

/*
 * A new folder that only gets files is made under a temporary name and gets
 * its own when they are written.  So each file is written where it stays: a
 * rename per file costs as much as its creation.  What a kill leaves is
 * recognized by its name and removed by the next checkout.
 *
 * True when that is worth it for directory d, which is to be made.
 */
bool stage_is_for(const struct plan *p, const struct plan_dir *d);
/* Makes it, in the directory that h has entered. */
int stage_make(struct plan *p, struct hand *h, struct plan_dir *d);
/* After each file of it: gives it its name if that was the last one. */
int stage_wrote(struct plan *p, struct hand *h, uint32_t n);
/* Gives all that are left their names, with what is in them. */
int stage_finish(struct plan *p);

#endif
