#ifndef STORE_LOOSE_H
#define STORE_LOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chunk/stream.h"
#include "store/node.h"
#include "store/store.h"

/*
 * Loose files: whole files whose blocks the store shares with the user's
 * (where the file system can), or that the work tree has links to
 * (dvformat-store(5)).  The file lies in
 * loose/<2 hex>/<hex>, named by the id of the file node of its content (not
 * executable), with index parts <hex>.<n>.idx beside it that look like the
 * index of a pack.  Part 0 is written last: without it there is nothing.
 *
 * To add a file:
 *
 *	err = loose_begin(store, fd, &loose);	DV_E_UNSUPPORTED: use packs
 *	chunk_stream() with a sink that reads loose_fd(), and calls
 *		loose_put() from its put() and loose_emit() from its emit(),
 *		besides what makes the list and counts what is new
 *	either	loose_commit(loose, &content)
 *	or	nothing: too little of it was new; it goes to packs
 *	loose_free(loose)
 *
 * What is read is the clone, so it cannot change meanwhile; whether the
 * user's file was whole when it was cloned is for the caller to find out by
 * its times.  The chunks of a loose file must not be claimed in a session:
 * count the new ones with store_find().  Nodes go to the session as usual.
 */
struct loose;

/*
 * Clones the whole of fd to a temporary file.  Returns 0; DV_E_UNSUPPORTED
 * where that cannot be done, which costs little to find out; DV_E_NOSPACE,
 * DV_E_IO.  `copy`: copies it there.
 */
int loose_begin(struct store *s, int fd, bool copy, struct loose **out);

/*
 * An empty one, for content that the store has in packs: its bytes are written
 * to loose_fd(), then loose_add() is called for each chunk in file order.
 */
int loose_new(struct store *s, struct loose **out);
int loose_add(struct loose *l, const struct dv_id *id);

/* The clone, for pread(), and how many bytes it has. */
int loose_fd(const struct loose *l);
uint64_t loose_size(const struct loose *l);

/* From chunk_sink.put: several threads at once, chunks with their bytes. */
void loose_put(struct loose *l, const struct chunk *chunks, size_t count);
/* From chunk_sink.emit: the same runs, in order. */
int loose_emit(struct loose *l, const struct chunk *chunks, size_t count);

/*
 * Makes it durable and gives it its name; its chunks can be found after
 * this.  One that is there already is kept if it is good.
 */
int loose_commit(struct loose *l, const struct content *content);

/*
 * After that: where the damaged file is that it has replaced, in quarantine/;
 * NULL: there was none, or it has another name.
 */
const char *loose_kept(const struct loose *l);

/* Frees; the clone is removed unless it was committed. */
void loose_free(struct loose *l);

/*
 * Opens the loose file of this content.  Returns 0;
 * DV_E_NOTFOUND: there is none; DV_E_CHANGED: size, mtime or inode are not as
 * they were when it was stored, nor ctime unless it has several names, so
 * somebody may have written to it (or the store was copied): read its chunks
 * instead, which are checked.  A clone has no checks of its own beyond this.
 * Another user's was held against its SHA-256 as well, and is as it was then.
 */
int loose_open(struct store *s, const struct content *content, int *fd);

/*
 * Is a file with this inode and mtime that whole file, whether or not what it
 * holds is known to be right?
 */
bool loose_is(struct store *s, const struct content *content, uint64_t inode,
	      int64_t mtime_ns);

/*
 * Makes the empty file `to` a clone of it.  As loose_open() and clone_fd();
 * DV_E_CHANGED as well when somebody wrote to it meanwhile.
 */
int loose_clone(struct store *s, const struct content *content, int to);

/*
 * Makes `name` in dir_fd a hard link to the loose file of this content.  As
 * loose_open(), and DV_E_UNSUPPORTED with the reason where it cannot be done;
 * 1: not of this one, which is another user's.
 */
int loose_link(struct store *s, const struct content *content, int dir_fd,
	       const char *name);

/*
 * The same with a symbolic link; `real` is the path of the store for its text,
 * see loose_link_text().
 */
int loose_symlink(struct store *s, const struct content *content,
		  const char *real, int dir_fd, const char *name);

/*
 * The text of a symbolic link to a loose file of the store at `real`, an
 * absolute path without symbolic links (appended).
 */
void loose_link_text(const char *real, const struct dv_id *name,
		     struct buf *out);
/*
 * True when a text ends like one of those, whatever store it leads to: the
 * name of the loose file, and where the path of the store ends.
 */
bool loose_link_parse(const char *text, size_t len, struct dv_id *name,
		      size_t *store_len);

/* The name of the loose file of a content that is not empty. */
int loose_name(const struct content *content, struct dv_id *out);

/*
 * By its name: 0 when the loose file is here and as it was stored; else as
 * loose_open().  `read`: and when each of its chunks has its SHA-256
 * (DV_E_CORRUPT; it is marked bad).
 */
int loose_verify(struct store *s, const struct dv_id *name, bool read);

/*
 * A link can be written through (by root, or after chmod).  Looks at every
 * loose file; where the stamp does not fit, reads it: chunks found damaged are
 * marked bad, so that nobody counts on them; a file without any gets its stamp
 * anew.  *damaged: how many were found.
 */
int loose_recheck(struct store *s, uint64_t *damaged);

/*
 * Blocks for another file that has chunks of a loose file: an edited version,
 * say, that lies in packs but for what it has in common with it.  One
 * thread's; it has one loose file open at a time.
 */
struct loose_source;
struct loose_source *loose_source_new(struct store *s);
void loose_source_free(struct loose_source *l);
/* Where a chunk begins in the open file; false: not found there. */
bool loose_source_here(struct loose_source *l, const struct dv_id *id,
		       uint32_t len, uint64_t *offset);
/*
 * The same, and opens the file that has the chunk if it is another one;
 * false: there is none that may be shared as it is.
 */
bool loose_source_turn(struct loose_source *l, const struct dv_id *id,
		       uint32_t len, uint64_t *offset);
/*
 * clone_range() from the open file.  DV_E_CHANGED: somebody may have written
 * to that.
 */
int loose_source_clone(struct loose_source *l, uint64_t from, uint64_t len,
		       int to, uint64_t to_at);

#endif
