#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Memory for much that is looked at in order and seldom, such as a name for
 * each of a million files.  The first bytes are for malloc(); what is more
 * lies in a mapped file without a name, so that the kernel can have it back: at
 * once by spill_rest(), or when it needs memory.  May be used by several
 * threads at once, but for init and release.
 */
struct spill {
	const char *dir;	/* borrowed; NULL: no file */
	pthread_mutex_t mutex;	/* guards what follows */
	size_t free;		/* bytes still to come from malloc() */
	int fd;			/* -1: no file yet */
	uint64_t end;		/* of the file */
	struct spill_piece *pieces;	/* owned; of the file */
	size_t count, room;
};

/*
 * The file goes to `dir`, once there is more than `free` bytes; where it cannot
 * be made, all stays in memory.
 */
void spill_init(struct spill *s, const char *dir, size_t free);
/*
 * `len` bytes, aligned for any type, until spill_release(); NULL: to be had
 * from malloc().
 */
void *spill_take(struct spill *s, size_t len);
/* None of it will be looked at in the next moment. */
void spill_rest(struct spill *s);
void spill_release(struct spill *s);

#endif
