#ifndef BASE_NAME_SORT_H
#define BASE_NAME_SORT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/spill.h"

/*
 * Names in the order of their bytes, however many there are: what is more than
 * a MiB is sorted and put by, in a file without a name (base/spill.h), and in
 * the end such runs are merged.  In memory are a run and the pages that the
 * merge is at.
 */
struct name_sort {
	struct spill spill;	/* of the runs */
	struct arena arena;	/* of the names that come now */
	const char **names;	/* owned */
	size_t name_count, name_room, bytes;
	struct name_run *runs;	/* owned; once merged, a heap by name, and
				   behind it those that were passed */
	size_t run_count, run_room;
	size_t heap;		/* runs in it */
	size_t count, passed;	/* names: all, and those told */
};

#define DV_AUTO_NAME_SORT	__attribute__((cleanup(name_sort_release)))

/* The file goes to `dir`; NULL, or it cannot be made: all is in memory. */
void name_sort_init(struct name_sort *s, const char *dir);
/* Not after the first name_sort_next(). */
void name_sort_add(struct name_sort *s, const char *name);
/*
 * The next name, NULL at the end; equal ones come as often as they were added.
 * Good until release.
 */
const char *name_sort_next(struct name_sort *s);
void name_sort_release(struct name_sort *s);

#endif
