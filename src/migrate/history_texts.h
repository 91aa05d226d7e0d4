#ifndef MIGRATE_HISTORY_TEXTS_H
#define MIGRATE_HISTORY_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/arena.h"

/*
 * Small files of git's own, such as .gitignore, that commits of converted
 * history get from us: what each commit has there itself, to be added to.
 */
struct history_text {
	size_t commit;		/* number */
	const char *path;
	const char *name;	/* of what the commit has there, for
				   blobs_read(); NULL: nothing */
	const char *text;	/* of that; NULL: nothing, or not to be had */
	size_t len;
	bool stays;		/* it is there, and we leave it alone */
};

struct history_texts {
	struct arena arena;
	struct history_text *items;	/* owned; by commit */
	size_t count, room;
	size_t next;		/* to be written */
};

/* One more, with `path` borrowed; numbers of commits only grow. */
struct history_text *history_texts_add(struct history_texts *t, size_t commit,
				       const char *path);
/* Reads what has a name.  Of more than `most` bytes, or no file: it stays. */
int history_texts_read(struct history_texts *t, struct dv_repo *repo,
		       size_t most);
/* The next one of commit `number`, or NULL; numbers only grow. */
const struct history_text *history_texts_next(struct history_texts *t,
					      size_t number);
void history_texts_release(struct history_texts *t);

#endif
