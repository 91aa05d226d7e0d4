#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/buf.h"
#include "store/pack.h"
#include "store/pack_write.h"
#include "store/place.h"

/*
 * The local store: a folder with
 *
 *	format			"dv-store 1\n"
 *	data/<hex>.pack		packs of chunks
 *	meta/<hex>.pack		packs of nodes
 *	loose/<2 hex>/<hex>	whole files, named by their file id, 0444
 *	loose/<2 hex>/<hex>.<n>.idx	their indexes
 *	index/<hex>.midx	merged index over many packs; derived
 *	index/<hex>.bad		what of a pack could not be read; derived
 *	have/<remote key>/	what is known of a remote; derived (transfer/)
 *	quarantine/		what was found bad; never deleted by us
 *	sources/<hex>/		clones of other repositories; derived
 *				(source/kept.h)
 *	tmp/<pid>-<random>/	what is being written; removed once pid is gone
 *	users/<hex>		repositories that use it: store_add_user()
 *	users.lock		see store_hold()
 *
 * Everything but index/, have/, sources/ and tmp/ is immutable.  Any number of
 * processes may read and write at once; only who removes packs waits until
 * nobody writes.
 *
 * All functions may be called from several threads at once unless said
 * otherwise.
 */
struct store;

enum store_open_flags {
	STORE_CREATE = 1,	/* make it when it is not there */
	STORE_READ_ONLY = 2,
};

int store_open(const char *path, enum store_open_flags flags,
	       struct store **out);
void store_close(struct store *s);
const char *store_path(const struct store *s);

/*
 * Who may use a store is what its folder says: dir_is_shared().  Makes it so,
 * and all that is ours in it, unless it is already or the folder is another
 * user's.  STORE_PRIVATE leaves all as it is.
 */
enum store_sharing { STORE_PRIVATE, STORE_GROUP, STORE_ALL };
int store_share(struct store *s, enum store_sharing how);

/*
 * A folder of this process below tmp/, made at the first call and removed
 * by store_close().  A lock in it says that we are alive.
 */
int store_temp_dir(struct store *s, const char **out);

/*
 * The same for what does not become a part of the store: where that may not be
 * written it is below $TMPDIR, and a kill leaves it there.
 */
int store_scratch_dir(struct store *s, const char **out);

/* Looks for packs that other processes have added since; cheap if none. */
int store_refresh(struct store *s);

/* --- those who write, and who removes --------------------------------- */

/*
 * While a store is held nothing is removed from it.  Whoever decides that an
 * object need not be stored because it is here must hold the store from then
 * on until its pointer is written; sessions hold it by themselves.  Waits
 * while somebody removes, and then knows what is gone.  May be nested.  A
 * store that cannot be written to is not held.
 */
int store_hold(struct store *s);
void store_let_go(struct store *s);

/*
 * Waits until nobody holds the store, and keeps others from it: for
 * store_remove().  `waiting` (may be NULL) is called once if it has to wait.
 * This process must not hold it.
 */
int store_lock_out(struct store *s, void (*waiting)(void *data), void *data);
void store_let_in(struct store *s);

/*
 * Removes a pack, or the loose file that it is a part of, after
 * store_lock_out().  What is known of it being bad goes too.
 */
int store_remove(struct store *s, struct pack *pack);
/* Removes the merged indexes, after packs they know of are gone. */
void store_remove_merged(struct store *s);

/*
 * Notes that the repository with this git folder uses the store, so that
 * nothing it needs is removed.
 */
int store_add_user(struct store *s, const char *git_dir);
/* Calls fn for each user; `file` is the note. */
int store_each_user(struct store *s,
		    int (*fn)(void *data, const char *git_dir,
			      const char *file), void *data);

/*
 * Another store that is read from and never written to: what it has counts as
 * here for store_find() and store_read(), but not for session_claim(), so
 * that what is added does not depend on it.  Before any other use of `s`.
 * DV_E_NOTFOUND, DV_E_UNSUPPORTED and the like as store_open().
 */
int store_add_fallback(struct store *s, const char *path);

/*
 * The store may not grow beyond so many bytes of packs and loose files (0: it
 * may).  What is there already, and what gc would remove, counts.
 */
void store_set_limit(struct store *s, uint64_t bytes);
/* Before so many bytes are written into it: 0 or DV_E_NOSPACE. */
int store_take_room(struct store *s, uint64_t bytes);

/* Grows whenever this process comes to know of more packs. */
uint64_t store_generation(const struct store *s);
/*
 * Where an object lies; false: not here.  Prefers packs over loose files.
 * Places known to be bad are passed over, so that a good copy can be added.
 */
bool store_find(struct store *s, enum object_class class,
		const struct dv_id *id, struct place *out);
/*
 * The same for who counts copies: of several it is always the same one, for as
 * long as no pack comes or goes.  store_find() asks the pack first that had
 * what was wanted last, which is faster.
 */
bool store_find_same(struct store *s, enum object_class class,
		     const struct dv_id *id, struct place *out);

/*
 * After much was looked for, before something else is done: no index need be
 * in memory, until it is looked into again.
 */
void store_rest(struct store *s);

/* The pack of this id if it is here whole, else NULL. */
struct pack *store_pack(struct store *s, enum object_class class,
			const struct dv_id *id);

