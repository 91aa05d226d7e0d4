#include "base/spill.h"

#include <fcntl.h>
#include <stdalign.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"

/* Bytes that the file grows by. */
#define PIECE	((size_t)4 << 20)

/* A part of the file, mapped for as long as there is a spill. */
struct spill_piece {
	char *data;
	size_t used, len;
};

void spill_init(struct spill *s, const char *dir, size_t free)
{
	*s = (struct spill){ .dir = dir, .free = free, .fd = -1 };
	pthread_mutex_init(&s->mutex, NULL);
}

void spill_release(struct spill *s)
{
	for (size_t i = 0; i < s->count; i++)
		munmap(s->pieces[i].data, s->pieces[i].len);
	free(s->pieces);
	if (s->fd >= 0)
		close(s->fd);
	pthread_mutex_destroy(&s->mutex);
}

static void rest(const struct spill_piece *p)
{
	/* the file has it; next time it is mapped from there */
	madvise(p->data, p->len, MADV_DONTNEED);
}

/*
 * Blocks are reserved, or writing to the map would be a SIGBUS on a full disk.
 * With s->mutex held.
 */
static struct spill_piece *add_piece(struct spill *s, size_t len)
{
	struct spill_piece *p;
	void *data;

	len = (len + PIECE - 1) / PIECE * PIECE;
	if (s->dir && s->fd < 0)
		s->fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0 || fallocate(s->fd, 0, (off_t)s->end, (off_t)len))
		return NULL;
	data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		    (off_t)s->end);
	if (data == MAP_FAILED)
		return NULL;
	s->end += len;
	/* those that blocks still being filled may lie in */
	for (size_t i = s->count > 2 ? s->count - 2 : 0; i < s->count; i++)
		rest(&s->pieces[i]);
	ARRAY_GROW(s->pieces, s->count + 1, s->room);
	p = &s->pieces[s->count++];
	*p = (struct spill_piece){ data, 0, len };
	return p;
}

void *spill_take(struct spill *s, size_t len)
{
	const size_t align = alignof(max_align_t);
	struct spill_piece *p;
	void *data = NULL;

	if (len > SIZE_MAX - PIECE)
		return NULL;
	len = (len + align - 1) / align * align;
	pthread_mutex_lock(&s->mutex);
	if (len <= s->free) {
		s->free -= len;
	} else {
		p = s->count ? &s->pieces[s->count - 1] : NULL;
		if (!p || p->len - p->used < len)
			p = add_piece(s, len);
		if (p) {
			data = p->data + p->used;
			p->used += len;
		}
	}
	pthread_mutex_unlock(&s->mutex);
	return data;
}

void spill_rest(struct spill *s)
{
	pthread_mutex_lock(&s->mutex);
	for (size_t i = 0; i < s->count; i++)
		rest(&s->pieces[i]);
	pthread_mutex_unlock(&s->mutex);
}
