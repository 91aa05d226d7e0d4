#ifndef REMOTE_DIR_H
#define REMOTE_DIR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "remote/kind.h"

/*
 * A folder as a remote: a disk, a mounted share.  Files are written below
 * tmp/ inside it and renamed, so that what has a name is whole (dir_put.c).
 */
struct dir {
	char *root;		/* owned; absolute */
	_Atomic bool ready;	/* root and tmp/ are known to be there */
};

/* Bytes read or written at once. */
#define DIR_BLOCK	((size_t)1 << 20)

/* The file of an object, or the folder itself with "", appended to *out. */
void dir_path(const struct remote *r, const char *name, struct buf *out);
/* errno as a failure of `what`, with what can be done about it. */
int dir_fail(const struct remote *r, const char *name, const char *what);
/* The folder that has this one; owned by the caller. */
char *dir_parent_of(const char *path);
/*
 * The folder itself may be made, the one above it never: when that is not
 * there, a disk is most likely not mounted.
 */
int dir_check_parent(const struct remote *r);

/* --- dir_put.c ----------------------------------------------------------- */

int dir_put(struct remote *r, const char *name,
	    const struct remote_source *source,
	    void (*sent)(void *data, int64_t bytes), void *data);

/* --- dir_files.c --------------------------------------------------------- */

/* Names the version of a file by its stat data. */
void dir_version(const struct stat *st, char out[160]);
int dir_list_files(struct remote *r, remote_file_cb *fn, void *data);

#endif
