#ifndef SOURCE_CLONE_H
#define SOURCE_CLONE_H

#include <stdbool.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "base/lock.h"

/*
 * Another git repository, as much of it as is needed: the commit asked for,
 * without history, without files longer than a pointer can be (git gets those
 * when they are wanted).  It is kept (kept.h), so that later commands go on
 * from there.
 */
#define COMMIT_SIZE	41	/* 40 hex digits and a 0 */
#define COMMIT_LEAST	7	/* digits of one that is cut short */

struct clone {
	char *url;		/* owned */
	char *dir;		/* owned */
	char commit[COMMIT_SIZE];
	struct lock use;	/* until it is closed: see kept.h */
	struct dv_repo *repo;	/* owned; NULL: no .dvconfig in the commit */
	bool stranger;
	bool dvc;		/* DVC looks after it */
};

struct clone_options {
	const char *url;
	const char *rev;	/* NULL: HEAD */
	const char *store_path;	/* where data goes */
	const char *dir;	/* of the clone; NULL: below the store */
	bool stranger;		/* the URL is from a pointer: see stranger.h;
				   only transports that git always allows */
	struct dv_repo *repo;	/* whose pointer it is, or who asks: the
				   user's settings say what a stranger may;
				   NULL: there are none */
};

#define DV_AUTO_CLONE __attribute__((cleanup(clone_close)))

/*
 * DV_E_INVALID for a URL or rev that cannot be one; DV_E_NOTFOUND for a rev
 * that is not there; DV_E_NETWORK when git fails (it has said why).
 */
int clone_open(const struct clone_options *o, struct clone **out);
void clone_close(struct clone **c);

/* Runs git in it; see foreign_git(). */
int clone_git(const struct clone *c, const char *const args[],
	      struct buf *out);

/*
 * The URL as it is kept: a path on this machine becomes absolute.
 * DV_E_INVALID for what git would take for an option, control characters, or
 * a password in it.
 */
int clone_url(const char *typed, struct buf *out);

/* What `path` is in the commit. */
enum clone_entry { CLONE_NOTHING = 0, CLONE_BLOB, CLONE_FOLDER, CLONE_OTHER };
int clone_look(const struct clone *c, const char *path,
	       enum clone_entry *out);

#endif
