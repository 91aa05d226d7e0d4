#ifndef TRANSFER_FETCH_MOVE_H
#define TRANSFER_FETCH_MOVE_H

#include "transfer/fetch.h"
#include "transfer/verify.h"

/*
 * Packs that are asked for together (fetch_packs.c), by which threads, and what
 * becomes of the bytes (fetch_unit.c).
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
	pthread_mutex_t mutex;	/* who writes to it: the others would spin */
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
	uint64_t keep;		/* what `bytes` may take between requests */
};

/* All threads', and where they put what is good. */
struct movers {
	struct mover *items;	/* owned */
	unsigned count;
	struct session *session;	/* owned; NULL: not open yet */
	const char *temp_dir;
};

/* fetch->mutex is that of packs[], too. */
struct moving {
	struct fetch *fetch;
	struct movers *movers;
	struct moving_pack *packs;	/* owned */
	size_t count;
	struct unit *units;		/* owned */
	size_t unit_count, unit_room;
};

void movers_init(struct movers *v, unsigned count);
/* Before packs are asked for; of indexes alone it is not needed. */
int movers_open(struct movers *v, struct store *s);
/* Ends all; what was good is kept, and durable. */
int movers_finish(struct movers *v);

/* Cuts these packs into requests.  Indexes are in `have` where they must. */
void moving_plan(struct moving *m, const struct fetch_pack *packs,
		 size_t count);
/* Makes request number i of it and does with it what is to be done. */
int moving_unit(struct moving *m, struct mover *t, size_t i);
void moving_release(struct moving *m);

bool fetch_frame_wanted(const struct moving_pack *p,
			const struct frame_info *info);

/*
 * Makes one request of a pack that has begun and checks all that came; good
 * bytes go into the pack's file or, of TAKE_FRAMES, into the session.
 */
int fetch_unit(struct moving *m, struct mover *t, struct moving_pack *p,
	       const struct unit *u);

#endif
