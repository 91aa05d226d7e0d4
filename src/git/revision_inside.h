#ifndef GIT_REVISION_INSIDE_H
#define GIT_REVISION_INSIDE_H

#include "base/map.h"
#include "git/lib.h"
#include "git/private.h"
#include "git/revision.h"

/*
 * What the files of revision.h share: which commits (revision.c), what is in
 * their trees (revision_tree.c), what their pointers say (revision_read.c).
 */
struct revision {
	struct dv_repo *repo;
	git_repository *git;
	struct arena arena;
	struct names folders;	/* numbers for paths of folders */
	struct id_map trees;	/* tree: enum tree_state */
	struct id_map places;	/* tree and number of its folder: seen */
	struct id_map found;	/* blob and number of its path: seen */
	struct id_map commits;	/* seen */
	struct names paths;	/* of data */
	struct names shallow;	/* commits (20 bytes) without parents here */
	struct buf path;	/* where the walk is */
	const char *commit;	/* hex, of the walk */
	size_t count;		/* of pointers */
	revision_cb *fn;
	void *data;
};

#define PATH_MOST	4096	/* bytes of the path of a pointer */

/* Has libgit2 ready, at the first call. */
int revision_start(struct revision *r);

/* A git id and a number as the key of a map. */
struct dv_id revision_key(const git_oid *id, uint32_t number);

/* --- revision_tree.c ----------------------------------------------------- */

/* Reports the pointers of a commit's tree that were not reported yet. */
int revision_walk(struct revision *r, const git_oid *tree,
		  const git_oid *commit);
/* The same for the blob at r->path. */
int revision_report(struct revision *r, const git_oid *blob);

#endif
