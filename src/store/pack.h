#ifndef STORE_PACK_H
#define STORE_PACK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/buf.h"
#include "base/file.h"
#include "store/pack_map.h"
#include "store/place.h"

/*
 * A pack: frames of objects, then an index, then a tail; written once and
 * never changed (dvformat-pack(5)).  The same file serves as local pack, as
 * object at a remote and, with the frames left out, as cached index.
 *
 *	header  32 bytes  "DVPK" 1 class 0 0 | zeros
 *	frame   u32 "DVFR" | u8 codec | u8 filter | u16 0 | u32 count |
 *	        u32 stored | u32 raw | u32 0 | u64 XXH3-64 of all that and of
 *	        what follows | u32 len[count] | stored bytes
 *	index   u64 nonce | u8 class | u8 layout | u16 0 | u32 frames |
 *	        u32 objects | u32 0 | u32 fanout[256] |
 *	        frame table: frames x (u64 payload offset | u32 stored |
 *	        u32 raw | u8 codec | u8 filter | u16 0 | u32 first object in
 *	        file order) = 24 bytes |
 *	        ids: objects x 32, ascending |
 *	        places: objects x (u32 frame | u32 offset | u32 len | u32 0
 *	        | u64 XXH3-64 of the raw bytes) = 24 bytes |
 *	        PACK_LOOSE only: u64 size | i64 mtime | i64 ctime | u64 inode
 *	        of the loose file (in part 0; else zeros but for the size)
 *	tail    72 bytes: u64 XXH3-64 of the index | u64 index offset |
 *	        u64 index length | id[32] of the pack = SHA-256(index) |
 *	        u64 0 | "DVPKend1"
 *
 * Everything in an index is checked when it is opened: lookups after that
 * cannot leave the file, and the objects of a frame fill it without gap or
 * overlap.  Ids ascend; equal ones may be side by side.
 */
#define PACK_HEADER_SIZE	32
#define PACK_TAIL_SIZE		72
#define FRAME_HEADER_SIZE	32
/* A frame is closed once its raw bytes reach this; one object may pass it. */
#define FRAME_AIM	(512u << 10)
/* Most raw or stored bytes of a frame that a reader accepts. */
#define FRAME_MAX	(2u << 20)
/* Most objects of a frame; and of bytes in a frame of a loose file. */
#define FRAME_COUNT_MAX	65536u
#define FRAME_LOOSE_MAX	(1u << 30)
/* Most bytes of an index that a reader accepts. */
#define PACK_INDEX_MAX	((uint64_t)256 << 20)
/* A pack is closed once it reaches this. */
#define PACK_AIM	((uint64_t)64 << 20)

enum pack_layout {
	PACK_PACKED = 0,	/* frames with headers, in the pack's file */
	PACK_LOOSE = 1,		/* the raw bytes of one file, in another file:
				   frames have no header, up to 1 GiB each */
};

/* One row of the frame table. */
struct frame_info {
	uint64_t offset;	/* of the stored bytes in the file */
	uint32_t stored;	/* bytes there */
	uint32_t raw;		/* bytes after decompression */
	uint32_t first;		/* number, in file order, of its first object */
	uint32_t count;		/* objects in it */
	enum codec codec;
	enum filter filter;
};

/* What a loose file looked like when its index was written. */
struct file_stamp {
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	uint64_t inode;
};

struct pack {
	struct dv_id id;
	enum object_class class;
	enum pack_layout layout;
	uint32_t frames;
	uint32_t objects;
	uint64_t size;		/* of the pack file, bytes */
	uint64_t index_len;	/* bytes */
	uint64_t nonce;
	char *path;		/* owned; the file that holds the bytes, or NULL
				   when only the index is here */
	int fd;			/* -1 until first read; see pack_fd() */
	struct file_stamp stamp;	/* PACK_LOOSE */
	struct dv_id verified;	/* another user's: see trust_check() */
	/* the rest is private to pack.c */
	struct pack_map map;	/* index and tail */
	const uint8_t *index;
	const uint8_t *fanout, *frame_table, *ids, *places;	/* in it */
	atomic_bool touched;	/* something was looked for since it rested */
	atomic_uint missed;	/* how often an id was looked for in vain */
	_Atomic(struct id_filter *) filter;	/* owned; or NULL */
	pthread_mutex_t mutex;	/* guards fd and users */
	unsigned users;		/* of fd; it stays open while there are any */
	bool kept;		/* pack_fd() gave it away */
	unsigned cached;	/* its place among the open fds, from 1 */
};

/*
 * Opens the pack file at path, checks tail and index.  `expect` is the id it
 * must have: that of its file name.  The tail repeats it, and XXH3-64 is
 * enough to find what happens to files by accident.  With NULL the id is
 * worked out by SHA-256.  Returns 0, DV_E_NOTFOUND, DV_E_IO, or
 * DV_E_CORRUPT.  Give back with pack_close().
 */
int pack_open(const char *path, const struct dv_id *expect,
	      struct pack **out);

/*
 * As pack_open(), from an index alone (a file that holds index and tail);
 * `size` is that of the whole pack.  For loose objects `data_path` names
 * the file with the bytes, size is 0 and the id is not checked, else
 * data_path is NULL.
 */
int pack_open_index(const char *path, const struct dv_id *expect,
		    const char *data_path, uint64_t size, struct pack **out);

/*
 * Checks index || tail as they came from a remote; nothing is kept.  The id
 * is worked out by SHA-256.
 */
int pack_index_check(const uint8_t *bytes, size_t len,
		     const struct dv_id *expect);

/* Works the id of an open pack out by SHA-256.  0 or DV_E_CORRUPT. */
int pack_check_id(const struct pack *p);

void pack_close(struct pack *p);

/*
 * An fd to read the bytes with, opened at the first call; thread-safe.  It
 * is open as long as the pack is.
 */
int pack_fd(struct pack *p, int *fd);

/*
 * Exactly len bytes at offset of the file.  Unlike pack_fd() this does not
 * need an fd for each of thousands of packs for ever.
 */
int pack_read(struct pack *p, void *out, size_t len, uint64_t offset);

/* Looks an id up.  False: not here.  place->pack is set to p. */
bool pack_find(struct pack *p, const struct dv_id *id, struct place *out);
/*
 * The same in the pack that had the one before: a miss is not counted among
 * those that make it keep a filter.
 */
bool pack_find_likely(struct pack *p, const struct dv_id *id,
		      struct place *out);
/* Gives the filter back.  Not while another thread looks. */
void pack_forget_misses(struct pack *p);

/* Its index need not be in memory, until it is looked into again. */
void pack_rest(struct pack *p);
/* The same of one of many, if something was looked for in it since then. */
void pack_rest_touched(struct pack *p);

/* The object at position slot (0 .. objects-1, ascending by id). */
const struct dv_id *pack_id_at(const struct pack *p, uint32_t slot);
void pack_place_at(struct pack *p, uint32_t slot, struct place *out);
void pack_frame_at(const struct pack *p, uint32_t frame,
		   struct frame_info *out);
/* Slots of the ids whose first byte is `byte`: [*from, *to). */
void pack_fanout(const struct pack *p, unsigned byte, uint32_t *from,
		 uint32_t *to);

/* Slots in file order: fills order[0 .. objects). */
void pack_order(const struct pack *p, uint32_t *order);

#endif
