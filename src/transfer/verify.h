#ifndef TRANSFER_VERIFY_H
#define TRANSFER_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "store/pack.h"

/*
 * Checking frames against the index of their pack, which is known to be
 * genuine (its SHA-256 is the pack's id) but may say anything.
 */

/* A pack's index, ready for going through its frames. */
struct frames {
	struct pack *pack;	/* borrowed */
	uint32_t *order;	/* owned; slots in file order */
};

#define FRAMES_INIT	{ NULL, NULL }
#define DV_AUTO_FRAMES	__attribute__((cleanup(frames_release)))

/*
 * Prepares.  DV_E_CORRUPT unless the frames follow each other without a gap,
 * from the header to the index, and none is larger than FRAME_MAX.
 */
int frames_init(struct frames *f, struct pack *pack);
void frames_release(struct frames *f);

/* Where the header of a frame begins and the frame ends, in the pack. */
uint64_t frame_start(const struct frame_info *info);
uint64_t frame_end(const struct frame_info *info);

/* One thread's buffers. */
struct verifier;
struct verifier *verifier_new(void);
void verifier_free(struct verifier *v);

/*
 * Where the frames end that begin with `first`, and not beyond `end`, and are
 * checked together: as many as hashing takes to be fast, but no more bytes,
 * stored or raw, than a single one may have.
 */
uint32_t frames_together(const struct frames *f, uint32_t first, uint32_t end);

/* A frame that was checked; all valid until the next call. */
struct frame_view {
	struct frame_info info;
	const uint8_t *stored;
	const uint8_t *raw;		/* NULL with VERIFY_LOCAL */
	const struct dv_id *ids;	/* info.count, in file order */
	const uint32_t *lens;
	const uint64_t *checks;
	const uint32_t *slots;		/* in the pack's index */
};

enum verify_flags {
	VERIFY_LOCAL = 1,	/* from our own store: XXH3 will do */
};

/* Frames [first, end) one behind the other, with their headers. */
struct frame_run {
	const struct frames *frames;
	uint32_t first, end;
	const uint8_t *bytes;
	size_t len;
};

/*
 * Told of each frame in order, and what is wrong with it: err is 0,
 * DV_E_CORRUPT with the object in the text, or DV_E_UNSUPPORTED for an unknown
 * codec.  The view is of a good one.  What it returns, unless 0, ends the
 * check.
 */
typedef int verify_each(void *data, uint32_t frame, int err,
			const struct frame_view *view);

/*
 * Checks frames by SHA-256, object by object, and by XXH3-64; the headers must
 * be what a writer would have written.  Returns what `each` did; without that
 * the first that is wrong ends the check.
 */
int verify_frames(struct verifier *v, const struct frame_run *frames,
		  enum verify_flags flags, verify_each *each, void *data);

/* One frame of our own store, as with VERIFY_LOCAL.  *out: if it is good. */
int verify_local_frame(struct verifier *v, const struct frames *f,
		       uint32_t frame, const uint8_t *bytes, size_t len,
		       struct frame_view *out);

/*
 * Checks all frames of the pack whose file is fd, a few at a time.  With
 * `bad` it is told of each frame that is damaged or cannot be read, and goes
 * on if it returns 0; without it the first ends the check.
 */
int verify_pack(struct verifier *v, struct pack *pack, int fd,
		enum verify_flags flags,
		int (*bad)(void *data, uint32_t frame), void *data);

/* The 32 bytes at the start of a pack of this class. */
int verify_pack_header(const uint8_t *bytes, enum object_class class);

#endif
