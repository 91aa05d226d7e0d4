#ifndef DV_WORK_H
#define DV_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/progress.h"
#include "dv/repo.h"

/*
 * The user's files: recording them, comparing them, putting them there.
 */

/* --- add --------------------------------------------------------------- */

struct dv_add_options {
	unsigned threads;	/* 0: as many as there are CPUs */
	bool changed_only;	/* dv commit: tracked paths only, if changed */
	bool force;		/* also where the pointer was changed since the
				   last checkout: what is here replaces it */
	bool dry_run;
	struct dv_progress progress;
};

/* What came of one tracked path. */
struct dv_add_result {
	const char *path;	/* of the data, relative to the work tree */
	const char *pointer;	/* of the pointer file, likewise */
	const char *ignore;	/* of the .gitignore that changed, or NULL */
	bool changed;		/* the pointer file was written */
	bool is_new;
	uint64_t files, size;	/* of all of it now */
	uint64_t read_bytes;	/* content that had to be read */
	uint64_t new_bytes;	/* content the store did not have */
	uint64_t stored_bytes;	/* what that takes in the store */
	uint64_t absent;	/* entries kept though not in the work tree */
};

typedef int dv_add_cb(const struct dv_add_result *result, void *data);

/*
 * Records files and directories: content into the store, pointer files and
 * .gitignore lines into the work tree.  A path inside a tracked directory
 * updates just that path (and removes it when it is gone).  Entries of a
 * tracked directory that were never put into this work tree (a partial
 * pull) are kept.  Pointers are written after their content is durable.
 *
 * Fails without having changed a pointer when a path is outside the work
 * tree, tracked by git, ignored, a pointer or inside .git; when a file keeps
 * changing (DV_E_CHANGED) or cannot be read; when git has changed the pointer
 * since the last checkout and the work tree is not what it says now
 * (DV_E_CHANGED), unless `force`.
 */
int dv_add(struct dv_repo *repo, const char *const *paths, size_t count,
	   const struct dv_add_options *options, dv_add_cb *fn, void *data);

/* --- status ------------------------------------------------------------ */

enum dv_state {
	DV_STATE_MODIFIED = 'M',	/* content, type or executable bit */
	DV_STATE_DELETED = 'D',		/* was here, is gone */
	DV_STATE_NEW = '?',		/* inside a tracked directory */
	DV_STATE_ABSENT = 'A',		/* recorded, never put here */
	DV_STATE_NOT_STORED = '!',	/* its content is not in the store */
	DV_STATE_UNLINKED = 'L',	/* a symbolic link to its content in a
					   store, which is not there */
	DV_STATE_UNCOMMITTED = 'P',	/* the pointer differs from HEAD's */
	DV_STATE_BROKEN = 'X',		/* the pointer file cannot be read */
};

struct dv_status_entry {
	enum dv_state state;
	const char *path;	/* relative to the work tree; for UNCOMMITTED
				   and BROKEN that of the pointer file */
	bool directory;		/* all of it */
	uint64_t size;		/* now, or as recorded when it is gone */
	uint64_t files;		/* for ABSENT and NOT_STORED: how many */
	bool staged;		/* UNCOMMITTED: git's index has it */
	bool untracked;		/* UNCOMMITTED: git does not know it */
	bool deleted;		/* UNCOMMITTED: git has it, the work tree not */
	const char *reason;	/* BROKEN: why it cannot be read; else NULL */
};

typedef int dv_status_cb(const struct dv_status_entry *entry, void *data);

struct dv_status_options {
	struct dv_selection what;
	unsigned threads;
	bool rehash;		/* read every file again */
	bool data_only;		/* neither UNCOMMITTED nor NOT_STORED */
	/*
	 * So many files are looked at, 0: all.  A tracked path that goes past
	 * it, and whose pointer is committed, is taken to be unchanged
	 * when its directories are: nothing came, went or was replaced.  What
	 * was written in place is not found then.
	 */
	uint64_t files_most;
	struct dv_progress progress;
};

/* Calls fn for each difference, sorted by path.  None: all is clean. */
int dv_status(struct dv_repo *repo, const struct dv_status_options *options,
	      dv_status_cb *fn, void *data);

/* --- checkout ---------------------------------------------------------- */

/* What of links to the store; see store.link in dvconfig(5). */
enum dv_links {
	DV_LINKS_NONE = 0,
	DV_LINKS_APPLY,		/* unmodified files: as store.link says now */
	DV_LINKS_UNDO,		/* links, and what is read-only: private copies
				   that can be written, whatever they hold */
};

