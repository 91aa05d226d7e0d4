#ifndef TRANSFER_SEEN_H
#define TRANSFER_SEEN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/map.h"
#include "transfer/locator.h"

/*
 * The root locators of one remote as they were when they were last read or
 * written, in <store>/have/<remote key>/roots:
 *
 *	"DVHR" 1 0 0 0, then for each: i64 time | i64 until | u32 length |
 *	u32 0 | XXH3-64 of these 24 bytes | the locator
 *
 * Times are nanoseconds since 1970 by the clock of the remote.  `time` is
 * that of the locator in a listing; 0: none has shown it since we wrote it,
 * at `until` or before.  A listing that shows the same length and time, or a
 * time of `until` at most, shows the same locator.
 *
 * Derived.  The file is replaced whole; of two processes that do so the last
 * wins, and what the other has seen is read again.
 */
#define SEEN_HEADER_SIZE	8
#define SEEN_RECORD_SIZE	32	/* without the locator */
/* Longer locators are read each time. */
#define SEEN_LOCATOR_MAX	((size_t)16 << 10)

struct seen {
	char *path;		/* owned */
	struct filemap map;	/* the file as it was */
	struct id_map old;	/* root -> where its record is, in map */
	struct id_map renewed;	/* root -> where it is, in fresh */
	struct buf fresh;	/* records to be written */
	pthread_mutex_t mutex;	/* guards renewed and fresh */
};

struct seen_record {
	int64_t time, until;
	const uint8_t *locator;
	uint32_t len;
	struct dv_id root;
};
/* Reads a record; false when what is there, in `room` bytes, is none. */
bool seen_decode(const uint8_t *bytes, size_t room, struct seen_record *out);

/* A file that is damaged, or cannot be read, is what can be read of it. */
void seen_open(struct seen *s, const char *dir);
/* True when a locator of this root was seen. */
bool seen_any(const struct seen *s, const struct dv_id *root);
/*
 * The locator of `root`, if one that a listing shows so is known.  May be
 * called from many threads, as may seen_add().
 */
bool seen_find(struct seen *s, const struct dv_id *root, uint64_t size,
	       int64_t time, struct locator *out);
/* Remembers the locator's bytes. */
void seen_add(struct seen *s, int64_t time, int64_t until,
	      const struct buf *locator);
/* Writes what is new and releases.  Failing to is harmless. */
void seen_close(struct seen *s);

#endif
