#ifndef BASE_CLONE_H
#define BASE_CLONE_H

#include <stdint.h>

/*
 * Sharing blocks between files (FICLONE), and copying where the file system
 * cannot.  Other systems get clone_other.c, which always says no.
 */

/*
 * Makes the empty file `to` share all blocks of `from`.
 * Returns 0; DV_E_UNSUPPORTED when this file system or pair cannot, or not now:
 * XFS says ENOSPC when the group of blocks that `from` lies in is full, however
 * much room there is in others.  Copying tells whether the disk is full.  Or
 * DV_E_IO.  After a failure `to` may have some of it.
 */
int clone_fd(int from, int to);

/*
 * Makes len bytes of `to` at to_at share the blocks that hold those of `from`
 * at from_at; all three are multiples of the file system's block.  As
 * clone_fd().
 */
int clone_range(int from, uint64_t from_at, uint64_t len, int to,
		uint64_t to_at);

/* Copies len bytes from the start of `from` to `to` inside the kernel. */
int clone_copy(int from, int to, uint64_t len, const char *name);

#endif
