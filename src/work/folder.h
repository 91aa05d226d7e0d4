#ifndef WORK_FOLDER_H
#define WORK_FOLDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"

/* What stat says of one entry of a directory, in little. */
struct disk_entry {
	const char *name;	/* in the arena */
	uint32_t mode;
	int64_t mtime_ns, ctime_ns;
	uint64_t inode, size;
};

/* The same as a struct stat, of which only these fields are set. */
void disk_entry_stat(const struct disk_entry *e, struct stat *out);

/*
 * All entries of the directory open at `fd` but "." and "..", sorted by raw
 * name bytes; symlinks are not followed.  Those that vanish meanwhile are left
 * out.  `path` is for messages.
 */
int folder_list(int fd, const char *path, struct arena *arena,
		struct disk_entry **entries, size_t *count);

/* The entry of this name, or NULL. */
const struct disk_entry *folder_find(const struct disk_entry *entries,
				     size_t count, const char *name);

#endif