struct dv_checkout_options {
	struct dv_selection what;
	unsigned threads;
	enum dv_links links;	/* not NONE: this is done, and nothing else */
	/* May be NULL; of any thread, one at a time. */
	void (*notice)(const char *text, void *data);
	void *notice_data;
	bool force;		/* overwrite and remove what is not stored */
	bool dry_run;
	bool allow_missing;	/* skip what the store does not have */
	bool to_come;		/* dry_run: that will be fetched before, so it
				   counts as written */
	struct dv_progress progress;
};

struct dv_checkout_result {
	uint64_t written, removed, unchanged;	/* files and symlinks */
	uint64_t written_bytes;
	uint64_t kept;		/* user's files left as they were */
	uint64_t missing;	/* not in the store, with allow_missing */
	uint64_t moved;		/* tracked paths: data that followed its
				   pointer to another name */
};

enum dv_checkout_event {
	DV_CHECKOUT_WRITTEN = 'U',
	DV_CHECKOUT_REMOVED = 'D',
	DV_CHECKOUT_KEPT = 'K',	/* modified or new: not touched */
	DV_CHECKOUT_MISSING = '!',
	DV_CHECKOUT_MOVED = 'R',	/* all of the tracked path, to there */
};

typedef int dv_checkout_cb(enum dv_checkout_event event, const char *path,
			   void *data);

/*
 * Makes the work tree hold what the pointers say (what->inside: only that
 * part).  Files whose content is not recorded anywhere are kept and
 * DV_E_EXISTS is returned at the end, unless `force`.  Entries recorded
 * before and not now are removed when they are unmodified.  Every byte is
 * checked before a file gets its name.  Data whose pointer was renamed is
 * renamed too, and its line in .gitignore with it (staged with
 * core.autostage).
 */
int dv_checkout(struct dv_repo *repo, const struct dv_checkout_options *o,
		dv_checkout_cb *fn, void *data,
		struct dv_checkout_result *result);

/* --- looking ----------------------------------------------------------- */

struct dv_entry {
	const char *path;	/* relative to the work tree */
	enum { DV_ENTRY_FILE = 1, DV_ENTRY_SYMLINK, DV_ENTRY_DIR,
	       DV_ENTRY_SUBMODULE } type;
	bool git;		/* git's own: without id; files 0 */
	bool unsized;		/* git's own: a folder, a submodule, or a file
				   that a partial clone has not fetched */
	unsigned depth;		/* dv_list: folders between it and what was
				   asked for or is tracked */
	bool executable;
	uint64_t size;		/* bytes; of a directory: of all below */
	uint64_t files;		/* of a directory: below it */
	struct dv_id id;	/* file: content, dir: tree; symlink: zeros */
	bool chunked;		/* file: id is that of a list of its chunks */
	const char *target;	/* of a symlink, else NULL */
	bool stored;		/* DV_LIST_STORED: the store has its content */
};

enum dv_list_flags {
	DV_LIST_RECURSIVE = 1,
	DV_LIST_STORED = 2,	/* look up the content of files */
	DV_LIST_GIT = 4,	/* git's own files too */
	DV_LIST_GIT_ONLY = 8,	/* those alone, every file counts as one */
};

/* May return DV_LIST_SKIP: what is below this directory is left out. */
#define DV_LIST_SKIP	1
typedef int dv_entry_cb(const struct dv_entry *entry, void *data);

/*
 * Lists what is recorded: tracked paths, or the entries at paths inside
 * them; with DV_LIST_RECURSIVE all below.  `fn` NULL only checks that it can be
 * done.  DV_E_INCOMPLETE, with the hint to fetch, when the store lacks nodes
 * that are needed.
 *
 * With DV_LIST_GIT it goes folder by folder: the entries of the top, or of the
 * paths, whether git keeps them (in the commit; else in the index and the work
 * tree) or dv does, where data takes the place of its pointer.
 */
int dv_list(struct dv_repo *repo, const struct dv_selection *what,
	    enum dv_list_flags flags, dv_entry_cb *fn, void *data);

/*
 * Hands the recorded content of one file to `write`, in order.  path as
 * in dv_selection; rev may be NULL.  DV_E_INCOMPLETE, with the hint to
 * fetch, when the store lacks something of it.
 */
int dv_cat(struct dv_repo *repo, const char *rev, const char *path,
	   int (*write)(void *data, const uint8_t *bytes, size_t len),
	   void *data);

#endif
