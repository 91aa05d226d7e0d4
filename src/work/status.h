#ifndef WORK_STATUS_H
#define WORK_STATUS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/work.h"

#include "base/arena.h"
#include "base/crew.h"
#include "base/map.h"
#include "base/meter.h"
#include "git/repo.h"
#include "store/store.h"
#include "store/tree.h"
#include "work/folder.h"
#include "work/queue.h"
#include "work/reread.h"
#include "work/stat_index.h"

/*
 * What the parts of dv_status() share.  A tracked path is compared by one of
 * two walks:
 *
 *  - status_stream(): the pointer is the one the stat index was made for and
 *    nothing was absent then, so the rows are what is recorded.  They are
 *    compared one after the other; a directory is listed only when its own
 *    times changed.
 *  - status_tree(): the tree is read from the store, and each directory in the
 *    work tree is listed.  The rows still say what content a file has.  Where
 *    the store lacks a node, the rows stand for it.
 *
 * Both compare one directory with status_folder() and keep what they find in
 * the finder of their thread.
 */

/* One thread's differences and what it needs to find them. */
struct finder {
	struct status *status;
	struct arena arena;		/* paths of entries */
	struct dv_status_entry *entries;	/* owned */
	size_t count, room;
	struct store_reader *reader;	/* made at the first need */
	/* of the tracked path at hand */
	struct reread reread;
	struct arena tasks;		/* directories in the queue */
};

struct status {
	struct dv_repo *repo;
	const struct dv_status_options *options;
	int top;		/* fd of the work tree, borrowed */
	const char *store;	/* see work/linked.h */
	const char *spill;	/* see base/name_sort.h */
	unsigned threads;
	struct finder *finders;	/* owned, one per thread */
	struct meter meter;
	pthread_mutex_t ignore_mutex;
	struct ignore *ignore;	/* made at the first need */
	struct id_map ignore_seen;	/* SHA-256 of folders looked at */
	bool have_packs;
	struct dv_id packs;	/* fingerprint of the store */
	uint64_t looked;	/* files, with files_most */
	int folder;		/* fd of the one that the last tracked path
				   was in, or -1; owned */
	struct buf folder_path;

	/* the tracked path at hand */
	const char *path;
	const struct dv_pointer *pointer;
	struct stat_index index;
	bool same;		/* the index was made for this pointer */
	struct work_queue queue;
};

/* A directory that is recorded and lies in the work tree. */
struct status_dir {
	const char *path;	/* relative to the tracked path */
	bool tree;		/* compare with the tree `id`, else with rows */
	bool stream;		/* sub-directories are seen to by others */
	struct dv_id id;
	uint64_t files, size;	/* of the tree, below it */
	int64_t index_dir;	/* or -1 */
	unsigned depth;
};

/* What is recorded at one name. */
struct status_want {
	const char *name;
	uint8_t type;		/* enum entry_type */
	bool executable;
	struct content content;	/* dirs: id and size of the tree */
	uint64_t files;
	const char *target;	/* from a tree; else content.id is its
				   SHA-256 */
};

/* Adds a difference; `path` is relative to the tracked path. */
struct dv_status_entry *status_found(struct status *s, struct finder *f,
				     enum dv_state state, const char *path);

/* Appends the path relative to the work tree. */
void status_full_path(const struct status *s, const char *path,
		      struct buf *out);

/*
 * Compares a file or symlink with what is recorded.  `fd` is its directory,
 * path is relative to the tracked path, row (may be NULL) that of `number`.
 */
int status_entry(struct status *s, struct finder *f, int fd, const char *path,
		 const struct status_want *want, const struct stat_row *row,
		 int64_t number, const struct stat *st, int64_t read_ns);

/* Lists and compares the directory open at fd, whose stat was st. */
int status_folder(struct status *s, struct finder *f,
		  const struct status_dir *dir, int fd,
		  const struct stat *st, int64_t read_ns);

/* As an entry that is new: a file, or all below a directory. */
int status_new(struct status *s, struct finder *f, const char *path,
	       const struct disk_entry *e);

/* True when a new path (relative to the tracked one) is to be left out. */
int status_ignored(struct status *s, const char *path, bool directory,
		   bool *out);

/* True when no directory has other names than the rows: none is listed. */
bool status_dirs_same(const struct status *s);

int status_stream(struct status *s);
int status_tree(struct status *s, const struct status_dir *root);

/* Files and bytes below a directory of the index. */
void status_index_sum(const struct stat_index *x, uint32_t dir,
		      uint64_t *files, uint64_t *size);

/*
 * What the pointer records and the store does not have: one entry for all of
 * `inside`.  *now (may be NULL) becomes the fingerprint of the store when
 * nothing is missing, else zeros.
 */
int status_stored(struct status *s, const char *inside, struct dv_id *now);

/*
 * Writes the index again with what was learned.  It may be lost, and is not
 * worth waiting for: while another command changes the work tree nothing is
 * written, and failures are nobody's concern.
 */
void status_keep(struct status *s, const struct dv_id *stored);

/* A reader for each thread. */
int status_readers(struct status *s);

/*
 * One tracked path: all but the state of its pointer file.  `parts`: which of
 * it, none inside of another; "" alone for all.
 */
int status_path(struct status *s, const struct dv_tracked *tracked,
		const char *const *parts, size_t count);

#endif
