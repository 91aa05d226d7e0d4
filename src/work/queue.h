#ifndef WORK_QUEUE_H
#define WORK_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Work that makes more work, shared by a crew: the last thing put in is
 * the first taken out, so that a tree is walked depth first and little waits.
 */
struct work_queue {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	void **items;		/* owned; what they point at is not */
	size_t count, room;
	unsigned busy;		/* workers that may still put something in */
	bool stopped;
};

void work_queue_init(struct work_queue *q);
void work_queue_release(struct work_queue *q);
void work_queue_put(struct work_queue *q, void *item);
/*
 * The next item, waiting while other workers may still bring one; NULL when
 * all is done or the queue was stopped.  Each item taken must be followed by
 * work_queue_done().
 */
void *work_queue_take(struct work_queue *q);
void work_queue_done(struct work_queue *q);
/* No more is given out: for a worker that fails. */
void work_queue_stop(struct work_queue *q);

#endif
