#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Shared by all empty buffers, therefore never written to. */
char buf_empty[1];

void buf_reserve(struct buf *b, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(b->len, more, &need) ||
	    __builtin_add_overflow(need, 1, &need))
		need = SIZE_MAX;	/* array_grow() will not have it */
	if (need <= b->room)
		return;
	b->data = array_grow(b->room ? b->data : NULL, need, &b->room, 1);
	b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return;
	buf_reserve(b, len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_addstr(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_addch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	buf_reserve(b, 64);
	n = vsnprintf(b->data + b->len, b->room - b->len, fmt, ap);
	assert(n >= 0);
	if ((size_t)n >= b->room - b->len) {
		buf_reserve(b, n);
		vsnprintf(b->data + b->len, b->room - b->len, fmt, again);
	}
	va_end(again);
	b->len += n;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void buf_setlen(struct buf *b, size_t len)
{
	if (!b->room) {
		assert(!len);
		return;
	}
	assert(len < b->room);
	b->len = len;
	b->data[len] = '\0';
}

char *buf_detach(struct buf *b)
{
	char *data = b->room ? b->data : xcalloc(1, 1);

	*b = (struct buf)BUF_INIT;
	return data;
}

void buf_release(struct buf *b)
{
	if (b->room)
		free(b->data);
	*b = (struct buf)BUF_INIT;
}
