#ifndef WORK_REREAD_H
#define WORK_REREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "chunk/stream.h"
#include "store/node.h"
#include "work/stat_index.h"

/*
 * Files whose stat data do not vouch for their content are read again.
 * Small ones wait in a batch and are hashed many at once; big ones wait for
 * reread_big(), which gives each of them all threads.
 */
struct reread_file {
	const char *path;	/* full, relative to the work tree; in arena */
	const char *below;	/* the part below the tracked path */
	struct stat st;		/* as it was before */
	int64_t read_ns;
	int64_t row;		/* its number in the index, or -1 */
	struct content old;	/* content the row had */
	struct content want;	/* content recorded */
	size_t at, len;		/* bytes in the batch */
	bool changed;		/* while it was read */
};

/* What reading it again came to. */
typedef void reread_cb(void *data, const struct reread_file *file,
		       const struct content *content);

struct reread {
	const char *store;	/* see work/linked.h */
	struct arena arena;
	struct buf bytes;
	struct chunk *chunks;		/* owned */
	struct reread_file *files;	/* owned; in the batch */
	size_t count, room, chunk_room;
	struct reread_file *big;	/* owned */
	size_t big_count, big_room;
	reread_cb *done;
	void *data;
	/* rows and directories whose times are to be refreshed */
	struct stat_change *rows, *dirs;	/* owned */
	size_t row_count, row_room, dir_count, dir_room;
};

void reread_init(struct reread *r, const char *store, reread_cb *done,
		 void *data);
void reread_release(struct reread *r);

/*
 * Takes a file of directory `fd`; file->at, len and changed are filled here,
 * both paths are copied.  May read and hash.
 */
int reread_add(struct reread *r, int fd, const struct reread_file *file);
/* Hashes what waits in the batch. */
int reread_flush(struct reread *r);
/* Reads the big ones, each with `threads` threads. */
int reread_big(struct reread *r, int top, unsigned threads);

bool content_equal(const struct content *a, const struct content *b);

#endif
