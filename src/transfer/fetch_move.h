#ifndef TRANSFER_FETCH_MOVE_H
#define TRANSFER_FETCH_MOVE_H

#include "transfer/fetch.h"
#include "transfer/verify.h"

/*
 * One fetch_packs(): what is asked for (fetch_packs.c), and what becomes of
 * the bytes (fetch_unit.c).
 */

/* One request: frames [first, end) of a pack, or its index, or all of it. */
struct unit {
	uint32_t pack;		/* number in moving.packs */
	uint32_t first, end;
	uint64_t offset, len;
};

struct moving_pack {
	struct fetch_pack asked;
	struct pack_ref ref;
	struct pack *index;	/* of `have`; NULL when that is asked for */
	struct frames frames;
	char *temp;		/* owned; the file it grows in */
	int fd;
	uint32_t units_left;
	bool begun, failed;
};

/* One thread's things. */
struct mover {
	struct verifier *verifier;	/* owned, as are these */
	struct session_hand *hand;
	struct buf bytes;
	bool *claimed;
	size_t claimed_room;
};

struct moving {
	struct fetch *fetch;
	struct moving_pack *packs;	/* owned */
	size_t count;
	struct unit *units;		/* owned */
	size_t unit_count, unit_room;
	struct session *session;	/* owned; NULL: for indexes alone */
	const char *temp_dir;
	struct mover *movers;		/* owned */
	uint64_t keep;	/* what a thread's bytes may take between requests */
	pthread_mutex_t mutex;	/* of packs[], result and fetch->bad */
};

bool fetch_frame_wanted(const struct moving_pack *p,
			const struct frame_info *info);

/*
 * Makes one request of a pack that has begun and checks all that came; good
 * bytes go into the pack's file or, of TAKE_FRAMES, into the session.
 */
int fetch_unit(struct moving *m, struct mover *t, struct moving_pack *p,
	       const struct unit *u);

#endif
