#ifndef WORK_BELOW_H
#define WORK_BELOW_H

#include <stddef.h>

/*
 * Opens the directory at a relative path ("" itself) below the directory
 * `top`, for reading and *at() calls.  No component may be a symlink, so what
 * is opened is where it says; a path may be longer than PATH_MAX.  Returns an
 * fd, or -1 with errno: ENOENT; ELOOP or ENOTDIR when a symlink or something
 * else that is no directory is in its place.
 */
int open_below(int top, const char *path);

/*
 * Makes the directory that is the first `len` bytes of `path`, and those
 * above it, where they are not there.
 */
int make_below(int top, const char *path, size_t len);

#endif
