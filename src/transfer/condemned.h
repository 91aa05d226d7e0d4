#ifndef TRANSFER_CONDEMNED_H
#define TRANSFER_CONDEMNED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "transfer/open.h"

/*
 * What gc is going to remove at a remote, in the object gc/pending
 * (dvprotocol-remote(7)):
 *
 *	"DVGC" 1 <0 or 1> 0 0 | i64 when the look began, in nanoseconds since
 *	1970 by the remote's clock | u64 another random number each time |
 *	u32 packs | u32 roots | their ids[32] | u64 XXH3-64 of all before
 *
 * 1: it is being removed.  When all is removed an empty list takes its place:
 * who read the object before can tell that there was a collection.
 */
#define REMOTE_GC		"gc/"
#define REMOTE_PENDING		"gc/pending"
#define CONDEMNED_MAX		(1u << 20)	/* ids of either kind */

struct condemned {
	struct id_map packs, roots;
	int64_t look_ns;	/* what was written since then was not seen */
	uint64_t nonce;		/* 0: nothing is; else for names of new packs,
				   so that they are none of these */
	uint64_t state;		/* the random number; 0: there was none yet */
	bool removing;		/* a locator of these roots that is written
				   now may go with the one that was there */
};

static inline bool condemned_any(const struct condemned *c)
{
	return c->packs.count + c->roots.count;
}

static inline bool condemned_has(const struct condemned *c,
				 const struct dv_id *pack)
{
	return c->packs.count && id_map_get(&c->packs, pack);
}

static inline bool condemned_root(const struct condemned *c,
				  const struct dv_id *root)
{
	return c->roots.count && id_map_get(&c->roots, root);
}

/* True when somebody has written another one since *c was read. */
int condemned_changed(struct endpoint *e, const struct condemned *c,
		      bool *changed);
/* Reads what is there now; nothing is no failure.  Replaces *c. */
int condemned_read(struct endpoint *e, struct condemned *c);
/* Pure: DV_E_CORRUPT, DV_E_UNSUPPORTED. */
int condemned_decode(const uint8_t *data, size_t len, struct condemned *c);
/* Puts *c there, with a state of its own, which c->state becomes. */
int condemned_write(struct endpoint *e, struct condemned *c);
void condemned_release(struct condemned *c);

#endif
