#ifndef WORK_SCAN_H
#define WORK_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "dv/repo.h"

#include "base/arena.h"
#include "git/repo.h"
#include "work/stat_index.h"

/*
 * Walking the work tree at one tracked path, on several threads, beside the
 * stat index: every entry comes with what the index knew of it, so the
 * caller only reads what changed.
 */
struct scan_entry {
	const char *name;	/* in the scan's arena */
	uint8_t type;		/* enum entry_type; other kinds of file
				   (sockets, devices) are DV_E_INVALID for
				   add and reported as `special` here */
	bool special;
	bool known;		/* the index has it and stat_row_matches();
				   never for ENTRY_DIR */
	bool executable;
	bool link;		/* a symbolic link of ours: what follows is of
				   the store's file */
	int64_t row;		/* of this name in the index, or -1 */
	uint32_t dir;		/* ENTRY_DIR: number in scan.dirs */
	int64_t mtime_ns, ctime_ns;
	uint64_t inode, size;
	struct content content;	/* filled when known, else left to the caller */
};

struct scan_dir {
	const char *path;	/* relative to the tracked path */
	uint32_t parent;	/* of a root: itself */
	uint32_t count;
	struct scan_entry *entries;	/* sorted by raw name bytes */
	int64_t mtime_ns, ctime_ns;	/* as they were before it was listed;
					   0 when something in it is ignored,
					   so that it is listed every time */
	uint64_t inode;
	int64_t read_ns;	/* clock_real_ns() before it was listed */
	int64_t index_dir;	/* its number in the stat index, or -1 */
};

struct scan {
	struct scan_dir *dirs;	/* 0 is the root; parents before children */
	uint32_t count;
	bool single;		/* the path is no directory: dirs[0] (path: the
				   part of `inside` above it) has this one
				   entry; its times are 0 */
	uint64_t files;		/* files and symlinks */
	uint64_t size;		/* bytes of files */
	/* private: where all that lies */
	struct scan_private *private;
};

/*
 * Of a long scan only what is looked at is in memory (base/spill.h).  Whoever
 * passes over all of it, in order, says so after each entry.
 */
struct scan_pass {
	const struct scan *scan;
	size_t entries;		/* passed since the last rest */
};

/* A part of a tracked path, to be scanned with others. */
struct scan_part {
	const char *inside;
	bool there;		/* out, and so is what follows */
	bool single;		/* no directory: as struct scan has it */
	uint32_t root;		/* number in scan.dirs */
};

/*
 * Scans worktree/path (path inside: only worktree/path/inside, whose root is
 * then dirs[0] with path == inside).  Directories come breadth first, sorted
 * within their parent.  Entries that .dvignore names are left out unless the
 * index has them: as in git, ignoring is for what is not recorded yet.  A
 * symlink at the path itself is an entry, never followed.  Nothing there:
 * DV_E_NOTFOUND.  `index` and `ignore` may be NULL.  `out` is released by the
 * caller after success only.
 */
int scan_run(struct dv_repo *repo, const char *path, const char *inside,
	     const struct stat_index *index, struct ignore *ignore,
	     unsigned threads, struct scan *out);
/*
 * The same for several parts, none of which is inside of another: the roots
 * of those that are there come first, in order.  `single` of *out is false.
 */
int scan_run_parts(struct dv_repo *repo, const char *path,
		   struct scan_part *parts, size_t count,
		   const struct stat_index *index, struct ignore *ignore,
		   unsigned threads, struct scan *out);
void scan_release(struct scan *s);

/* Memory that lives as long as the scan, and rests with it. */
struct arena *scan_arena(const struct scan *s);
/* So many more entries were passed.  True: those before them rest now. */
bool scan_passed(struct scan_pass *p, size_t entries);
/* None of it will be looked at in the next moment. */
void scan_rest(const struct scan *s);

/*
 * True when a file or symlink is what the scan saw.  Of a read-only file ctime
 * does not count: a hard link of it that was made or removed moves it.
 */
bool scan_entry_still(const struct scan_entry *e, const struct stat *now);

/* The times, inode and size of an entry or a directory as struct stat. */
void scan_entry_stat(const struct scan_entry *e, struct stat *out);
void scan_dir_stat(const struct scan_dir *d, struct stat *out);

/*
 * Loads the .dvignore files of the folders above `path`, which is relative to
 * the work tree; scan_run() does it by itself.
 */
int scan_ignore_above(struct dv_repo *repo, struct ignore *ignore,
		      const char *path);

#endif
