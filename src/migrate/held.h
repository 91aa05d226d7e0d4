#ifndef MIGRATE_HELD_H
#define MIGRATE_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "remote/remote.h"

/*
 * Bytes that were found somewhere: few of them in memory, more in an open
 * file.  What they are has not been checked.
 */
#define HELD_MEMORY	((size_t)1 << 20)	/* bytes kept in memory */

struct held {
	struct buf memory;
	int fd;			/* -1: in memory */
	uint64_t size;
	bool old;		/* found where DVC 2 keeps it: its name may be
				   by the old rule */
	char *where;		/* owned; for messages */
};

#define HELD_INIT	{ BUF_INIT, -1, 0, false, NULL }
#define DV_AUTO_HELD	__attribute__((cleanup(held_release)))

/* Takes over fd, a file open for reading, which is closed on failure too. */
int held_file(struct held *h, int fd, const char *where);
/* The same by path.  DV_E_NOTFOUND when there is no plain file. */
int held_path(struct held *h, const char *path);
/*
 * Receives a whole object; what is too much for memory goes to an unnamed
 * file in `temp_dir`.
 */
int held_receive(struct held *h, const char *temp_dir,
		 int (*get)(void *data, const struct remote_sink *sink),
		 void *data);
/* Appends all of it to *out; more than `limit` bytes are DV_E_INVALID. */
int held_read(const struct held *h, uint64_t limit, struct buf *out);
void held_release(struct held *h);

#endif
