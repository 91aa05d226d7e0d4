#ifndef TRANSFER_HAVE_H
#define TRANSFER_HAVE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/map.h"
#include "store/midx.h"
#include "store/pack.h"
#include "transfer/locator.h"
#include "transfer/numbers.h"

/*
 * What is known of one remote, in <store>/have/<remote key>/:
 *
 *	packs		records, appended to: a pack that is there, one that
 *			is gone, the marker was seen
 *	<pack id>.idx	index and tail of a pack that is not here whole
 *	merged/<hex>.midx	merged indexes of many of these
 *
 * All of it is derived and may be deleted.  A record is 72 bytes: u8 kind,
 * seven zeros, an entry as in a locator (56 bytes; zeros for the marker),
 * XXH3-64 of these; the file begins with "DVHV" 1 0 0 0.  Records that do
 * not check are passed over, and a torn one at the end is cut off before
 * the next is written.
 *
 * Nothing here is proof: see prove.c.
 */
#define HAVE_HEADER_SIZE	8
#define HAVE_RECORD_SIZE	72

enum have_kind {
	HAVE_PACK = 1,
	HAVE_GONE = 2,
	HAVE_MARKER = 3,
};

struct have_pack {
	struct pack_ref ref;
	struct pack *index;	/* owned; its cached index, or NULL */
	bool gone;		/* was not there when last looked for */
	bool proved;		/* seen there in this run, or sent */
	bool sent;		/* sent in this run */
	bool here;		/* the local store has the pack whole */
	bool bad;		/* fetch: what came of it was wrong */
	bool active;		/* fetch: a locator of this run names it */
	bool merged;		/* its ids are in a merged index */
	uint32_t stamp;		/* the user's */
};

/* A merged index and the packs of its rows; UINT32_MAX: of no use here. */
struct have_merged {
	struct midx *midx;	/* owned */
	uint32_t *numbers;	/* owned */
	struct dv_id name;
};

/* Where objects of one class are looked for. */
struct have_class {
	struct numbers fresh;	/* packs with an open index, in no merged one */
	struct have_merged *merged;	/* owned; largest first */
	size_t merged_count, merged_room;
	size_t merge_again;	/* after a failure: not with fewer fresh */
	uint32_t last;		/* the pack that had what was found last, or
				   UINT32_MAX */
	size_t found;		/* so many times something was */
	struct numbers touched;	/* packs it was in, since indexes rested */
};

struct have {
	char *dir;		/* owned */
	int fd;			/* of `packs`, for appending; -1: not open */
	bool marker;		/* dv-remote was seen there */
	bool active_only;	/* have_lookup(): only active packs */
	uint64_t records;	/* in the file */
	struct id_map by_id;
	struct have_pack *packs;	/* owned */
	size_t count, room;
	struct have_class classes[OBJECT_CLASSES];
	bool loaded;		/* merged indexes that there are */
	size_t lost;		/* packs that turned out not to be known */
	pthread_mutex_t mutex;	/* guards all of it */
};

/*
 * Opens (and makes) what is known of the remote with this key.  A damaged
 * file is what can be read of it.  Give back with have_close().
 */
int have_open(const char *store_path, const struct dv_id *key,
	      struct have **out);
/* Closes; writes `packs` anew when much of it is stale. */
void have_close(struct have *h);

/* Number of the pack with this id, or -1. */
int64_t have_number(const struct have *h, const struct dv_id *id);
/*
 * Notes that the pack is (or is said to be) at the remote, and appends a
 * record unless that was known.  Returns its number.  `sure`: these numbers
 * replace others kept for the id.
 */
int have_add(struct have *h, const struct pack_ref *ref, bool sure,
	     uint32_t *number);
/* Notes that this process has sent the pack (or found it there whole). */
int have_sent(struct have *h, const struct pack_ref *ref, uint32_t *number);
/* Notes that the pack is not there any more. */
int have_gone(struct have *h, uint32_t number);
int have_set_marker(struct have *h);
/* What is said of the pack, while other threads may add some. */
struct pack_ref have_ref(struct have *h, uint32_t number);
/* fetch: what came of the pack was wrong. */
void have_set_bad(struct have *h, uint32_t number);

/* Path of the cached index, appended to *out. */
void have_index_path(const struct have *h, const struct dv_id *id,
		     struct buf *out);
/*
 * Makes the objects of a pack known by its cached index or a merged one.
 * DV_E_NOTFOUND when there is none; a damaged one is removed and
 * DV_E_NOTFOUND.
 */
int have_index_open(struct have *h, uint32_t number);
/*
 * True when that was done.  That a merged index was all there is may turn out
 * only when something in the pack is looked for: then h->lost grows, and it is
 * known no more.
 */
bool have_knows(struct have *h, uint32_t number);
/* The index of a pack that is known, or NULL. */
struct pack *have_index(struct have *h, uint32_t number);
/*
 * Checks index || tail, keeps them as the pack's cached index and opens it.
 * DV_E_CORRUPT when they are not this pack's.
 */
int have_index_keep(struct have *h, uint32_t number, const uint8_t *bytes,
		    size_t len);
/* Forgets and removes the cached index: the pack is here whole now. */
void have_index_drop(struct have *h, uint32_t number);

/*
 * A pack that is known, has this object, and is not gone or bad (nor, with
 * active_only, inactive).
 */
bool have_lookup(struct have *h, enum object_class class,
		 const struct dv_id *id, uint32_t *number,
		 struct place *out);

/*
 * Pure reader of the file's bytes, also for fuzzing: calls fn for each good
 * record.  Returns how many slots for records there were.
 */
uint64_t have_read_records(const uint8_t *data, size_t len,
			   void (*fn)(enum have_kind kind,
				      const struct pack_ref *ref,
				      void *data),
			   void *fn_data);

#endif
