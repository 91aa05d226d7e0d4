#ifndef GIT_INDEX_FILE_H
#define GIT_INDEX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"
#include "git/sha1.h"

struct dv_repo;

/*
 * Git's index, versions 2 to 4, read in place by plain code: names only, and
 * for those that end in ".dv" what git knows of them.  What this cannot do
 * (a split or a sparse index, a format yet to come) is asked of git.
 */
struct index_pointer {
	const char *path;
	uint32_t mode;
	unsigned stage;		/* 0, or 1 to 3 in a conflict */
	bool here;		/* meant for the work tree: a sparse one has
				   not all */
	uint8_t id[SHA1_SIZE];
};

struct index_names {
	struct arena arena;
	struct filemap map;
	struct index_pointer *pointers;	/* owned; by path, then stage */
	size_t count, room;
	bool all;			/* these too: */
	const char **paths;		/* owned; by path */
	size_t path_count, path_room;
};

/*
 * The index, read at the first call; with `all` every name in it.  Borrowed
 * until index_names_forget().
 */
int index_names_get(struct dv_repo *repo, bool all,
		    const struct index_names **out);
/* It has changed. */
void index_names_forget(struct dv_repo *repo);
void index_names_free(struct index_names *n);

/* With `all`: number of the first path that is not before `name`. */
size_t index_names_lower(const struct index_names *n, const char *name);

/* The pointers of this path: their number, the first one in *out. */
size_t index_pointers_of(const struct index_names *n, const char *path,
			 const struct index_pointer **out);

#endif
