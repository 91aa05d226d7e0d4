#ifndef STORE_PACK_WRITE_H
#define STORE_PACK_WRITE_H

#include <stdint.h>

#include "store/pack.h"

/*
 * Writes packs into a folder, several threads at once, each through a
 * packer of its own.  A pack is written under a temporary name; once it
 * reaches `aim` bytes it is closed, and a thread of the writer syncs it and
 * renames it, so that what a killed process had finished is kept.
 */
struct pack_writer;

struct pack_writer_options {
	enum object_class class;
	const char *temp_dir;	/* where packs grow */
	const char *dir;	/* where finished packs go: <hex>.pack */
	uint64_t aim;		/* bytes, 0: PACK_AIM */
	uint64_t nonce;		/* makes names differ, 0 by default */
	int nosync;		/* for scratch packs that may be lost */
	/*
	 * A finished pack, under its final name; the callee owns it.  May
	 * come from another thread.  A non-zero return fails the writer.
	 * Claims of what is in it end when this returns.  May be NULL.
	 */
	int (*finished)(void *data, struct pack *pack);
	/* Asked before so many bytes more are written; may be NULL. */
	int (*room)(void *data, uint64_t bytes);
	void *data;
};

int pack_writer_open(const struct pack_writer_options *o,
		     struct pack_writer **out);

/*
 * Before anything is put: packs larger than a few MiB are written past the
 * page cache, where the file system can do that (pack_disk.h).
 */
void pack_writer_direct(struct pack_writer *w);
/* Nothing will be put in the next moment: memory for it is given back. */
void pack_writer_rest(struct pack_writer *w);

/*
 * True when the object is not in a pack this writer has open; it is then
 * the caller who must put it.  (Finished packs are the store's to ask.)
 */
bool pack_writer_claim(struct pack_writer *w, const struct dv_id *id);
/* Takes a claim back: the object turned out to be elsewhere. */
void pack_writer_unclaim(struct pack_writer *w, const struct dv_id *id);

/* Raw and stored bytes that were put so far. */
void pack_writer_cost(struct pack_writer *w, uint64_t *raw, uint64_t *stored);

/*
 * Closes, syncs and renames what is open, and syncs the folder.  No packer
 * may be in use; nothing may be put after it.
 */
int pack_writer_finish(struct pack_writer *w);

/* Frees; without a finish the open pack is removed. */
void pack_writer_free(struct pack_writer *w);

/* One thread's way into a writer: gathers objects into frames. */
struct packer;
struct packer *packer_new(struct pack_writer *w);

/*
 * Adds objects, in order.  Those that lie one behind the other in memory are
 * framed from where they are, others are copied first.
 */
int packer_put(struct packer *p, const struct object *objects, size_t count);

/*
 * Adds a whole frame as it is stored, for copying between packs: `raw`
 * bytes when undone, with `count` objects of the given ids, lengths and
 * XXH3-64 checks in order.
 */
int packer_put_frame(struct packer *p, enum codec codec, enum filter filter,
		     const uint8_t *stored, uint32_t stored_len, uint32_t raw,
		     const struct dv_id *ids, const uint32_t *lens,
		     const uint64_t *checks, uint32_t count);

/* Writes the frame being gathered. */
int packer_flush(struct packer *p);
/* Flush first: what is still gathered is dropped. */
void packer_free(struct packer *p);

/* A chunk of a loose file: len bytes at offset of the file. */
struct loose_chunk {
	struct dv_id id;
	uint64_t offset;
	uint64_t check;		/* XXH3-64 */
	uint32_t len;
};

/*
 * Writes an index (PACK_LOOSE) of `count` chunks of a loose file, in file
 * order and without gaps, at path, replacing what is there.  A long file has
 * several such parts, so that writing one needs bounded memory.  stamp->size
 * is that of the whole loose file.
 */
int pack_write_loose_index(const char *path, const char *temp_dir,
			   const struct file_stamp *stamp,
			   const struct loose_chunk *chunks, size_t count);

/*
 * Gives the finished file `temp` its name.  One of that name that holds the
 * same bytes stays (temp is removed); one that differs was damaged, because
 * names come from contents, and is replaced.
 */
int pack_give_name(const char *temp, const char *path);

/*
 * Reads a pack whose index or tail is damaged or missing by scanning its
 * frames, and hands over each frame that is whole.  ids are made again from
 * the bytes.  Returns how many were found in *frames.
 */
int pack_scan(const char *path,
	      int (*frame)(void *data, const struct frame_info *info,
			   const struct object *objects), void *data,
	      uint32_t *frames);

#endif
