#include <stdlib.h>

#include "base/array.h"
#include "work/queue.h"

void work_queue_init(struct work_queue *q)
{
	*q = (struct work_queue){ .busy = 0 };
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->moved, NULL);
}

void work_queue_release(struct work_queue *q)
{
	pthread_mutex_destroy(&q->mutex);
	pthread_cond_destroy(&q->moved);
	free(q->items);
	q->items = NULL;
	q->count = q->room = 0;
}

void work_queue_put(struct work_queue *q, void *item)
{
	pthread_mutex_lock(&q->mutex);
	ARRAY_GROW(q->items, q->count + 1, q->room);
	q->items[q->count++] = item;
	pthread_cond_signal(&q->moved);
	pthread_mutex_unlock(&q->mutex);
}

void *work_queue_take(struct work_queue *q)
{
	void *item = NULL;

	pthread_mutex_lock(&q->mutex);
	while (!q->stopped && !q->count && q->busy)
		pthread_cond_wait(&q->moved, &q->mutex);
	if (!q->stopped && q->count) {
		item = q->items[--q->count];
		q->busy++;
	}
	pthread_mutex_unlock(&q->mutex);
	return item;
}

void work_queue_done(struct work_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	if (!--q->busy)
		pthread_cond_broadcast(&q->moved);
	pthread_mutex_unlock(&q->mutex);
}

void work_queue_stop(struct work_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	q->stopped = true;
	pthread_cond_broadcast(&q->moved);
	pthread_mutex_unlock(&q->mutex);
}
