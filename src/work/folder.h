#ifndef WORK_FOLDER_H
#define WORK_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/name_sort.h"

/* What stat says of one entry of a directory, in little. */
struct disk_entry {
	const char *name;	/* good until the list is closed */
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
	const char *spill;	/* see base/name_sort.h */
};

/* The same as a struct stat, of which only these fields are set. */
void disk_entry_stat(const struct disk_entry *e, struct stat *out);

/*
 * All entries of a directory but "." and "..", in the order of raw name bytes,
 * one after the other: of a long one only a part is in memory.
 */
struct folder_list {
	const struct folder *folder;	/* borrowed */
	struct name_sort names;
	bool has_ignore;	/* a .dvignore is among them */
};

#define DV_AUTO_FOLDER_LIST	__attribute__((cleanup(folder_close)))

/* Reads the names.  `out` is to be closed after a failure, too. */
int folder_open(const struct folder *folder, struct folder_list *out);
/*
 * The next entry.  Symlinks that are not ours are not followed; what vanishes
 * meanwhile is left out.  Returns 1, 0 at the end, or an error.
 */
int folder_next(struct folder_list *l, struct disk_entry *out);
void folder_close(struct folder_list *l);

#endif
