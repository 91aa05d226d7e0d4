#ifndef STORE_PACK_SYNC_H
#define STORE_PACK_SYNC_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/error.h"
#include "store/claims.h"
#include "store/pack_block.h"
#include "store/pack_writer.h"

/*
 * What the two sides of a writer share: packers fill blocks (pack_write.c),
 * which are written and become complete packs here.
 */
struct pack_file {
	struct pack_file *next;		/* in the syncer's queue */
	struct pack_disk disk;
	uint64_t end;			/* where the next frame goes */
	struct block *tail;		/* where `end` is; NULL: in none yet */
	unsigned unwritten;		/* full blocks */
	unsigned writing;		/* frames on their way */
	bool closed;
	struct frame_info *frames;	/* owned */
	size_t frame_count, frame_room;
	struct pack_entry *entries;	/* owned */
	size_t entry_count, entry_room;
};

struct pack_writer {
	struct pack_writer_options o;
	bool direct;
	char *temp_dir, *dir;		/* owned */
	struct claims *claims;		/* owned */
	atomic_bool failed;
	pthread_mutex_t mutex;		/* guards what follows */
	pthread_cond_t work;		/* for the syncer */
	pthread_cond_t moved;		/* a queue is shorter, or a failure */
	struct error_state error;	/* the first failure */
	struct pack_file *open;
	struct pack_file *queue;	/* first of those that are complete */
	unsigned queued;		/* and not yet done with */
	struct block_pool pool;
	struct block *full, **full_end;	/* to be written */
	bool writing;			/* by a packer */
	bool resting;			/* nothing will be put now: free
					   blocks need no memory */
	bool running, stop;
	pthread_t syncer;
	uint64_t raw, stored;
};

/*
 * In all that follows w->mutex is held, but for stop.
 *
 * Notes the first failure, which everybody who waits then gets; the text is
 * that of the calling thread.  Returns code.
 */
int pack_note_failure(struct pack_writer *w, int code);
/* Queues a full block. */
void pack_sync_block(struct pack_writer *w, struct block *b);
/*
 * Sees to it that queued blocks are written: here, or by the syncer if that
 * means waiting for the disk, or by another packer that is at it anyway.
 */
int pack_sync_full(struct pack_writer *w);
/* Hands over a pack that is closed and that nobody writes to. */
int pack_sync_file(struct pack_writer *w, struct pack_file *f);
/* Ends the thread, after what it is just doing. */
void pack_sync_stop(struct pack_writer *w);

/* Closes and forgets; the file goes unless it was given its name. */
void pack_file_free(struct pack_file *f);

#endif
