#ifndef STORE_STORE_INSIDE_H
#define STORE_STORE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/map.h"
#include "store/midx.h"
#include "store/store.h"

/*
 * What the files of the store share.
 *
 * A slot stands for a pack (or a part of a loose file) whose name was seen;
 * its index is opened when it is needed first.  Slots and opened packs stay
 * until the store is closed, so that a struct place is good until then.
 *
 * Locks, in the order they are taken: merge_mutex, lock, one of open_mutex,
 * bad.mutex.
 */
enum slot_state {
	SLOT_CLOSED,		/* not looked at yet */
	SLOT_OPEN,
	SLOT_BAD,		/* its index is damaged */
	SLOT_GONE,		/* somebody has removed it */
};

struct slot {
	struct dv_id id;	/* of the pack, or name of the loose file */
	uint32_t part;		/* MIDX_PACK, or the part of the loose file */
	uint32_t number;	/* scratch of merging */
	_Atomic(struct pack *) pack;	/* owned; NULL: never opened */
	atomic_int state;	/* enum slot_state */
	bool merged;		/* a merged index has it */
};

/* A merged index and the slots of its rows; NULL: unknown here. */
struct merged {
	struct midx *midx;	/* owned */
	struct slot **slots;	/* owned */
	struct dv_id name;
};

/* When a folder was listed last; enough to see that it was changed. */
struct dir_stamp {
	int64_t mtime_ns;
	bool sure;		/* false: list it again whatever it says */
	bool there;		/* folders of loose files: it exists */
};

struct class_table {
	struct slot **slots;	/* owned, as are they */
	size_t count, room;
	struct id_map numbers;	/* slot_key() -> place in slots */
	struct slot **fresh;	/* owned: in no merged index */
	size_t fresh_count, fresh_room;
	struct merged *merged;	/* owned */
	size_t merged_count, merged_room;
	struct dir_stamp stamp;
	size_t merge_again;	/* after a failure: not with fewer fresh */
	atomic_size_t lucky;	/* place in fresh of the pack that had what was
				   wanted last */
	atomic_size_t found;	/* so many times something was */
	atomic_size_t waiting;	/* = fresh_count, to look at without lock */
};

#define OPEN_MUTEXES	16
#define LOOSE_DIRS	256

struct bad_mark {
	struct dv_id pack;
	uint32_t frame;
	uint32_t slot;		/* or BAD_FRAME: all of the frame */
	uint64_t next;		/* place of the next of this pack + 1, or 0 */
};

#define BAD_FRAME	UINT32_MAX

struct bad_marks {
	pthread_mutex_t mutex;
	struct id_map packs;	/* pack -> place of its first mark + 1 */
	struct bad_mark *marks;	/* owned */
	size_t count, room;
	atomic_size_t live;	/* 0: there is nothing to look at */
};

/* What of other users was verified, in index/<uid>.seen (trust.c). */
struct seen {
	pthread_mutex_t mutex;
	bool loaded;
	struct id_map known;
	struct store *noted_in;	/* of a fallback: its store, else NULL */
};

struct store {
	char *path;		/* owned */
	enum store_open_flags flags;
	pthread_rwlock_t lock;	/* guards classes and retired */
	pthread_mutex_t open_mutex[OPEN_MUTEXES];
	pthread_mutex_t merge_mutex;	/* one refresh or merge at a time */
	struct class_table classes[OBJECT_CLASSES];
	struct pack **retired;	/* owned: replaced, but places may name them */
	size_t retired_count, retired_room;
	atomic_uint_fast64_t generation;
	struct dir_stamp index_stamp, loose_stamp;
	struct dir_stamp loose_dirs[LOOSE_DIRS];
	pthread_mutex_t temp_mutex;	/* guards the next five */
	char *temp_dir;		/* owned */
	char *scratch_dir;	/* owned */
	int temp_lock;		/* fd, -1: none */
	pid_t temp_pid;		/* who made it */
	bool swept;		/* folders of dead processes were removed */
	pthread_mutex_t hold_mutex;	/* guards the next two */
	unsigned holders;	/* of store_hold() */
	int hold_fd;		/* -1: none */
	struct store **fallbacks;	/* owned */
	size_t fallback_count, fallback_room;
	uint64_t limit;		/* bytes, 0: none */
	pthread_mutex_t limit_mutex;	/* guards the next two */
	bool summed;
	uint64_t used;		/* bytes, once summed */
	struct bad_marks bad;
	struct seen seen;
	pthread_mutex_t error_mutex;
	struct error_state open_error;	/* of the first pack with a bad index */
};

/* "<path>/<data or meta>" and the like, appended. */
void store_class_dir(const struct store *s, enum object_class class,
		     struct buf *out);
/* Path of the pack, or of the index part of a loose file. */
void slot_path(const struct store *s, enum object_class class,
	       const struct slot *slot, struct buf *out);
/* Path of a loose file. */
void loose_path(const struct store *s, const struct dv_id *id,
		struct buf *out);

/* The pack behind a slot, or NULL when it cannot be used. */
struct pack *slot_open(struct store *s, enum object_class class,
		       struct slot *slot);

