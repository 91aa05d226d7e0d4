#ifndef WORK_INDEX_PATCH_H
#define WORK_INDEX_PATCH_H

#include <stddef.h>
#include <stdint.h>

#include "work/stat_index.h"

/*
 * A new stat index out of an old one: some parts are written anew, the rows
 * of all the rest are taken over.
 */
struct index_part {
	const char *path;	/* relative to the tracked path */
	uint8_t type;		/* enum entry_type; 0: nothing is there now */
	/*
	 * ENTRY_DIR: adds the directory itself (path as above) and all below,
	 * parents first.  Else: adds the one row, to directory `dir`.
	 */
	void (*write)(struct stat_writer *w, uint32_t dir,
		      const struct index_part *part);
	void *data;
};

/*
 * Adds all of it to w.  Parts are sorted by path_order() and not inside
 * each other.  `old` may be empty.
 */
void index_patch(const struct stat_index *old, const struct index_part *parts,
		 size_t count, struct stat_writer *w);

#endif
