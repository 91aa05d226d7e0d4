#ifndef CHUNK_STREAM_H
#define CHUNK_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/crew.h"

/*
 * One big file -> named chunks, on several threads.  Workers take blocks in
 * turn: read and scan in parallel, choose cuts in order, hash and hand over in
 * parallel, report in order.  Memory: threads * (block + DV_CHUNK_MAX) and
 * what the callbacks use.
 */
#define STREAM_BLOCK	((size_t)2 << 20)	/* bytes, unless said */
/* Threads that are worth their memory, however many are asked for. */
#define STREAM_CREW	10u

struct chunk {
	struct dv_id id;
	const uint8_t *data;	/* borrowed, only during the call */
	uint32_t len;
};

struct chunk_sink {
	/*
	 * Reads up to len bytes at offset; *got < len only at the end of the
	 * file.  Several calls at once.
	 */
	int (*read)(void *data, uint8_t *out, size_t len, uint64_t offset,
		    size_t *got);
	/*
	 * A run of chunks, consecutive in the file and in memory.  Several
	 * calls at once, in no particular order.
	 */
	int (*put)(void *data, unsigned worker, const struct chunk *chunks,
		   size_t count);
	/*
	 * The same runs after put(), one call at a time, in file order
	 * (chunk->data is NULL by then).
	 */
	int (*emit)(void *data, const struct chunk *chunks, size_t count);
	void *data;
	size_t block;	/* bytes, a multiple of 512 KiB; 0: STREAM_BLOCK */
};

/*
 * Cuts the file from offset 0 to its end with `threads` workers, STREAM_CREW
 * at most.
 * *size (may be NULL) is how many bytes there were.  Returns 0 or the first
 * failure.
 */
int chunk_stream(const struct chunk_sink *sink, unsigned threads,
		 uint64_t *size);

/*
 * Cuts and names bytes that are in memory: appends to chunks[0..room) and
 * returns how many; room must be at least len / DV_CHUNK_MIN + 1.  len may
 * be 0 (no chunks).  For many small files at once leave the ids to one
 * sha256_many() call: `name` false.
 */
size_t chunk_memory(const uint8_t *data, size_t len, struct chunk *chunks,
		    size_t room, int name);

#endif
