#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A growing run of bytes.  data[len] is always 0, so text can be read as a
 * C string; data is never NULL.  A buffer on the stack lets go of its
 * memory by itself:
 *
 *	DV_AUTO_BUF struct buf path = BUF_INIT;
 */
struct buf {
	char *data;	/* owned once room is not 0 */
	size_t len;	/* bytes in use, without the final 0 */
	size_t room;	/* bytes allocated */
};

extern char buf_empty[1];

#define BUF_INIT	{ buf_empty, 0, 0 }
#define DV_AUTO_BUF	__attribute__((cleanup(buf_release)))

/* Makes data[len .. len+more) writable.  Aborts when memory is out. */
void buf_reserve(struct buf *b, size_t more);

/* Appends. */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_addstr(struct buf *b, const char *text);
void buf_addch(struct buf *b, char c);
__attribute__((format(printf, 2, 3)))
void buf_addf(struct buf *b, const char *fmt, ...);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);

/*
 * Sets the length: cuts, or takes in bytes that were written into what
 * buf_reserve() gave; len must not be more than that.
 */
void buf_setlen(struct buf *b, size_t len);
static inline void buf_clear(struct buf *b) { buf_setlen(b, 0); }

/* Hands the bytes over: free() them.  The buffer is empty again. */
char *buf_detach(struct buf *b);

/* Frees the bytes; the buffer is empty and can be used again. */
void buf_release(struct buf *b);

#endif
