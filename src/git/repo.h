#ifndef GIT_REPO_H
#define GIT_REPO_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "base/lock.h"
#include "base/path_list.h"
#include "base/spill.h"
#include "store/store.h"

/*
 * What the rooms above use of a repository, besides dv/repo.h.
 */

/*
 * Opens the git side alone of the work tree around `start`, or of a bare
 * repository: no settings, no store, no .dvconfig needed.  For reach_each().
 */
int repo_open_git(const char *start, struct dv_repo **out);

/* The git folder of this work tree (.git/worktrees/x for a linked one). */
const char *repo_git_dir(const struct dv_repo *repo);
/* The git folder all work trees share; the store is below it by default. */
const char *repo_common_dir(const struct dv_repo *repo);
/* <git dir>/dv: what dv keeps for this work tree alone; made on demand. */
int repo_state_dir(struct dv_repo *repo, const char **out);
/* The folder for files without a name (base/spill.h); NULL: there is none. */
const char *repo_spill_dir(struct dv_repo *repo);
/* A spill whose file goes there; `free` as for spill_init(). */
void repo_spill_init(struct dv_repo *repo, struct spill *s, size_t free);
/* DV_E_UNSUPPORTED, with the next step, in a bare repository. */
int repo_need_worktree(const struct dv_repo *repo);
/*
 * What is looked at where no revision is named: NULL, which is the work tree,
 * or in a bare repository "HEAD".
 */
const char *repo_revision(const struct dv_repo *repo, const char *rev);
/* An fd of the top of the work tree, open while the repo is. */
int repo_worktree_fd(struct dv_repo *repo, int *out);

/*
 * DV_E_INVALID, with the commands that put it right, when .dvconfig holds a
 * secret.  Such a value is never given out by dv_config_get().
 */
int repo_check_secrets(struct dv_repo *repo);

/*
 * The stores to fall back on (store.fallback, each a path), in order; from
 * git's configuration and the environment alone: who commits .dvconfig does
 * not choose what is read on this machine.
 */
int repo_fallbacks(struct dv_repo *repo, struct path_list *out);

/*
 * The store, opened (and made) at the first call, after the check above.
 * Fallbacks that cannot be opened are left out: dv doctor names them.
 */
int repo_store(struct dv_repo *repo, struct store **out);

/*
 * The store's path without symbolic links, for symbolic links to its files; as
 * it is set where there is no store.  The first call is for one thread alone.
 */
const char *repo_store_real(struct dv_repo *repo);

/*
 * Opens and holds the store (store_hold()), for who finds that content is
 * here and writes the pointer to it later:
 *
 *	DV_AUTO_HOLD struct store *held = NULL;
 */
int repo_hold_store(struct dv_repo *repo, struct store **held);
void repo_let_go(struct store **held);
#define DV_AUTO_HOLD	__attribute__((cleanup(repo_let_go)))

/*
 * The lock of this work tree, for commands that change it.  Says whom it
 * waits for, see dv_repo_set_waiting().
 */
int repo_lock(struct dv_repo *repo, const char *command, struct lock *out);
/* The same lock and nothing else: DV_E_LOCKED when another has it. */
int repo_try_lock(struct dv_repo *repo, const char *command,
		  struct lock *out);

/* --- hints (hint.c) ---------------------------------------------------- */

/*
 * A path of the work tree as one word of a command that is typed where the
 * user stands.  Appended to *out; returns its text.
 */
const char *repo_word(const struct dv_repo *repo, const char *path,
		      struct buf *out);
/* The hint to DV_E_INCOMPLETE: to fetch path.  Returns err, whatever it is. */
int repo_hint_fetch(const struct dv_repo *repo, int err, const char *path);

/* --- tracked paths (tracked.c) ----------------------------------------- */

/*
 * Fills *out, which is empty, with the paths that are tracked in the work
 * tree, sorted: those git's index has a pointer of and those dv wrote one
 * for, as far as the pointer file is there (a plain file of at most
 * DV_POINTER_MAX bytes; what it says is not looked at).  The work tree is not
 * walked.  DV_E_INVALID, naming both, when one lies inside another.
 */
