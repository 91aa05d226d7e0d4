#ifndef GIT_FILES_H
#define GIT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/repo.h"

#include "base/arena.h"

/*
 * The files that git keeps itself, a folder at a time: those of a commit, or
 * those of the index as they lie in the work tree.
 */
enum git_file_type {
	GIT_FILE_PLAIN = 1,
	GIT_FILE_SYMLINK,
	GIT_FILE_FOLDER,
	GIT_FILE_SUBMODULE,
};

struct git_file {
	const char *name;	/* 0-terminated */
	enum git_file_type type;
	bool executable;
	bool sized;		/* size is known; of a blob that a partial
				   clone has not fetched it is not */
	uint64_t size;
	const char *target;	/* of a symbolic link, if it is known */
};

struct git_files;

/* rev NULL: the index.  DV_E_NOTFOUND when rev is no commit. */
int git_files_open(struct dv_repo *repo, const char *rev,
		   struct git_files **out);
void git_files_close(struct git_files *f);

/*
 * The entries of the folder at a relative path ("": the top), in no order
 * that is promised; what cannot be the name of a file is left out.  All of it
 * is the arena's.  DV_E_NOTFOUND when there is no such folder.
 */
int git_files_folder(struct git_files *f, const char *path,
		     struct arena *arena, struct git_file **items,
		     size_t *count);
/* The one at a path that is not "".  DV_E_NOTFOUND. */
int git_files_find(struct git_files *f, const char *path,
		   struct arena *arena, struct git_file *out);

#endif
