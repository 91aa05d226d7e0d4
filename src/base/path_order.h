#ifndef BASE_PATH_ORDER_H
#define BASE_PATH_ORDER_H

#include <stdint.h>

/*
 * Paths that are relative to the same tree, in the order in which a walk of
 * the tree meets them: by components, so that what is below a directory
 * follows it at once.
 */

/* Less than, equal to or more than 0. */
int path_order(const char *a, const char *b);

/*
 * The component of `path` that follows the directory `dir`, which is above
 * it: its length in *len.
 */
const char *path_step(const char *path, const char *dir, unsigned *len);

#endif
