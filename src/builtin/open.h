#ifndef BUILTIN_OPEN_H
#define BUILTIN_OPEN_H

#include "dv/repo.h"
#include "dv/source.h"

#include "base/buf.h"
#include "base/names.h"

/*
 * Opens the repository around the current folder and applies what concerns
 * every command (core.hints).  Returns 0 or an error for report().
 */
int open_repo(struct dv_repo **out);
/* The same; a bare one will do, for commands that need no work tree. */
int open_any_repo(struct dv_repo **out);
/* The same, also where dv is not set up. */
int open_repo_unset(struct dv_repo **out);

/* Of either kind; without one around, *out is NULL, which is no failure. */
int open_repo_if_any(struct dv_repo **out);

/*
 * What a command looks at: the repository around, as it is or as `rev`
 * records it, or one commit of another one.
 */
struct looked_at {
	struct dv_repo *repo;	/* borrowed from one of the others */
	const char *rev;	/* NULL: the work tree; HEAD where there is
				   none */
	struct dv_repo *around;	/* owned; NULL: none */
	struct dv_source *elsewhere;	/* owned; NULL: it is not elsewhere */
};

#define DV_AUTO_LOOKED_AT __attribute__((cleanup(close_looked_at)))
/* url NULL: the one around. */
int open_looked_at(const char *url, const char *rev, struct looked_at *out);
void close_looked_at(struct looked_at *l);

/*
 * Sets *threads from core.jobs unless -j did.  Returns 0 or an error for
 * report().
 */
int open_threads(struct dv_repo *repo, unsigned *threads);

#define DV_AUTO_REPO __attribute__((cleanup(close_repo)))
void close_repo(struct dv_repo **repo);

/*
 * How a path below the top of the work tree is typed in the current folder,
 * with quotes and escapes where they are needed.  Appended to *out.
 */
void shown_path(const struct dv_repo *repo, const char *path,
		struct buf *out);

/* The same without quotes, for -z. */
void typed_path(const struct dv_repo *repo, const char *path,
		struct buf *out);

/* The same as a word of the shell, for hints. */
void typed_word(const struct dv_repo *repo, const char *path,
		struct buf *out);

/* Adds a path to those a hint is to name, unless it is one of them. */
void hint_path(const char *path, struct names *paths);
/*
 * Hints at git add of the paths gathered so, unless core.autostage has done
 * it.  Returns 0 or an error for report().
 */
int hint_stage(struct dv_repo *repo, const struct names *paths);
/*
 * The same after err, 0 or a failure, which is returned: where one path failed,
 * what was written for others is to be added all the same.
 */
int hint_stage_after(struct dv_repo *repo, const struct names *paths, int err);

#endif
