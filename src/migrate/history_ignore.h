#ifndef MIGRATE_HISTORY_IGNORE_H
#define MIGRATE_HISTORY_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/buf.h"
#include "base/names.h"
#include "migrate/history_texts.h"

/*
 * The .gitignore files of converted history.  A commit that brings a file
 * which becomes data, or that changes a .gitignore beside one, gets what it
 * has there itself and a line for each such file up to it: older commits
 * stay the same when newer ones come.
 */
struct ignore_dir {
	struct buf lines;
	size_t last;		/* text, counted from 1; 0: none */
};

/* What a text gets from us: the first bytes of the lines of its directory. */
struct ignore_lines {
	uint32_t dir;
	size_t len;
};

struct history_ignore {
	struct names names;	/* paths that became data */
	struct names dir_names;
	struct ignore_dir *dirs;	/* owned; as many as dir_names */
	size_t dir_room;
	struct history_texts texts;
	struct ignore_lines *lines;	/* owned; as many as texts */
	size_t line_room;
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
