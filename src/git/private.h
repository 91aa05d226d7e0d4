#ifndef GIT_PRIVATE_H
#define GIT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/names.h"
#include "git/config.h"
#include "git/discover.h"
#include "git/repo.h"
#include "git/run.h"

/*
 * What the files of this room share.  Everything past `place` is made when
 * it is first needed.
 */
struct dv_repo {
	struct git_place place;
	char *prefix;			/* owned */
	char *state_dir;		/* owned */
	char *store_path;		/* owned */
	char *store_real;		/* owned; see repo_store_real() */
	char *base_dir;			/* owned, or NULL: of a foreign one */
	char *origin;			/* likewise */
	struct dv_repo *user;		/* borrowed; see repo_user() */
	bool foreign;			/* only .dvconfig has settings */
	bool apart;			/* the environment has none for it */
	int fd;				/* of the work tree, or -1 */
	bool state_dir_made;
	struct config git_config;	/* lowest precedence first */
	struct config project;		/* .dvconfig */
	bool project_there;		/* bare: HEAD's commit has one */
	struct store *store;
	struct git_repository *git;	/* libgit2's */
	struct index_names *index;	/* see index_file.h */
	struct head *head;		/* see head.h */
	struct names registry;		/* see tracked.c */
	bool registry_read;
	struct path_list promisors;	/* see obtain.c */
	bool promisors_read, promisors_lost;
	dv_waiting_cb *waiting;
	void *waiting_data;
};

/* --- settings.c -------------------------------------------------------- */

/* Reads all levels again. */
int settings_load(struct dv_repo *repo);
/* The last value of git's own configuration, e.g. core.excludesfile. */
const char *settings_git(const struct dv_repo *repo, const char *name);

/* --- repo.c, init.c ----------------------------------------------------- */

/* An empty one, for those who open it. */
struct dv_repo *repo_new(void);

/* Fills in where it is, of a work tree around `start` or a bare one. */
int repo_open_place(struct dv_repo *repo, const char *start);

/* Sets store_path by the settings. */
int repo_find_store_path(struct dv_repo *repo);

/*
 * For where .dvconfig is not: a failure, with the next step, if git's index has
 * it.  It was deleted, or is not in a sparse work tree.
 */
int repo_check_lost_config(struct dv_repo *repo);

/* DV_E_INVALID unless value is a path inside the work tree, symlinks apart. */
int repo_check_confined(const struct dv_repo *repo, const char *name,
			const char *value);

/* --- reach_notes.c ------------------------------------------------------ */

/*
 * Appends the ids that the git folder of a work tree has noted down of what is
 * under way there, a line each.  They may be short, as in the list of a pick,
 * and of what is no commit.
 */
int reach_notes(const char *dir, struct buf *out);

/* --- tracked.c --------------------------------------------------------- */

/* <worktree>/path */
void repo_path(const struct dv_repo *repo, const char *path,
	       struct buf *out);
/*
 * 0 when the folders above path are there and none is a symlink, so that
 * writing to path stays inside the work tree; DV_E_INVALID, DV_E_NOTFOUND.
 */
int repo_check_parents(struct dv_repo *repo, const char *path);

/*
 * Appends the bytes of <path>.dv in the work tree, which need not be a
 * pointer.  DV_E_NOTFOUND; DV_E_INVALID when it cannot be one.
 */
int pointer_text(struct dv_repo *repo, const char *path, struct buf *out);

/* Takes away the carriage returns that git may have put at the line ends. */
void pointer_drop_returns(struct buf *text);

/*
 * Remembers that there will be pointers of these, before they are written; one
 * that is not there in the end means nothing.
 */
int tracked_expect(struct dv_repo *repo, const char *const *paths,
		   size_t count);

#endif
