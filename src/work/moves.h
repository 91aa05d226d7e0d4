#ifndef WORK_MOVES_H
#define WORK_MOVES_H

#include <stdbool.h>

#include "dv/pointer.h"

#include "git/repo.h"

/*
 * `git mv d.dv e.dv` leaves the data at d.  A stat index tells what was put
 * there, and by its pointer's id whose it is now.
 */
struct moves {
	struct dv_repo *repo;	/* borrowed */
	int top;		/* fd of the work tree, borrowed */
	bool loaded;
	struct path_list forsaken;	/* once tracked, no pointer any more */
	struct dv_id *pointers;		/* owned; of what was put at each, zeros
					   when that is not one version */
	struct path_list ignores;	/* .gitignore files that were changed */
};

#define DV_AUTO_MOVES	__attribute__((cleanup(moves_release)))
void moves_release(struct moves *m);

/*
 * Renames the data of `pointer` to path, if nothing is there, nothing ever
 * was, and it, or the part of it that is here, lies at a path that has lost its
 * pointer.
 */
int moves_follow(struct moves *m, const char *path,
		 const struct dv_pointer *pointer, bool *moved);
/* With core.autostage: git add of the .gitignore files. */
int moves_stage(struct moves *m);

/*
 * Paths with a stat index that are not tracked any more, but for those in what
 * is another repository by now, or beyond a symbolic link.  Sorted.
 */
int moves_forsaken(struct dv_repo *repo, struct path_list *out);

#endif
