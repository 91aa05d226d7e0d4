#ifndef MIGRATE_HISTORY_IGNORE_H
#define MIGRATE_HISTORY_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/names.h"

/*
 * The .gitignore files of converted history.  A commit that brings a file
 * which becomes data, or that changes a .gitignore beside one, gets what it
 * has there itself and a line for each such file up to it: older commits
 * stay the same when newer ones come.
 */
struct ignore_touch {
	size_t commit;		/* number */
	const char *id;
	uint32_t dir;
	size_t len;		/* of the lines that count */
	const char *text;	/* what the commit has itself; NULL: nothing */
	size_t text_len;
	bool stays;		/* it has one, and that cannot be read */
};

struct ignore_dir {
	struct buf lines;
	size_t last;		/* touch, counted from 1; 0: none */
};

struct history_ignore {
	struct arena arena;
	struct names names;	/* paths that became data */
	struct names dir_names;
	struct ignore_dir *dirs;	/* owned; as many as dir_names */
	size_t dir_room;
	struct ignore_touch *touches;	/* owned; by commit */
	size_t count, room;
	size_t next;		/* to be written */
};

/* Commit `number`, with this id, has a file at `path` that becomes data. */
void history_ignore_data(struct history_ignore *h, size_t number,
			 const char *id, const char *path);
/* It changes or removes the file at `path`, whatever that is. */
void history_ignore_change(struct history_ignore *h, size_t number,
			   const char *id, const char *path);
/* Reads what the commits have themselves. */
int history_ignore_read(struct history_ignore *h, struct dv_repo *repo);
/* Appends the files of commit `number`; numbers only grow. */
void history_ignore_write(struct history_ignore *h, size_t number,
			  struct buf *out);
void history_ignore_release(struct history_ignore *h);

#endif
