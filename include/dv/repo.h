#ifndef DV_REPO_H
#define DV_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"
#include "dv/pointer.h"

/*
 * A git work tree that dv looks after: `.dvconfig` at its top, the store
 * below the git common directory.  Or a bare repository, whose HEAD stands for
 * the work tree it has not.  A struct dv_repo may be used by one thread at a
 * time.
 */
struct dv_repo;

/*
 * Finds the work tree that `start` (a folder, "." for the current one) is
 * in.  Returns 0; DV_E_NOTFOUND outside of git ("not inside a git work
 * tree") or when the work tree has no .dvconfig (hint: dv init);
 * DV_E_UNSUPPORTED in a bare repository.  Give back with dv_repo_close().
 */
int dv_repo_open(const char *start, struct dv_repo **out);
/* The same; a work tree without .dvconfig has the settings of git alone. */
int dv_repo_open_unset(const char *start, struct dv_repo **out);
/*
 * As dv_repo_open(); a bare repository may be opened too.  `.dvconfig` and,
 * where no revision is named, what is tracked are those of HEAD's commit
 * there, paths are relative to its top, and dv_repo_worktree() is the git
 * folder.  DV_E_NOTFOUND when HEAD has no .dvconfig.  What needs a work tree
 * then fails with DV_E_UNSUPPORTED.
 */
int dv_repo_open_any(const char *start, struct dv_repo **out);
bool dv_repo_is_bare(const struct dv_repo *repo);
void dv_repo_close(struct dv_repo *repo);

enum dv_init {
	DV_INIT_NEW = 0,
	DV_INIT_AGAIN,		/* it was set up already */
	DV_INIT_MENDED,		/* the same, but .gitattributes had not all */
};
/*
 * Makes the git work tree around `start` one that dv looks after: .dvconfig
 * and .dvignore at its top, lines in .gitattributes, staged in git, and the
 * store; git's local configuration knows dv's drivers.  Where it is one
 * already only the lines and the drivers are seen to.
 */
int dv_repo_init(const char *start, enum dv_init *out);

/*
 * `fn` is called before waiting for another process that holds the
 * repository's lock, once for each wait; `holder` is "<pid> <host>
 * <command>".  Without it the wait is silent.
 */
typedef void dv_waiting_cb(const char *holder, void *data);
void dv_repo_set_waiting(struct dv_repo *repo, dv_waiting_cb *fn, void *data);

const char *dv_repo_worktree(const struct dv_repo *repo);  /* absolute */
const char *dv_repo_prefix(const struct dv_repo *repo);	/* of `start`, "" at
							   the top */
const char *dv_repo_store_path(const struct dv_repo *repo);

/*
 * The commit that `rev` names, in hex; DV_E_NOTFOUND when it names none.
 * `hex` has room for DV_COMMIT_HEX digits and a 0.
 */
#define DV_COMMIT_HEX	64
int dv_repo_commit(struct dv_repo *repo, const char *rev,
		   char hex[DV_COMMIT_HEX + 1]);

/* --- git add ------------------------------------------------------------ */

/* How git add can be told of a path, relative to the work tree. */
enum dv_stage {
	DV_STAGE_PLAIN = 0,
	DV_STAGE_FORCED,	/* git ignores it: with -f alone */
	DV_STAGE_NONE,		/* not at all: it is gone, and git never knew
				   it */
};
int dv_repo_stage_way(struct dv_repo *repo, const char *path,
		      enum dv_stage *out);

/* --- settings ---------------------------------------------------------- */

/*
 * Settings have names such as core.remote, store.link or
 * remote.<name>.url.  They are looked up in this order, the first wins:
 * the environment (DV_CORE_REMOTE for core.remote; not for names in three
 * parts), `git config dv.<name>` (worktree, local, global, system), and the
 * committed .dvconfig.  dvconfig(5) lists them.
 */
enum dv_config_level {
	DV_CONFIG_ANY = 0,
	DV_CONFIG_PROJECT,	/* .dvconfig */
	DV_CONFIG_LOCAL,	/* .git/config, as dv.<name> */
	DV_CONFIG_GLOBAL,	/* ~/.gitconfig, as dv.<name> */
	DV_CONFIG_SYSTEM,	/* /etc/gitconfig, as dv.<name> */
	DV_CONFIG_ENVIRONMENT,	/* cannot be set */
};

