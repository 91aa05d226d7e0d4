#ifndef TRANSFER_FETCH_H
#define TRANSFER_FETCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/transfer.h"

#include "base/error.h"
#include "base/meter.h"
#include "store/store.h"
#include "transfer/marks.h"
#include "transfer/numbers.h"
#include "transfer/open.h"
#include "transfer/roots.h"
#include "transfer/want.h"

/*
 * One fetch.  All roots that are not whole here are taken together from one
 * remote (fetch_plan.c says what of it, fetch_stream.c when it is much,
 * fetch_packs.c moves it); what that one has wrong or not at all is then asked
 * of the next.
 */
struct fetch_root {
	const struct root *root;
	bool done;		/* all that was asked for is here */
	bool located;		/* the remote in use has a locator for it */
	bool planned;		/* all that it lacks was asked for already */
	struct error_state why;	/* what was wrong with the last remote */
	struct numbers packs;	/* of `have`: what the locator names */
};

struct fetch {
	struct dv_repo *repo;
	const struct dv_transfer_options *options;
	struct dv_transfer_result *result;
	struct store *store;
	struct store_reader *reader;	/* owned */
	struct roots gathered;
	struct fetch_root *roots;	/* owned */
	size_t count;
	struct endpoint *from;	/* the remote in use */
	struct have *have;	/* what is known of it */
	struct error_state bad;	/* the first pack of it that was wrong */
	bool complete;		/* nothing was left out of the last one */
	uint64_t hoped;		/* bytes of packs that the located roots, all
				   of them wanted, account for */
	bool hopeless;		/* no: packs they name are here already */
	pthread_mutex_t mutex;	/* of all that its threads change */
	struct meter meter;
	uint64_t total_bytes, total_packs;	/* for the meter */
};

__attribute__((format(printf, 2, 3)))
void fetch_notice(struct fetch *f, const char *fmt, ...);

/* --- fetch_walk.c: what is not here ------------------------------------ */

struct fetch_walk {
	struct fetch *fetch;
	bool data;		/* look for chunks, not for nodes alone */
	bool first_only;	/* stop at the first that is missing */
	bool nodes_here;	/* at the first node that is */
	struct marks *marks;	/* where the remote has what is missing, or
				   NULL: do not look */
	struct marks visited;	/* nodes gone through */
	uint64_t missing;	/* not here */
	uint64_t unplaced;	/* nor in a pack whose index is known */
	struct dv_id *ids;	/* owned; the first of these */
	enum object_class *classes;	/* owned; and what they are */
	size_t id_count, id_room, class_room;
};

#define FETCH_IDS_MAX	65536

#define DV_AUTO_FETCH_WALK __attribute__((cleanup(fetch_walk_release)))

/* Looks through what is asked of one root. */
int fetch_walk_root(struct fetch_walk *w, const struct fetch_root *r);
/* The same for all roots that are located and not done. */
int fetch_walk_all(struct fetch_walk *w);
void fetch_walk_release(struct fetch_walk *w);
/* Is all of it here?  1, 0, or an error. */
int fetch_root_here(struct fetch *f, const struct fetch_root *r);

/* --- fetch_locate.c: what the remote has -------------------------------- */

/* Notes why a root could not be had: the most telling reason stays. */
void fetch_why(struct fetch_root *r, const struct error_state *why);
/* Reads the locator of a root; that there is none is noted, and no failure. */
int fetch_locate(struct fetch *f, struct fetch_root *r);

/* --- fetch_packs.c, fetch_unit.c: moving bytes -------------------------- */

/* Most bytes of one request. */
#define FETCH_REQUEST_MAX	((uint64_t)8 << 20)
/* Fewer unwanted bytes between two frames are read over. */
#define FETCH_GAP_MAX		((uint64_t)256 << 10)

enum fetch_take {
	TAKE_INDEX = 1,		/* its index alone, to be kept in have/ */
	TAKE_AT_ONCE,		/* all of it in one request, index too */
	TAKE_WHOLE,		/* all of it, in ranges */
	TAKE_FRAMES,		/* the frames with marked objects */
};

struct fetch_pack {
	uint32_t number;	/* in `have` */
	enum fetch_take take;
	const struct mark *mark;	/* TAKE_FRAMES */
};

/*
 * Fetches all of these together, checks every object and puts them into the
 * store.  A pack that is missing or wrong becomes `bad` in `have`, with the
 * reason in fetch->bad; other failures end it.  What was good is kept either
 * way.
 */
int fetch_packs(struct fetch *f, const struct fetch_pack *packs,
		size_t count);

/* Of a dry run: how many bytes fetch_packs() would ask for. */
uint64_t fetch_packs_bytes(struct fetch *f, const struct fetch_pack *packs,
			   size_t count);

/* --- fetch_take.c: how much of a pack is asked for ----------------------- */

/* True when the roots in hand are wanted whole, all or some of them. */
bool fetch_any_whole(const struct fetch *f);
/*
 * TAKE_WHOLE when so much of the pack is in frames with something marked in
 * them that it is better had whole, else TAKE_FRAMES.  Half will do, unless
 * only a part was asked for: nobody is to wait for what they left out.  Once
 * it is whole, further marks do not make it any other.
 */
enum fetch_take fetch_take_marked(const struct fetch *f, const struct mark *k);
/* Most of what is in the pack is not in the store. */
bool fetch_mostly_new(struct fetch *f, struct pack *p);
/* What a root that has just been located adds to f->hoped. */
void fetch_hope(struct fetch *f, const struct fetch_root *r);
/* This pack cannot come at once yet, but may when more is located. */
bool fetch_may_hope(const struct fetch *f, const struct pack_ref *ref);
/*
 * Of a pack that nothing is known of: TAKE_AT_ONCE, which uses up what is hoped
 * for, or TAKE_INDEX.
 */
enum fetch_take fetch_take_unknown(struct fetch *f,
				   const struct pack_ref *ref);

/* --- fetch_stream.c: learning and fetching at once ------------------------ */

/*
 * Reads the marker and the locators of all roots that are not done.  When these
 * are more than go at once, and all is wanted, packs are fetched meanwhile as
 * fetch_stream_packs() does.
 */
int fetch_locate_all(struct fetch *f);
/*
 * Gets to know all packs that the located roots name, of which nothing is known
 * of `unknown`.  As soon as nodes show that most of a pack is wanted, it is
 * fetched along with the others' indexes.  When nothing is left to be done, all
 * roots are `planned`; else none is.
 */
int fetch_stream_packs(struct fetch *f, size_t unknown);

/* --- fetch_plan.c ------------------------------------------------------ */

/* Fetches what it can of the located roots from fetch->from. */
int fetch_located(struct fetch *f);

#endif
