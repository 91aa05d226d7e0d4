#ifndef WORK_RECORD_H
#define WORK_RECORD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/repo.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/meter.h"
#include "chunk/sha256.h"
#include "chunk/stream.h"
#include "store/store.h"
#include "work/scan.h"

/*
 * Reading files of the work tree and naming their content: into the store
 * (add), as if (a dry run), or only to see whether the store has it
 * (checkout, before it replaces a file that was changed).
 *
 * Small files are read in batches by all threads (add_files.c), large ones
 * as streams (add_stream.c).  A file that changes meanwhile is read again.
 */
enum record_mode {
	RECORD_PUT,
	RECORD_DRY,
	RECORD_CHECK,	/* trouble with a file marks it as failed */
};

/* How often a file that changes is read. */
#define RECORD_TRIES	3
/* From here on all threads work on one file. */
#define RECORD_SHARED	((uint64_t)32 << 20)	/* bytes */
/* After so many files it is worth while to give memory back. */
#define RECORD_MANY	((size_t)64 << 10)
/* From here on it is tried to share a file's blocks with the store. */
#define RECORD_CLONED	((uint64_t)16 << 20)	/* bytes */

/* One file or symlink to be read. */
struct record_item {
	struct scan_entry *entry;	/* its stat data and content become
					   what was read */
	const char *target;	/* of a symlink; lives as the recorder does */
	int64_t read_ns;	/* clock_real_ns() before it was read */
	uint32_t dir;		/* number in the scan */
	bool here;		/* the store had all of it before */
	bool failed;		/* RECORD_CHECK: it keeps changing, or cannot be
				   read */
};

/* What one thread needs; kept from run to run. */
struct record_worker {
	struct session_hand *hand;	/* owned; NULL until something is put */
	struct arena targets;
	struct buf bytes;		/* of the files of a batch */
	struct chunk *chunks;		/* owned */
	struct sha256_job *hashes;	/* owned */
	struct object *objects;		/* owned */
	size_t chunk_count, chunk_room, hash_room;
	size_t object_count, object_room;
	int dir_fd;			/* of the directory last used, or -1 */
	uint32_t dir;
};

/* How the content of a large file gets into the work tree. */
enum link_kind {
	LINK_COPY = 0,
	LINK_CLONE,		/* blocks are shared where that can be */
	LINK_HARD,
	LINK_SYMBOLIC,
};
#define LINK_KINDS	4

struct recorder {
	struct store *store;		/* borrowed */
	const char *store_real;		/* borrowed; see work/linked.h */
	int top;			/* fd of the work tree, borrowed */
	enum record_mode mode;
	unsigned threads;
	bool held;			/* the store, by us */
	bool clone;			/* sharing blocks is allowed */
	uint8_t kinds[LINK_KINDS + 1];	/* of links, first choice first; ends
					   with LINK_COPY */
	atomic_uint kind;		/* the one tried now */
	uint64_t link_from;		/* bytes a file has that is linked */
	struct meter *meter;		/* borrowed */
	uint64_t expected;		/* bytes to be read, as far as known */
	struct session *session;	/* owned; NULL: nothing was put */
	struct record_worker *workers;	/* owned, one per thread */
	struct session_hand *nodes;	/* owned; for one thread at a time */
	pthread_mutex_t mutex;		/* guards seen */
	struct id_map seen[OBJECT_CLASSES];	/* RECORD_DRY: what would be
						   put */
	_Atomic uint64_t read_bytes;
	_Atomic uint64_t new_bytes;	/* of content */
};

/* Large files become links to whole files of the store, of this kind. */
static inline enum link_kind record_link(const struct recorder *r)
{
	uint8_t kind = r->kinds[atomic_load(&r->kind)];

	return kind == LINK_HARD || kind == LINK_SYMBOLIC ? kind : LINK_COPY;
}

/* Threads that read files: each takes some MiB, and all have 64 together. */
static inline unsigned record_readers(const struct recorder *r)
{
	return r->threads < STREAM_CREW ? r->threads : STREAM_CREW;
}

/* What each of them has in memory of files, as bytes. */
static inline size_t record_at_once(const struct recorder *r)
{
	return (size_t)(record_readers(r) <= 8 ? 4 : 1) << 20;
}

/* More than half of what memory could hold: not to be kept in it. */
bool record_is_huge(uint64_t size);

int recorder_open(struct recorder *r, struct dv_repo *repo,
		  enum record_mode mode, unsigned threads,
		  struct meter *meter);
/*
 * Makes what was put durable.  *stored: bytes it takes in the store.
 * Nothing was put: does nothing.
 */
int recorder_finish(struct recorder *r, uint64_t *stored);
void recorder_release(struct recorder *r);

/*
 * Reads the items, which come in the order of the scan.  A directory's path
 * in the scan is relative to `base`, itself relative to the work tree.
 */
int record_run(struct recorder *r, const char *base, const struct scan *scan,
	       struct record_item *items, size_t count);

/* Puts a node unless it is there.  A node_put_fn; data is the recorder. */
int record_node(void *recorder, const struct object *node);

/* --- between add_files.c and add_stream.c ------------------------------- */

/* Files being read. */
struct record_run {
	struct recorder *r;
	const char *base;
	const struct scan *scan;
};

/*
 * After many files, or their trees: the memory that putting them took is given
 * back.
 */
int recorder_rest(struct recorder *r);
/* Opens the session of RECORD_PUT at the first call. */
int record_session(struct recorder *r);
/* The path of an item relative to the work tree, for messages. */
void record_path(const struct record_run *run, const struct record_item *item,
		 struct buf *out);
/* Opens the directory an item is in as w->dir_fd; record_leave() closes it. */
int record_enter(const struct record_run *run, struct record_worker *w,
		 const struct record_item *item);
void record_leave(struct record_worker *w);
/* Opens the file of an item; DV_E_CHANGED when it is none any more. */
int record_open(const struct record_run *run, struct record_worker *w,
		const struct record_item *item, int *fd);
/*
 * True when the caller must put the object now.  *here becomes false when
 * the store had it not.
 */
bool record_claim(struct recorder *r, enum object_class class,
		  const struct dv_id *id, uint32_t len, bool *here);
/* The hand of a worker, made at the first call; NULL unless RECORD_PUT. */
struct session_hand *record_hand(struct recorder *r, struct record_worker *w);
/* Puts the objects gathered by a worker. */
int record_put(struct recorder *r, struct record_worker *w);
void record_gather(struct record_worker *w, const struct chunk *chunk);
/* True when stat data are those of the entry. */
bool record_same(const struct scan_entry *e, const struct stat *st);

/*
 * Reads one file of any size, several times when it changes.  `all`: with all
 * threads of the recorder; else by `w` alone.
 */
int record_stream(const struct record_run *run, struct record_worker *w,
		  struct record_item *item, bool all);

#endif
