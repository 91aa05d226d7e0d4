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
/* Most bytes of a frame with its header. */
#define FRAME_SPAN_MAX	(FRAME_HEADER_SIZE + 4 * (size_t)FRAME_COUNT_MAX + \
			 FRAME_MAX)

/* One thread's buffers. */
struct verifier;
struct verifier *verifier_new(void);
void verifier_free(struct verifier *v);

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

/*
 * Checks frame number `frame`, whose header and stored bytes are
 * bytes[0..len).  By SHA-256, object by object, and by XXH3-64; the header
 * must be what a writer would have written.  Returns 0, DV_E_CORRUPT with
 * the object in the text, or DV_E_UNSUPPORTED for an unknown codec.
 */
int verify_frame(struct verifier *v, const struct frames *f, uint32_t frame,
		 const uint8_t *bytes, size_t len, enum verify_flags flags,
		 struct frame_view *out);

/*
 * Checks all frames of the pack whose file is fd, a few MiB at a time.  With
 * `bad` it is told of each frame that is damaged or cannot be read, and goes
 * on if it returns 0; without it the first ends the check.
 */
int verify_pack(struct verifier *v, struct pack *pack, int fd,
		enum verify_flags flags,
		int (*bad)(void *data, uint32_t frame), void *data);

/* The 32 bytes at the start of a pack of this class. */
int verify_pack_header(const uint8_t *bytes, enum object_class class);

#endif