int tracked_list(struct dv_repo *repo, struct path_list *out);
/*
 * Those whose pointer git's index has for the work tree and nobody can find
 * there, or where something is that can be none: a folder, a symbolic link, a
 * file that is too long.  `here` is what tracked_list() gave.
 */
int tracked_missing(struct dv_repo *repo, const struct path_list *here,
		    struct path_list *deleted, struct path_list *replaced);

/*
 * Calls fn for each tracked path whose pointer a sparse work tree leaves out,
 * as git's index has it.
 */
int tracked_hidden(struct dv_repo *repo, dv_tracked_cb *fn, void *data);

/*
 * The tracked path that `path` (relative) is or is inside of: its own path
 * in *out and the part below it in *inside.  DV_E_NOTFOUND when none is.
 * Looks for <prefix of path>.dv in the work tree, whether or not git knows
 * it.  The outermost wins: what is inside a tracked directory belongs to it,
 * also where a file there happens to be called like a pointer.  A pointer
 * of a file has nothing inside.  Beyond a symbolic link, or in another
 * repository (a submodule), nothing is ours.  In a bare repository there is
 * none.
 */
int tracked_find(struct dv_repo *repo, const char *path, struct buf *out,
		 struct buf *inside);
/* Is it beyond such a border? */
bool repo_is_away(struct dv_repo *repo, const char *path);
/*
 * The hint to the failure that nothing is tracked at path, where it is beyond
 * such a border.  Returns err.
 */
int repo_hint_away(struct dv_repo *repo, int err, const char *path);
/* True when the last ".dv" of a name may be that of a pointer. */
bool pointer_name(const char *path, size_t len);
/* True when `asked` is the pointer file of the data `path`. */
bool is_pointer_of(const char *asked, const char *path);
/* Reads <path>.dv.  DV_E_NOTFOUND, DV_E_INVALID.  Release *out. */
int tracked_read(struct dv_repo *repo, const char *path,
		 struct dv_pointer *out);
/* The same; *text, which is empty, gets the bytes of the file. */
int tracked_read_text(struct dv_repo *repo, const char *path, struct buf *text,
		      struct dv_pointer *out);
/* A dv_selection.broken: without those that cannot be read. */
int tracked_pass_broken(const char *path, int err, void *data);
/*
 * Writes <path>.dv unless it has these bytes already, and remembers that it
 * is there, so that it is found before git knows it.
 */
int tracked_write(struct dv_repo *repo, const char *path,
		  const struct dv_pointer *p, bool *changed);

/* One of many pointers to be written, and what came of it. */
struct pointer_write {
	const char *path;	/* of the data; borrowed, as the pointer's
				   rest */
	struct dv_pointer pointer;
	bool ignore;		/* git is to ignore the data */

	bool done;		/* all of that is so, and durable */
	bool changed;		/* <path>.dv did not have these bytes before */
	struct buf ignored;	/* the .gitignore that got a line, or empty */
	struct error_state *failed;	/* owned; why this path alone cannot be
					   written; NULL otherwise */
};
/*
 * tracked_write() and repo_gitignore_add() of many, by batches that are made
 * durable together.  A path that has no place (DV_E_INVALID, DV_E_NOTFOUND)
 * only fails itself; another failure ends it, once those before it are done.
 * Give back what came of them with pointer_writes_release().
 */
int tracked_write_all(struct dv_repo *repo, struct pointer_write *items,
		      size_t count);
void pointer_writes_release(struct pointer_write *items, size_t count);

/* --- git's view (index.c, ignore.c) ------------------------------------ */

enum pointer_state {
	POINTER_COMMITTED = 0,
	POINTER_UNTRACKED,	/* git does not know it */
	POINTER_STAGED,		/* the index has it, HEAD not or otherwise */
	POINTER_UNSTAGED,	/* differs from the index */
};
/* text: of tracked_read_text(), for who has read it; else NULL. */
int repo_pointer_state(struct dv_repo *repo, const char *pointer_path,
		       const struct buf *text, enum pointer_state *out);

/*
 * Whether it is committed as it is, by HEAD or by the commit that was HEAD when
 * dv last asked; much quicker where the second is enough.
 */
