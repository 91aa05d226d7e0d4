#ifndef CHUNK_COMPRESS_H
#define CHUNK_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * How the bytes of a frame are kept.  The numbers are part of the pack
 * format (dvformat-pack(5)).
 */
enum codec {
	CODEC_RAW = 0,
	CODEC_ZSTD = 1,		/* one zstd frame, window <= 8 MiB */
};

/*
 * Undone after decompression: byte planes.  With filter n the bytes at
 * positions 0, n, 2n ... come first, then 1, n+1 ...; a rest of len % n
 * bytes follows as it is.
 */
enum filter {
	FILTER_NONE = 0,
	FILTER_PLANES2 = 2,
	FILTER_PLANES4 = 4,
	FILTER_PLANES8 = 8,
};

/*
 * Compresses for one thread at a time; holds zstd's tables.
 */
struct compressor;
struct compressor *compressor_new(void);
void compressor_free(struct compressor *c);

/*
 * Tries data[0..len): a cheap probe first, so that what does not shrink
 * costs next to nothing.  On success *out holds the stored bytes (replaced;
 * valid until the next call), *codec and *filter how.  Returns true when it
 * is worth it (at least 1/32 saved); false: keep it raw.
 */
bool compress_try(struct compressor *c, const uint8_t *data, size_t len,
		  const uint8_t **out, size_t *out_len,
		  enum codec *codec, enum filter *filter);

/*
 * Undoes it: exactly raw_len bytes into `raw`.  Returns 0, DV_E_CORRUPT
 * when the bytes are no such frame, or DV_E_UNSUPPORTED for an unknown codec
 * or filter.  Never writes past raw[raw_len).
 */
int decompress(struct compressor *c, enum codec codec, enum filter filter,
	       const uint8_t *stored, size_t stored_len,
	       uint8_t *raw, size_t raw_len);

#endif
