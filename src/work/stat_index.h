#ifndef WORK_STAT_INDEX_H
#define WORK_STAT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "dv/id.h"
#include "dv/repo.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/path_list.h"
#include "base/spill.h"
#include "store/node.h"

/*
 * What was in the work tree at one tracked path when dv last looked: stat
 * data and recorded content of every entry, in tree order.  One file per
 * tracked path, <git dir>/dv/stat/<hex of SHA-256(path), 16 digits>, read in
 * place by mmap (dvformat-stat-index(5)).  Written anew by newfile, so a
 * reader sees an old one or a new one.
 *
 * Directories form a table in breadth-first order (a directory's parent
 * comes before it); each has its entries as one run of rows, sorted by raw
 * name bytes.  A tracked single file is directory 0 with one row, its name
 * that of the file.
 */

/* Decoded rows; how they lie in the file is known to stat_index.c alone. */
struct stat_dir {
	const char *path;	/* relative to the tracked path, "" the root */
	int64_t mtime_ns, ctime_ns;	/* 0: list it again whatever it says */
	uint64_t inode;
	uint32_t parent;	/* number in the table; itself for 0 */
	uint32_t first;		/* row of its first entry */
	uint32_t count;
};

struct stat_row {
	const char *name;	/* 0-terminated */
	uint8_t type;		/* enum entry_type */
	bool executable;
	bool racy;		/* read it again whatever stat says */
	uint32_t dir;		/* ENTRY_DIR: its number in the table */
	int64_t mtime_ns, ctime_ns;
	uint64_t inode;
	uint64_t size;		/* of the file, or length of the target */
	struct content content;	/* files; for symlinks id is the SHA-256 of
				   the target */
};

struct stat_index {
	struct filemap map;
	struct stat file;	/* that was opened */
	struct dv_id pointer;	/* id the pointer had; these rows are it, but
				   for entries that were absent */
	bool complete;		/* no entry of the pointer is absent here */
	struct dv_id stored;	/* fingerprint of the store's set of packs when
				   all of the pointer was found in it; zeros:
				   not known */
	uint32_t dirs, rows;
	uint64_t files;		/* files and symlinks in the rows */
	uint64_t size;		/* bytes of the files in the rows */
	const uint8_t *dir_table, *row_table, *id_table, *names; /* private */
};

#define STAT_INDEX_INIT	{ .map = FILEMAP_INIT }
#define DV_AUTO_STAT_INDEX __attribute__((cleanup(stat_index_close)))

/*
 * Opens that of `path`; a missing or damaged one is like an empty one
 * (dirs == 0) and no error.
 */
int stat_index_open(struct dv_repo *repo, const char *path,
		    struct stat_index *out);
void stat_index_close(struct stat_index *x);
/* True when there is a file of it, sound or not: much less work. */
bool stat_index_is_there(struct dv_repo *repo, const char *path);
/*
 * None of it will be looked at in the next moment.  For who passes over all
 * of one: it need not count as memory of this process.
 */
void stat_index_rest(const struct stat_index *x);

/*
 * The decoder behind it, for tests: checks every offset in x->map and fills
 * the rest of x.  False: damaged, or that of another path.
 */
bool stat_index_check(struct stat_index *x, const char *path);

/*
 * Fills *out, which is empty, with the paths that have an index and are not
 * among `paths`: what was tracked once.
 */
int stat_index_others(struct dv_repo *repo, const struct path_list *paths,
		      struct path_list *out);

/*
 * Calls fn for each sound index that the work tree with this git folder has;
 * non-zero stops and is returned.
 */
int stat_index_each(const char *git_dir,
		    int (*fn)(void *data, const struct stat_index *x),
		    void *data);

/* The tracked path it is of. */
const char *stat_index_path(const struct stat_index *x);

/* Appends the name of the file that holds the index of `path`. */
int stat_index_name(struct dv_repo *repo, const char *path, struct buf *out);

/* Decode a directory or a row; pointers are into the map. */
void stat_index_dir(const struct stat_index *x, uint32_t n,
		    struct stat_dir *out);
void stat_index_row(const struct stat_index *x, uint32_t n,
		    struct stat_row *out);
