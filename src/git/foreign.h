#ifndef GIT_FOREIGN_H
#define GIT_FOREIGN_H

#include <stddef.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "base/path_list.h"

/*
 * Somebody else's repository: one that dv has made at a place of its own to
 * read from.  Only what it commits in .dvconfig counts as its settings:
 * nothing that the user has configured for a remote of the same name (a
 * password, say) goes to where a stranger points.
 */
struct foreign {
	const char *dir;	/* absolute; the work tree, with .git in it */
	const char *store_path;	/* NULL: dir/.git/dv */
	const char *base_dir;	/* what its relative remotes are relative to;
				   NULL: not on this machine, and they cannot
				   be used */
	const char *url;	/* of what it is a clone, for messages; or
				   NULL */
	struct dv_repo *user;	/* borrowed: of who reads from it; or NULL */
};

/* As dv_repo_open(), but without a look at .dvconfig being there. */
int repo_open_foreign(const struct foreign *f, struct dv_repo **out);
/* The URL of somebody else's; NULL: it is the user's own. */
const char *repo_origin(const struct dv_repo *repo);
/*
 * The user's own repository: this one, or the one for which somebody else's was
 * opened; NULL: there is none.
 */
struct dv_repo *repo_user(struct dv_repo *repo);
/* The folder that relative remotes are relative to, or NULL. */
const char *repo_base_dir(const struct dv_repo *repo);

/*
 * The stores that a repository on this machine reads from, its own first, then
 * its fallbacks, as its configuration says: `folder` is its work tree (of any
 * kind: linked, a submodule) or git folder.  Nothing is written and no command
 * runs there; the environment, which is about the user's own repository, says
 * nothing.  DV_E_NOTFOUND when it is no repository, DV_E_INVALID when it
 * belongs to somebody else and safe.directory does not have it.
 */
int foreign_stores(const char *folder, struct path_list *out);

enum foreign_git_flags {
	FOREIGN_GIT_WORK = 1,	/* with `work` as work tree, and an index
				   beside it: <work>/.git/foreign-index */
	FOREIGN_GIT_STRANGER = 2, /* the URL is not the user's own: only
				   transports that git always allows */
};

#define FOREIGN_GIT_ARGS	16

/*
 * Begins a command that does not see what the environment says of the user's
 * own repository: fills argv from its start and returns how many words that
 * took.
 */
#define FOREIGN_ENVIRONMENT	19
size_t foreign_environment(const char *argv[FOREIGN_ENVIRONMENT]);

/*
 * Runs the user's git in the repository `dir`, whatever the environment says
 * of another one.  args ends with NULL and has at most FOREIGN_GIT_ARGS of
 * them.  See process_run().
 */
int foreign_git(const char *dir, const char *work,
		enum foreign_git_flags flags, const char *const args[],
		struct buf *out);

#endif
