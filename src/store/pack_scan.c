/* Reading a pack without its index: frame by frame, from the front. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/crew.h"
#include "base/error.h"
#include "chunk/compress.h"
#include "chunk/sha256.h"
#include "store/pack_index.h"
#include "store/pack_write.h"

/* A frame and as much again, so that few reads are for little. */
#define WINDOW	((size_t)2 * (FRAME_MAX + FRAME_HEADER_SIZE + \
			      FRAME_COUNT_MAX * 4))

struct scan {
	const char *path;
	int fd;
	uint64_t size;		/* of the file */
	uint64_t at;		/* looking at this offset */
	uint8_t *window;	/* owned: bytes [start, start + len) */
	uint64_t start;
	size_t len;
	struct compressor *compressor;
	uint8_t *raw;		/* owned: FRAME_MAX bytes */
	struct object *objects;	/* owned: FRAME_COUNT_MAX */
	struct sha256_job *jobs;	/* owned, likewise */
	uint32_t first;		/* objects so far */
};

/* The next `want` bytes at s->at, fewer at the end of the file. */
static int look(struct scan *s, size_t want, const uint8_t **bytes,
		size_t *got)
{
	uint64_t left = s->size - s->at;
	int err = 0;

	if (want > left)
		want = left;
	if (s->at < s->start || s->at + want > s->start + s->len) {
		s->start = s->at;
		s->len = left < WINDOW ? left : WINDOW;
		err = file_pread_all(s->fd, s->window, s->len, s->start,
				     s->path);
		if (err)
			s->len = 0;
	}
	*bytes = s->window + (s->at - s->start);
	*got = want;
	return err;
}

/*
 * The bytes of the frame, undone, cut into objects.  False: they are not
 * what the header says.
 */
static bool undo(struct scan *s, const struct frame_header *h,
		 const uint8_t *lens, const uint8_t *stored)
{
	const uint8_t *raw = stored;

	if (h->codec != CODEC_RAW) {
		if (decompress(s->compressor, h->codec, h->filter, stored,
			       h->stored, s->raw, h->raw))
			return false;
		raw = s->raw;
	}
	for (uint32_t i = 0; i < h->count; i++) {
		struct object *o = &s->objects[i];

		o->data = raw;
		o->len = load_u32(lens + (size_t)i * 4);
		raw += o->len;
		s->jobs[i] = (struct sha256_job){ o->data, o->len, &o->id };
	}
	sha256_many(s->jobs, h->count);
	return true;
}

/* A whole frame at s->at?  *len: its bytes, 0 when there is none. */
static int frame_here(struct scan *s, struct frame_info *info, size_t *len)
{
	const uint8_t *bytes;
	struct frame_header h;
	size_t got, head, all;
	int err = look(s, FRAME_HEADER_SIZE, &bytes, &got);

	*len = 0;
	if (err || got < FRAME_HEADER_SIZE || !frame_header_decode(bytes, &h))
		return err;
	head = frame_head_size(h.count);
	all = head + h.stored;
	err = look(s, all, &bytes, &got);
	if (err || got < all ||
	    !frame_check(&h, bytes, bytes + FRAME_HEADER_SIZE, bytes + head) ||
	    !undo(s, &h, bytes + FRAME_HEADER_SIZE, bytes + head))
		return err;
	*info = (struct frame_info){
		.offset = s->at + head, .stored = h.stored, .raw = h.raw,
		.first = s->first, .count = h.count, .codec = h.codec,
		.filter = h.filter,
	};
	s->first += h.count;
	*len = all;
	return 0;
}

/* Moves on to what looks like the next frame's first bytes. */
static int skip(struct scan *s)
{
	static const char magic[4] = "DVFR";
	const uint8_t *bytes, *found;
	size_t got;
	int err;

	s->at++;
	for (;;) {
		err = look(s, (size_t)64 << 10, &bytes, &got);
		if (err || got < sizeof(magic)) {
			s->at = s->size;
			return err;
		}
		found = memmem(bytes, got, magic, sizeof(magic));
		if (found) {
			s->at += found - bytes;
			return 0;
		}
		s->at += got - (sizeof(magic) - 1);
	}
}

/*
 * A place that cannot be read is passed over like one that is damaged, by
 * as much as a disk may lose at once.
 */
static void skip_unreadable(struct scan *s)
{
	uint64_t step = 4096;

	s->len = 0;
	s->at = s->size - s->at > step ? s->at + step - s->at % step :
		s->size;
}

static int scan_all(struct scan *s,
		    int (*frame)(void *data, const struct frame_info *info,
				 const struct object *objects), void *data,
		    uint32_t *frames)
{
	struct frame_info info;
	size_t len;
	int err;

	while (s->at < s->size) {
		err = cancel_check();
		if (err)
			return err;
		if (frame_here(s, &info, &len)) {
			skip_unreadable(s);
			continue;
		}
		if (!len) {
			if (skip(s))
				skip_unreadable(s);
			continue;
		}
		(*frames)++;
		err = frame(data, &info, s->objects);
		if (err)
			return err;
		s->at += len;
	}
	return 0;
}

int pack_scan(const char *path,
	      int (*frame)(void *data, const struct frame_info *info,
			   const struct object *objects), void *data,
	      uint32_t *frames)
{
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct scan s = { .path = path, .fd = fd, .at = PACK_HEADER_SIZE };
	struct stat st;
	int err;

	*frames = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return dv_fail_errno("cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return dv_fail(DV_E_IO, "not a regular file: %s", path);
	s.size = st.st_size;
	s.window = xmalloc(s.size < WINDOW ? s.size + 1 : WINDOW);
	s.raw = xmalloc(FRAME_MAX);
	s.objects = xcalloc(FRAME_COUNT_MAX, sizeof(*s.objects));
	s.jobs = xcalloc(FRAME_COUNT_MAX, sizeof(*s.jobs));
	s.compressor = compressor_new();
	err = scan_all(&s, frame, data, frames);
	compressor_free(s.compressor);
	free(s.window);
	free(s.raw);
	free(s.objects);
	free(s.jobs);
	return err;
}
