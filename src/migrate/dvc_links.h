#ifndef MIGRATE_DVC_LINKS_H
#define MIGRATE_DVC_LINKS_H

#include <stdbool.h>

/*
 * Is the data at `path` symbolic links into a cache of DVC's, as its
 * cache.type = symlink makes them?  Of a directory the first file tells.
 */
bool dvc_is_linked(const char *path);

#endif
