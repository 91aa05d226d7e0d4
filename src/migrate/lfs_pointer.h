#ifndef MIGRATE_LFS_POINTER_H
#define MIGRATE_LFS_POINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "migrate/object_name.h"

/* What git has in place of a file that git-lfs keeps. */
#define LFS_POINTER_MOST	1024	/* bytes */

struct lfs_pointer {
	struct object_name name;
	uint64_t size;
	bool extended;	/* other programs have changed what is stored */
};

/* False when the text is no pointer. */
bool lfs_pointer_read(const char *text, size_t len, struct lfs_pointer *out);

#endif
