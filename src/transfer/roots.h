#ifndef TRANSFER_ROOTS_H
#define TRANSFER_ROOTS_H

#include <stddef.h>

#include "dv/repo.h"

#include "base/arena.h"

/* A pointer that says where its data came from. */
struct root_source {
	const char *path;	/* of the data, relative to the work tree */
	const char *commit;	/* NULL: the work tree */
	const char *rest;	/* its further lines */
	struct root_source *next;
};

#define SOURCES_MAX	16	/* of one root; more are of no use */

struct root_sources {
	struct root_source *first, **end;
	size_t count;
};

/* What a command is about: pointers, and the part below each. */
struct root {
	const char *path;	/* of the data, relative to the work tree */
	const char *inside;	/* "" or the path below it */
	const char *commit;	/* NULL: the work tree */
	struct dv_id id;
	enum dv_kind kind;
	uint64_t size, files;
	struct root_sources *sources;	/* the parts of one root have the
					   same; never NULL */
	bool awaited;		/* not taken yet: pointer_is_awaited() */
};

struct roots {
	struct root *items;	/* owned */
	size_t count, room;
	struct arena arena;	/* of the texts */
};

#define ROOTS_INIT	{ NULL, 0, 0, ARENA_INIT }
#define DV_AUTO_ROOTS	__attribute__((cleanup(roots_release)))

enum roots_flags {
	ROOTS_WHOLE = 1,	/* parts below do not matter: inside is "" */
	ROOTS_OWN = 2,		/* not what its source has */
	ROOTS_KNOWN = 4,	/* not what was never downloaded */
};

/*
 * All that `what` selects; the same root (and part) comes once, with the
 * first path it has.
 */
int roots_gather(struct dv_repo *repo, const struct dv_selection *what,
		 enum roots_flags flags, struct roots *out);

/*
 * Other roots that git has for the path of each of these, HEAD's first; at
 * most `max` for each.  out[i] is for of->items[i].  None is no error.
 */
int roots_before(struct dv_repo *repo, const struct roots *of, size_t max,
		 struct roots *out);
void roots_release(struct roots *r);

#endif
