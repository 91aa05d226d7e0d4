#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Paths as text.  A *relative* path here is inside some tree: no leading or
 * trailing '/', no empty, "." or ".." component; "" is the tree itself.
 */

/* Appends name to path, with a '/' between unless path is empty. */
void path_append(struct buf *path, const char *name);
/* What is `inside` of path, "" being path itself: replaces *out. */
void path_join(struct buf *out, const char *path, const char *inside);

/*
 * Where `arg`, typed in the folder `prefix` (relative, may be ""), lies in
 * the tree at `top` (absolute, no trailing '/'): a relative path in *out
 * (replaced).  "." and ".." are resolved as text; an absolute `arg` is taken
 * when it is below top, or comes to it through symbolic links.  Returns 0 or
 * DV_E_INVALID ("outside ..."; an empty `arg`).
 */
int path_inside(const char *top, const char *prefix, const char *arg,
		struct buf *out);

/*
 * Appends path with "." and ".." resolved as text.  What leads out of where a
 * relative one starts stays in front: "../x".
 */
void path_plain(const char *path, struct buf *out);

/*
 * True when name[0..len) may stand for one entry of a directory: not empty,
 * not "." or "..", no '/' and no 0 byte, not ".git" in any case.
 */
bool path_name_ok(const char *name, size_t len);

/*
 * True when every component of a relative path passes path_name_ok(); "" has
 * none.
 */
bool path_relative_ok(const char *path);

/*
 * The part of `path` below `dir` ("" when they are equal), or NULL when
 * path is not dir and not below it.  dir "" is above everything.
 */
const char *path_below(const char *path, const char *dir);

/* The last component. */
const char *path_name(const char *path);
/* Length of the part before the last '/', 0 when there is none. */
size_t path_parent_len(const char *path);

/*
 * For people: the bytes of path with control bytes, '"', '\\' and bytes that
 * are not UTF-8 escaped as git does, in double quotes, when there are any;
 * as it is otherwise.  Appended to *out.
 */
void path_quote(const char *path, struct buf *out);

/*
 * How a path below the top of the work tree is typed in the folder `prefix`
 * below it ("" is the top); an absolute one is typed as it is.  Appended to
 * *out.
 */
void path_typed(const char *prefix, const char *path, struct buf *out);

/*
 * For a command that is to be typed as it is shown: path as one word of the
 * shell, which neither dv nor git takes for an option or pathspec magic.
 * Appended to *out.
 */
void path_word(const char *path, struct buf *out);

#endif
