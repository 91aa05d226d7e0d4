#ifndef WORK_LINKED_H
#define WORK_LINKED_H

#include <stdbool.h>
#include <sys/stat.h>

#include "dv/id.h"

/*
 * Symbolic links of the work tree that dv has made (store.link = symlink).
 * One whose text is the path of a loose file of our own store, which is there,
 * stands for that file: whatever looks at files of the work tree sees the
 * file of the store instead.  Any other symbolic link is one, and is never
 * followed.
 *
 * Only the text decides, and what is opened is made of the id in it, so nobody
 * can lead us anywhere else.  `store` is repo_store_real(); NULL: none is seen
 * through.
 */

/*
 * As fstatat() without following; of one of our links, the store's file.
 * *link (may be NULL): it is one.  0, or -1 with errno.
 */
int linked_stat(const char *store, int dir_fd, const char *name,
		struct stat *st, bool *link);

/*
 * Opens a file for reading, O_NONBLOCK, as itself or by one of our links.  An
 * fd, or -1 with errno: ELOOP for any other symbolic link.
 */
int linked_open(const char *store, int dir_fd, const char *name);

/*
 * True when a symbolic link has the text of one of ours, though maybe of
 * another store, or to a file that is gone.  *id: of the loose file.
 */
bool linked_name(int dir_fd, const char *name, struct dv_id *id);

/*
 * DV_E_CORRUPT where recording such a link as it stands would lose the file
 * that it stood for: when it is one of our own store, or leads nowhere.  `path`
 * is for the message.  Else 0.
 */
int linked_refuse(const char *store, int dir_fd, const char *path);

#endif
