#ifndef WORK_BELOW_H
#define WORK_BELOW_H

/*
 * Opens the directory at a relative path ("" itself) below the directory
 * `top`, for reading and *at() calls.  No component may be a symlink, so what
 * is opened is where it says; a path may be longer than PATH_MAX.  Returns an
 * fd, or -1 with errno: ENOENT; ELOOP or ENOTDIR when a symlink or something
 * else that is no directory is in its place.
 */
int open_below(int top, const char *path);

#endif