/* The slot of this name or NULL.  s->lock is held. */
struct slot *table_slot(struct class_table *t, const struct dv_id *id,
			uint32_t part);
/* Adds a slot, or finds it.  s->lock is held for writing. */
struct slot *table_add(struct class_table *t, const struct dv_id *id,
		       uint32_t part);
/* Makes t->fresh anew.  s->lock is held for writing. */
void table_rebuild(struct class_table *t);

/* It will be opened anew.  s->lock is held for writing. */
void slot_reset(struct store *s, struct slot *slot);

/*
 * An opened pack becomes (or replaces) that of its slot.  Takes the pack.
 */
void store_add_pack(struct store *s, struct pack *pack,
		    const struct dv_id *name, uint32_t part);

/* store_find() without the fallbacks. */
bool store_find_own(struct store *s, enum object_class class,
		    const struct dv_id *id, struct place *out);

enum find_which { FIND_GOOD, FIND_SAME, FIND_BAD };

/*
 * As store_find(), as store_find_same(), or the nth of the places known to be
 * bad; of this store alone.
 */
bool store_find_which(struct store *s, enum object_class class,
		      const struct dv_id *id, enum find_which which,
		      size_t nth, struct place *out);

/* --- other users' files (trust.c) -------------------------------------- */

/* The files behind a slot, as they were before it was opened. */
struct trust {
	const char *index, *data;	/* borrowed paths; data may be NULL */
	bool strange;		/* one of them is neither ours nor root's */
	uid_t owner;		/* whose */
	struct dv_id stamp;
};

/* Before opening. */
void trust_look(struct trust *t, const char *index, const char *data);
/* The same of a data file that is open; data_st may be NULL: there is none. */
void trust_look_at(struct trust *t, const char *index, const char *data,
		   const struct stat *data_st);
/*
 * After it: what is another user's is read whole, once, and must be what its
 * ids say.  0, DV_E_CORRUPT, or another reason why it could not be read.
 * pack->verified becomes the stamp that goes with it.
 */
int trust_check(struct store *s, struct trust *t, struct pack *pack);

/* --- merging (store_merge.c) ------------------------------------------- */

/* Merges when there is enough to merge and nobody does it already. */
void store_merge_maybe(struct store *s, enum object_class class);
/*
 * Takes in index/<name>.midx; false: nothing new.  s->merge_mutex is held,
 * as it is for the next one.
 */
bool store_load_midx(struct store *s, const struct dv_id *name);
/* After loading some: drops those that others cover. */
void store_settle_merged(struct store *s, enum object_class class);

/* --- what is bad (store_bad.c) ----------------------------------------- */

void bad_init(struct bad_marks *b);
void bad_release(struct bad_marks *b);
bool store_is_bad(struct store *s, const struct place *place);
/* Takes index/<pack>.bad in. */
void store_load_bad(struct store *s, const struct dv_id *pack);
/* Something that turned out to be readable. */
void store_unmark_bad(struct store *s, const struct place *place);

/* --- temporary folders (store_temp.c) ---------------------------------- */

void store_temp_release(struct store *s);

/*
 * Gives a file that is about to be replaced a name in quarantine/, which is
 * appended.
 */
int quarantine_link(const struct store *s, const char *path, struct buf *to);

/*
 * Of a loose file all parts are gone.  Returns the slot of this one, NULL when
 * the pack was replaced meanwhile.
 */
struct slot *store_drop_slots(struct store *s, const struct pack *pack);

/* The file of a pack is no longer there: it is not looked into again. */
void store_drop_pack(struct store *s, const struct pack *pack);

/* --- loose files (loose.c, loose_open.c) ------------------------------- */

/* Path of one of its index parts (replaces *out). */
void loose_part_path(const struct store *s, const struct dv_id *name,
		     uint32_t part, struct buf *out);
/* Something in it was found to be bad. */
bool loose_has_bad(struct store *s, const struct dv_id *name);

/*
 * loose_order.c.  Another user's file, open as fd: all its parts were verified
 * as it is now, and their chunks, one after the other, are what it is named
 * after.
 */
bool loose_is_verified(struct store *s, const struct dv_id *name, int fd);
/* A part that is here; false: there is none. */
bool loose_part(struct store *s, const struct dv_id *name, uint32_t part,
		struct pack **out);
struct content;
/* As loose_open(), by its name; *stamp: what it looks like now. */
int loose_open_name(struct store *s, const struct dv_id *name, int *fd,
		    struct file_stamp *stamp);
int loose_open_stamped(struct store *s, const struct content *content,
		       int *fd, struct file_stamp *stamp);
/* loose/<2 hex>, made, durable and locked; two would mix their parts. */
int loose_lock_dir(struct store *s, const struct dv_id *name, int *fd);

void loose_stamp(struct file_stamp *stamp, const struct stat *st);
/*
 * No write can be seen.  A hard link made or removed changes ctime; where there
 * are several names, only the other times count.
 */
bool loose_untouched(const struct file_stamp *was, const struct stat *st);

/* Syncs their folders that were changed a short while ago. */
int loose_sync_recent(struct store *s);

#endif