/* The row of `name` in directory `dir`, or -1. */
int64_t stat_index_find(const struct stat_index *x, uint32_t dir,
			const char *name);
/* The directory with this path, or -1. */
int64_t stat_index_find_dir(const struct stat_index *x, const char *path);
/* The row of this path below the top, or -1. */
int64_t stat_index_find_path(const struct stat_index *x, const char *path);

/*
 * True when a file of this stat is the one in the row and was not changed
 * since: type, executable bit, size, mtime, ctime and inode agree and the
 * row is not racy.
 */
bool stat_row_matches(const struct stat_row *row, const struct stat *st);

/*
 * True when a directory has the names it had: mtime, ctime and inode agree
 * and were not racy.
 */
bool stat_dir_matches(const struct stat_dir *dir, const struct stat *st);

/*
 * True when something read at clock_real_ns() == read_ns may have been
 * written again later without its times showing it.  A time more than a day
 * ahead of the clock was set by hand and does not count.
 */
bool stat_is_racy(const struct stat *st, int64_t read_ns);

/*
 * Writing one.  Directories must be added parents first, entries of a
 * directory sorted; a row of type dir is linked to its directory by path.
 */
struct stat_writer;
/* Long ones lie in a file while they are made (base/spill.h). */
struct stat_writer *stat_writer_new(struct dv_repo *repo);
/*
 * The same where many are made before the first is finished: a spill for all
 * of them, which the caller initialises so, lets rest and releases.
 */
void stat_writer_spill(struct dv_repo *repo, struct spill *out);
struct stat_writer *stat_writer_new_in(struct spill *spill);
/* Adds a directory, returns its number. */
uint32_t stat_writer_dir(struct stat_writer *w, const char *path,
			 const struct stat *st, int64_t read_ns);
/*
 * Adds an entry to directory `dir`.  `st` may be NULL for ENTRY_DIR rows.
 * racy is worked out from read_ns.
 */
void stat_writer_row(struct stat_writer *w, uint32_t dir, const char *name,
		     uint8_t type, const struct stat *st,
		     const struct content *content, int64_t read_ns);
/* Adds a row as an older index had it. */
void stat_writer_copy(struct stat_writer *w, uint32_t dir,
		      const struct stat_row *row);
/* Writes it for `path`; also frees w. */
int stat_writer_finish(struct stat_writer *w, struct dv_repo *repo,
		       const char *path, const struct dv_id *pointer,
		       bool complete, const struct dv_id *stored);
void stat_writer_free(struct stat_writer *w);

/* What is newly known of a row or a directory whose content is as it was. */
struct stat_change {
	uint32_t number;
	bool racy;		/* a directory: list it again */
	int64_t mtime_ns, ctime_ns;
	uint64_t inode;
};

/* Sets the times of a change from what stat said of a thing read then. */
void stat_change_set(struct stat_change *c, uint32_t number,
		     const struct stat *st, int64_t read_ns);

/*
 * Writes `x` again for `path` with other times and another `stored`.  Both
 * lists are sorted by number, without equals.  Never in need of much memory.
 */
int stat_index_rewrite(const struct stat_index *x, struct dv_repo *repo,
		       const char *path, const struct stat_change *rows,
		       size_t row_count, const struct stat_change *dirs,
		       size_t dir_count, const struct dv_id *stored);

/*
 * Gives the index of one path to another one: the data was moved.  `single`:
 * it is one file, whose name is in the index.
 */
int stat_index_move(struct dv_repo *repo, const char *from, const char *to,
		    bool single);

/*
 * Notes the id of a pointer that is about to be written for `path`, before the
 * index that goes with it.  The next index that is written or removed withdraws
 * the note; until then the data here are at least as new as that pointer.
 */
int stat_index_announce(struct dv_repo *repo, const char *path,
			const struct dv_id *pointer);
bool stat_index_was_announced(struct dv_repo *repo, const char *path,
			      const struct dv_id *pointer);
/* Called by stat_writer_finish() and stat_index_remove(). */
int stat_index_withdraw(struct dv_repo *repo, const char *path);

/* Removes that of `path` if there is one. */
int stat_index_remove(struct dv_repo *repo, const char *path);

#endif
