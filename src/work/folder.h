#ifndef WORK_FOLDER_H
#define WORK_FOLDER_H

#include <stdbool.h>
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
	bool link;		/* ours: all this is of the store's file */
};

/* A directory to be listed. */
struct folder {
	int fd;
	const char *path;	/* for messages */
	const char *store;	/* see work/linked.h */
};

/* The same as a struct stat, of which only these fields are set. */
void disk_entry_stat(const struct disk_entry *e, struct stat *out);

/*
 * All entries of the directory but "." and "..", sorted by raw name bytes;
 * symlinks that are not ours are not followed.  Those that vanish meanwhile are
 * left out.
 */
int folder_list(const struct folder *folder, struct arena *arena,
		struct disk_entry **entries, size_t *count);

/* The entry of this name, or NULL. */
const struct disk_entry *folder_find(const struct disk_entry *entries,
				     size_t count, const char *name);

#endif