/* The value, or NULL when unset; borrowed until the next change. */
const char *dv_config_get(struct dv_repo *repo, const char *name);
/* The value at one level only. */
const char *dv_config_get_at(struct dv_repo *repo, enum dv_config_level level,
			     const char *name);
/* DV_E_INVALID, with a hint, when dv knows no setting of this name. */
int dv_config_check(const char *name);
/* Git's boolean words; `otherwise` when unset.  1, 0 or DV_E_INVALID. */
int dv_config_bool(struct dv_repo *repo, const char *name, bool otherwise);
/* A number with k, m, g; `otherwise` when unset. */
int dv_config_size(struct dv_repo *repo, const char *name,
		   uint64_t otherwise, uint64_t *out);

/*
 * Sets, or unsets when value is NULL.  DV_E_INVALID for a name dv does not
 * know (hint: the nearest one), and for a secret in .dvconfig (hint: the
 * command that puts it where it belongs).  Unsetting what is not there is
 * DV_E_NOTFOUND.
 */
int dv_config_set(struct dv_repo *repo, enum dv_config_level level,
		  const char *name, const char *value);

typedef int dv_config_cb(enum dv_config_level level, const char *name,
			 const char *value, void *data);
/* Every setting, lowest precedence first; secrets too. */
int dv_config_each(struct dv_repo *repo, dv_config_cb *fn, void *data);

/* --- tracked paths ----------------------------------------------------- */

/* One pointer in the work tree or in a commit. */
struct dv_tracked {
	const char *path;	/* of the data, relative to the work tree:
				   the pointer's name without ".dv" */
	struct dv_pointer pointer;
	const char *inside;	/* "" or the path below a tracked directory
				   that was asked for */
	const char *commit;	/* hex id of the commit, NULL: the work tree */
};

typedef int dv_tracked_cb(const struct dv_tracked *tracked, void *data);
/* path: of the data; err: why its pointer cannot be read, with its text. */
typedef int dv_broken_cb(const char *path, int err, void *data);

/*
 * A choice among the files of what is selected.  Patterns are as in a
 * .gitignore, relative to the top of the work tree: without a slash they are
 * about names at any depth; what matches stands for all below it.
 */
struct dv_filter {
	const char *const *include;	/* none: everything */
	size_t include_count;
	const char *const *exclude;	/* these win */
	size_t exclude_count;
	uint64_t max_size;		/* bytes of a file; 0: any */
	const char *const *named;	/* files that may be larger */
	size_t named_count;
};

/*
 * What a command is about.  With no paths: everything.  A path may be a
 * tracked path, its pointer file, a path inside a tracked directory, or a
 * folder with tracked paths below it; relative to `prefix`.
 */
struct dv_selection {
	const char *const *paths;
	size_t count;
	const char *rev;	/* a commit instead of the work tree, or NULL */
	bool all_branches, all_tags, all_commits; /* besides the above */
	/*
	 * What those commits brought that can be reached from the first ones
	 * of "main", "^origin/main" and not from those with '^', nor from the
	 * branches of a git remote as they were last seen.  Commits that are
	 * not here count as none.
	 */
	const char *const *range;
	size_t range_count;
	const char *range_remote;	/* or NULL */
	/* These alone, and nothing is looked for. */
	const struct dv_tracked *given;
	size_t given_count;
	/* Fetch, checkout and list: of all this only these; NULL: all. */
	const struct dv_filter *filter;
	/*
	 * NULL: a pointer that cannot be read is the end.  Else this is asked
	 * with the failure, once each time the selection is looked at: 0 goes
	 * on without it.
	 */
	dv_broken_cb *broken;
	void *broken_data;
};

/*
 * Calls fn for each tracked path selected, sorted by path; the same pointer
 * id at the same path comes once.  A path that selects nothing:
 * DV_E_NOTFOUND naming it.  A pointer file that is none: DV_E_INVALID, unless
 * what->broken goes on.
 */
int dv_tracked_each(struct dv_repo *repo, const struct dv_selection *what,
		    dv_tracked_cb *fn, void *data);

#endif