/* Calls fn for each pack (loose ones too); non-zero stops and returns it. */
int store_each_pack(struct store *s, enum object_class class,
		    int (*fn)(struct pack *pack, void *data), void *data);

/* As store_each_pack(): the files of packs whose index is damaged. */
int store_each_damaged(struct store *s, enum object_class class,
		       int (*fn)(const char *path, void *data), void *data);
/* Files that a crash has left in loose/, which belong to nothing. */
int store_each_stray(struct store *s,
		     int (*fn)(const char *path, void *data), void *data);
/* True when a copy of the object is here that is known to be bad. */
bool store_has_bad(struct store *s, enum object_class class,
		   const struct dv_id *id);
/* True when something in the pack is known to be bad. */
bool store_pack_has_bad(struct store *s, const struct pack *pack);

/* --- reading ----------------------------------------------------------- */

/*
 * One thread's reader: keeps the last frames it undid.  Every object is
 * checked by XXH3-64 when it is read, nodes by SHA-256 as well.
 */
struct store_reader;
struct store_reader *store_reader_new(struct store *s);
void store_reader_free(struct store_reader *r);

/*
 * The bytes of an object.  *data is valid until the next call with this
 * reader.  Returns 0, DV_E_NOTFOUND, DV_E_CORRUPT (text names pack and id;
 * the bad pack is remembered, and another copy is used when there is one)
 * or DV_E_IO.
 */
int store_read(struct store_reader *r, enum object_class class,
	       const struct dv_id *id, const uint8_t **data, uint32_t *len);
/*
 * The same to memory of the caller, which spares a copy of what lies raw in a
 * pack.  *len: the room there, then the bytes of the object; if these are more,
 * what is there is undefined.
 */
int store_read_to(struct store_reader *r, enum object_class class,
		  const struct dv_id *id, uint8_t *out, uint32_t *len);

/*
 * The bytes at one place, whatever other copies there are, and nothing is
 * remembered: 0, DV_E_CORRUPT, or why they could not be read.
 */
int store_read_place(struct store_reader *r, enum object_class class,
		     const struct dv_id *id, const struct place *place,
		     const uint8_t **data);
/* The same without the bytes, and by SHA-256 whatever the class. */
int store_check_place(struct store_reader *r, enum object_class class,
		      const struct dv_id *id, const struct place *place);
/*
 * The same of all objects of a pack, or a part of a loose file, in the order of
 * the file; also DV_E_INTERRUPTED.  When it fails *at is the one it was about.
 */
int store_check_objects(struct store_reader *r, struct pack *pack,
			struct place *at);

/*
 * Remembers, for later processes too, that what is at a place cannot be
 * used; `frame`: nothing of its whole frame.
 */
void store_mark_bad(struct store *s, const struct place *place, bool frame);
/*
 * Forgets all that is said against a pack.  store_read() does so for an
 * object when it turns out to be readable after all.
 */
void store_forget_bad(struct store *s, const struct pack *pack);

/* --- writing ----------------------------------------------------------- */

/*
 * A session of writing: chunks and nodes go into new packs.  What it has
 * put can be found with store_find() only after session_finish(), or when
 * the pack it is in was finished; session_claim() knows all of it.
 */
struct session;
int session_open(struct store *s, struct session **out);
/*
 * Before anything is put: what is put will hardly be read soon, so large
 * packs do not go through the page cache.
 */
void session_direct(struct session *w);

/*
 * True when nobody has this object yet, neither store nor session: the
 * caller must now put it.  False: nothing to do.
 */
bool session_claim(struct session *w, enum object_class class,
		   const struct dv_id *id);

/* One thread's hand in a session. */
struct session_hand;
struct session_hand *session_hand_new(struct session *w);
/* Puts objects for which session_claim() said true. */
int session_put(struct session_hand *h, enum object_class class,
		const struct object *objects, size_t count);
/* The packer behind a hand, for packer_put_frame(). */
struct packer *session_packer(struct session_hand *h,
			      enum object_class class);
/* Nothing will be put in the next moment: memory is given back. */
void session_rest(struct session *w);
int session_hand_flush(struct session_hand *h);
void session_hand_free(struct session_hand *h);

/* Raw and stored bytes that went into new packs so far. */
void session_cost(struct session *w, uint64_t *raw, uint64_t *stored);

/*
 * Makes all of it durable: packs synced and named, folders synced.  After
 * this a pointer to it may be written.  All hands must be freed.
 */
int session_finish(struct session *w);
/* Frees; unfinished packs are dropped. */
void session_free(struct session *w);

/*
 * Takes a pack file that lies complete and synced at `path` (on the store's
 * file system) into the store by renaming it.  The caller has checked its
 * bytes.  It survives a crash after the next store_sync().
 */
int store_adopt_pack(struct store *s, const char *path,
		     enum object_class class, const struct dv_id *id);

/* Syncs the folders of packs; session_finish() does so too. */
int store_sync(struct store *s);

/*
 * Moves a pack found bad to quarantine/ and forgets it.
 */
int store_quarantine(struct store *s, struct pack *pack);
/* The same for a file whose index is damaged, so that it was never opened. */
int store_quarantine_file(struct store *s, const char *path);

#endif