int repo_pointer_was_committed(struct dv_repo *repo, const char *pointer_path,
			       bool *yes);

enum pointer_index_state {
	POINTER_INDEX_SAME = 0,	/* as in the work tree */
	POINTER_INDEX_OTHER,	/* differs, or a conflict */
	POINTER_INDEX_NONE,	/* git does not know it */
};
/* The first half of it: what the index has.  No object of git's is read. */
int repo_pointer_staged(struct dv_repo *repo, const char *pointer_path,
			const struct buf *text, enum pointer_index_state *out);

/* The first path that git's index has at or below `path`, or NOTFOUND. */
int repo_git_tracks(struct dv_repo *repo, const char *path, struct buf *out);

/*
 * Adds "/<name>" to the .gitignore beside `path`, unless git ignores path
 * already.  *changed: the .gitignore's path, or empty.
 */
int repo_gitignore_add(struct dv_repo *repo, const char *path,
		       struct buf *changed);
/*
 * The same for many, which all lie in one folder: its .gitignore is read and
 * written once.  When it fails, none is added.  With a batch, not NULL, the new
 * .gitignore appears when that is committed.
 */
struct gitignore_item {
	const char *path;
	struct buf *changed;	/* as above, of this path */
};
int repo_gitignore_add_all(struct dv_repo *repo,
			   struct gitignore_item *items, size_t count,
			   struct newfile_batch *batch);
/* Fails where that would, as there is something that is not a plain file. */
int repo_gitignore_check(struct dv_repo *repo, const char *path);
int repo_gitignore_remove(struct dv_repo *repo, const char *path,
			  struct buf *changed);

/*
 * True when git add may be told of it: it is there, or the index has it.  A
 * .gitignore whose last line went may be neither.
 */
bool repo_can_stage(struct dv_repo *repo, const char *path);
/* git add -- paths, by the user's git. */
int repo_stage(struct dv_repo *repo, const char *const *paths, size_t count);

/* The n-th file that setting up makes, and its text; NULL: no more. */
const char *repo_setup_file(size_t n, const char **text);

/* --- git's merge and diff drivers (drivers.c) --------------------------- */

/*
 * Adds the lines that name dv's drivers to the text of a .gitattributes: for
 * pointers, unless one names the merge driver already, and for .gitignore
 * files, unless one says already how these are merged.
 */
void drivers_lines(struct buf *text);
/*
 * The same to the .gitattributes at the top.  *before: what was in the file,
 * when it was changed.
 */
int drivers_attributes(struct dv_repo *repo, bool *changed,
		       struct buf *before);
/*
 * Tells git's local configuration what the drivers are, where .gitattributes
 * names them and no configuration does: so after a clone.  With that, or
 * `again`, git's info/exclude is told of what a killed dv leaves behind.
 * Cheap otherwise.
 */
int drivers_configure(struct dv_repo *repo, bool again);

/* --- .dvignore --------------------------------------------------------- */

/*
 * Ignore rules with gitignore's meaning, from .dvignore files; always also
 * ".git".  Rules of a folder are loaded as the scan enters it; thread-safe.
 */
struct ignore;
int ignore_new(struct dv_repo *repo, struct ignore **out);
void ignore_free(struct ignore *i);
/* Reads <dir>/.dvignore; called when a scan sees one. */
int ignore_load(struct ignore *i, const char *dir);
/* True when rules say so.  Cheap when there are no rules. */
bool ignore_match(struct ignore *i, const char *path, bool directory);
/*
 * The rule that decides about path, see rules_find(); for ".git" one that is
 * in no file, with line 0.
 */
struct rule_found;
bool ignore_find(struct ignore *i, const char *path, bool directory,
		 struct rule_found *out);

/* --- libgit2 (lib.c) ---------------------------------------------------- */

/* Loads it and appends its version. */
int git_library(struct buf *out);

/* --- credentials ------------------------------------------------------- */

/* A remote_credential_cb over `git credential`; data is the dv_repo. */
int repo_credential(void *repo, const char *action, const char *url,
		    char **user, char **password);

#endif
