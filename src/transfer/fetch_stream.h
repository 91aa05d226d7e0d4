#ifndef TRANSFER_FETCH_STREAM_H
#define TRANSFER_FETCH_STREAM_H

#include "transfer/fetch_move.h"

/*
 * Learning what is at a remote and fetching it at the same time: the packs
 * (fetch_known.c), and what the threads do (fetch_stream.c).
 */

/* A pack that is asked for. */
struct item {
	struct moving moving;	/* of it alone */
	size_t next;		/* of its requests: the next to be made */
	size_t left;		/* without an answer */
};

/* In the order in which they are asked for. */
struct queue {
	struct item **items;	/* owned, as are these */
	size_t count, room;
	size_t next;		/* those before have no more to be made */
};

/* What is known of a pack of `have`. */
struct knowledge {
	bool named;		/* it is to become known */
	bool known;		/* index or all of it has come, or never will */
	bool taken;		/* all of it is asked for */
	uint32_t marked;	/* objects, when that was last thought of */
};

enum marker {
	MARKER_UNREAD,
	MARKER_COMES,
	MARKER_GOOD,
};

/* What a root waits for, to be walked. */
struct awaited {
	unsigned walks;		/* in vain so far */
	size_t known;		/* of its packs, from the first on, nothing
				   is to become known */
	size_t indexes;		/* packs of chunks of these with an index */
};

/* All of it is for fetch->mutex, but for what the one that walks uses. */
struct stream {
	struct fetch *fetch;
	struct movers movers;
	pthread_cond_t moved;
	enum marker marker;
	struct numbers order;	/* roots whose locators are to be read */
	size_t next_root;	/* in it */
	size_t locating;	/* locators that are on the way */
	bool ahead;		/* packs are asked for, too */
	bool closed;		/* and now all of them have been */

	struct numbers waiting;	/* roots that are to be walked */
	struct awaited *awaited;	/* owned; one for each root */
	bool look;		/* one may be ready */
	bool walking;		/* one thread does */
	struct fetch_walk walk;
	struct marks marks;

	struct knowledge *packs;	/* owned; by number in `have` */
	size_t pack_count, pack_room;
	size_t unknown;		/* packs on the way that roots wait for */
	struct numbers later;	/* may come at once when more is located */
	struct queue small;	/* for any thread */
	struct queue large;	/* for few; roots wait for these */
	struct queue bulk;	/* likewise, but nobody waits for these */
	bool failed;		/* some pack was wrong */
};

/* --- fetch_known.c: packs ---------------------------------------------- */

struct knowledge *stream_pack(struct stream *s, uint32_t number);
bool stream_locators_come(const struct stream *s);

/* Asks for what tells what is in the packs of a root, unless that is known. */
int stream_name(struct stream *s, const struct fetch_root *r);
/* The same of those that were put off, once all locators have come. */
int stream_name_later(struct stream *s);
/* Asks for all of the pack if its mark says that most is wanted. */
int stream_take(struct stream *s, const struct mark *k);
/* Asks for what is marked and was not taken. */
int stream_take_rest(struct stream *s);

/* The next request, number *unit of the item; NULL: there is none. */
struct item *queue_next(struct queue *q, size_t *unit);
/* One request of it was answered. */
int stream_answered(struct stream *s, struct item *x);
void queue_release(struct queue *q);

#endif
