#include "chunk/compress.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/error.h"
#include "chunk/planes.h"
#include "chunk/probe.h"

#define LEVEL		1	/* higher ones cost more than they save */
/*
 * For planes of numbers: their bytes are of unequal frequency but hardly ever
 * repeat a string, and what looks like it costs time and space.  So little
 * memory finds none but the longest.
 */
#define HASH_LOG_SMALL	6
#define MATCH_LONG	7	/* bytes */
/*
 * For numbers of 8 bytes that stay together: where decimals end alike, it is
 * in their last 6 bytes.
 */
#define MATCH_NUMBERS	6
#define MATCH_LEVEL	0	/* as the level has it */
#define WINDOW_LOG_MAX	23	/* dvformat-pack(5): windows up to 8 MiB */
#define LEN_LEAST	64	/* fewer bytes are not worth a header */
#define PROBE_LEAST	4096	/* fewer are compressed without a look */
/*
 * What things are tried on: pieces from all over the bytes, because a frame
 * of a columnar file often has the end of one column and the beginning of
 * another.
 */
#define PIECES		16
#define SAMPLE_MOST	((size_t)32 << 10)
#define SAMPLE_LEAST	((size_t)8 << 10)
/*
 * After so many frames like random ones most get a glance only, every so
 * manyth one all the attention.
 */
#define FLAT_RUN	8

struct compressor {
	ZSTD_CCtx *pack;	/* owned; NULL until first used */
	ZSTD_CCtx *literals;	/* owned; likewise: no short matches */
	ZSTD_DCtx *unpack;	/* owned; likewise */
	struct buf out;		/* what compress_try() gives out */
	struct buf planes;	/* bytes before or after a filter */
	struct buf sample;
	unsigned flat_run;	/* frames like random ones up to now */
};

struct compressor *compressor_new(void)
{
	struct compressor *c = xcalloc(1, sizeof(*c));

	c->out = (struct buf)BUF_INIT;
	c->planes = (struct buf)BUF_INIT;
	c->sample = (struct buf)BUF_INIT;
	return c;
}

void compressor_free(struct compressor *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->pack);
	ZSTD_freeCCtx(c->literals);
	ZSTD_freeDCtx(c->unpack);
	buf_release(&c->out);
	buf_release(&c->planes);
	buf_release(&c->sample);
	free(c);
}

static uint8_t *room_for(struct buf *b, size_t len)
{
	buf_clear(b);
	buf_reserve(b, len);
	return (uint8_t *)b->data;
}

static ZSTD_CCtx *context_new(bool literals)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();

	if (!z)
		return NULL;
	ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, LEVEL);
	/* dictionaries and checks of its own: frames have neither */
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 0);
	ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 1);
	if (literals)
		ZSTD_CCtx_setParameter(z, ZSTD_c_hashLog, HASH_LOG_SMALL);
	return z;
}

/*
 * Ready for a new frame, matches of `match` bytes and more; NULL when out of
 * memory.
 */
static ZSTD_CCtx *context(struct compressor *c, bool literals, int match)
{
	ZSTD_CCtx **z = literals ? &c->literals : &c->pack;

	if (!*z)
		*z = context_new(literals);
	if (*z) {
		ZSTD_CCtx_reset(*z, ZSTD_reset_session_only);
		ZSTD_CCtx_setParameter(*z, ZSTD_c_minMatch, match);
	}
	return *z;
}

/* Compresses into c->out; 0 when it takes more than `most` bytes. */
static size_t pack(struct compressor *c, const uint8_t *data, size_t len,
		   size_t most, int match)
{
	ZSTD_CCtx *z = context(c, false, match);
	size_t n;

	if (!z)
		return 0;
	n = ZSTD_compress2(z, room_for(&c->out, most), most, data, len);
	return ZSTD_isError(n) ? 0 : n;
}

/* Bytes that were split, and how. */
struct planes {
	enum filter filter;
	bool literals;
	const uint8_t *data;
	size_t len;
};

/*
 * Compresses planes, beginning a new block with each of them: a block has
 * one code for its literals, and planes are different by nature.  0 when it
 * takes more than `most` bytes.
 */
static size_t pack_planes(struct compressor *c, const struct planes *p,
			  size_t most)
{
	ZSTD_CCtx *z = context(c, p->literals,
			       p->literals ? MATCH_LONG : MATCH_LEVEL);
	ZSTD_inBuffer in = { p->data, 0, 0 };
	ZSTD_outBuffer out;
	size_t left;
	unsigned n = p->filter;

	if (!z)
		return 0;
	out = (ZSTD_outBuffer){ room_for(&c->out, most), most, 0 };
	ZSTD_CCtx_setPledgedSrcSize(z, p->len);
	for (unsigned i = 1; i <= n; i++) {
		in.size = i < n ? i * (p->len / n) : p->len;
		left = ZSTD_compressStream2(z, &out, &in,
					    i < n ? ZSTD_e_flush : ZSTD_e_end);
		/* an error, or not enough room */
		if (left)
			return 0;
	}
	return out.pos;
}

static size_t enough(size_t len)
{
	return len - len / 32;
}

/*
 * A sample of at most `most` bytes, and its planes in *p.  Its pieces begin at
 * multiples of 8, so that planes stay apart.
 */
static const uint8_t *take_sample(struct compressor *c, const uint8_t *data,
				  size_t len, size_t most, struct planes *p)
{
	size_t piece = most / PIECES / 8 * 8;
	size_t step = (len - piece) / (PIECES - 1) / 8 * 8;
	uint8_t *sample = room_for(&c->sample, piece * PIECES);
	uint8_t *planes = room_for(&c->planes, piece * PIECES);

	for (size_t i = 0; i < PIECES; i++)
		memcpy(sample + i * piece, data + i * step, piece);
	p->len = piece * PIECES;
	p->data = planes;
	planes_split(p->filter, sample, p->len, planes);
	return sample;
}

/*
 * Bytes that are all equally frequent may still repeat each other, as they
 * are or within a plane; a sample tells when they do so soon.
 */
static bool sample_shrinks(struct compressor *c, enum filter filter,
			   const uint8_t *data, size_t len)
{
	size_t most = len / 16 < SAMPLE_MOST ? len / 16 : SAMPLE_MOST;
	struct planes p = { .filter = filter };
	const uint8_t *sample;

	if (most < SAMPLE_LEAST)
		return false;
	sample = take_sample(c, data, len, most, &p);
	return pack(c, sample, p.len, enough(p.len), MATCH_LEVEL) ||
	       pack_planes(c, &p, enough(p.len));
}

/* For bytes that look like the filter's numbers and are not split. */
static int match_without(enum filter filter)
{
	return filter == FILTER_PLANES8 ? MATCH_NUMBERS : MATCH_LEVEL;
}

/*
 * Is the filter as good as it looks?  It must save 1/128 of a sample more.
 * Sets p->literals to how it does best; at the same size, to what is faster.
 */
static bool filter_pays(struct compressor *c, struct planes *p,
			const uint8_t *data, size_t len)
{
	size_t most = len < SAMPLE_MOST ? len : SAMPLE_MOST;
	const uint8_t *sample = take_sample(c, data, len, most, p);
	size_t literals, matches, without;

	p->literals = true;
	literals = pack_planes(c, p, p->len);
	if (!literals)
		literals = p->len;
	p->literals = false;
	matches = pack_planes(c, p, literals - 1);
	p->literals = !matches;
	without = pack(c, sample, p->len, p->len,
		       match_without(p->filter));
	if (!without)
		without = p->len;
	return (matches ? matches : literals) + p->len / 128 < without;
}

static size_t pack_filtered(struct compressor *c, struct planes *p,
			    const uint8_t *data, size_t len)
{
	uint8_t *planes = room_for(&c->planes, len);

	planes_split(p->filter, data, len, planes);
	p->data = planes;
	p->len = len;
	return pack_planes(c, p, enough(len));
}

/* Nothing to be gained, by all that can be told without doing it. */
static bool is_flat(struct compressor *c, const uint8_t *data, size_t len,
		    struct probe *probe)
{
	bool glance = c->flat_run >= FLAT_RUN && c->flat_run % FLAT_RUN;

	if (len < PROBE_LEAST)
		return false;
	if (!glance || !probe_looks_flat(data, len)) {
		*probe = probe_bytes(data, len);
		if (probe->verdict != PROBE_FLAT ||
		    sample_shrinks(c, probe->filter, data, len)) {
			c->flat_run = 0;
			return false;
		}
	}
	c->flat_run++;
	return true;
}

bool compress_try(struct compressor *c, const uint8_t *data, size_t len,
		  const uint8_t **out, size_t *out_len,
		  enum codec *codec, enum filter *filter)
{
	struct probe probe = { PROBE_UNEVEN, FILTER_NONE };
	struct planes planes;
	size_t n;

	if (len < LEN_LEAST || is_flat(c, data, len, &probe))
		return false;
	planes = (struct planes){ .filter = probe.filter };
	if (planes.filter && !filter_pays(c, &planes, data, len))
		planes.filter = FILTER_NONE;
	if (planes.filter)
		n = pack_filtered(c, &planes, data, len);
	else
		n = pack(c, data, len, enough(len),
			 match_without(probe.filter));
	if (!n)
		return false;
	*out = (const uint8_t *)c->out.data;
	*out_len = n;
	*codec = CODEC_ZSTD;
	*filter = planes.filter;
	return true;
}

/*
 * zstd checks the window only where it has to allocate one; a reader that
 * does must be able to count on the limit.  RFC 8878, 3.1.1.1: bit 5 of byte 4
 * stands for a window as long as the content, else byte 5 has the window's
 * logarithm - 10 in its upper five bits, and eighths of that below.
 */
static bool window_ok(const uint8_t *stored, size_t len)
{
	if (len < 6 || load_u32(stored) != ZSTD_MAGICNUMBER)
		return false;
	return stored[4] & 0x20 || stored[5] <= (WINDOW_LOG_MAX - 10) << 3;
}

static int unpack(struct compressor *c, const uint8_t *stored,
		  size_t stored_len, uint8_t *raw, size_t raw_len)
{
	unsigned long long size;
	size_t n;

	if (!window_ok(stored, stored_len) ||
	    ZSTD_findFrameCompressedSize(stored, stored_len) != stored_len)
		return dv_fail(DV_E_CORRUPT,
			       "compressed data: not one zstd frame");
	size = ZSTD_getFrameContentSize(stored, stored_len);
	if (size != ZSTD_CONTENTSIZE_UNKNOWN && size != raw_len)
		return dv_fail(DV_E_CORRUPT,
			       "compressed data: not as long as it should be");
	if (!c->unpack) {
		c->unpack = ZSTD_createDCtx();
		if (!c->unpack)
			return dv_fail(DV_E_NOMEM,
				       "out of memory for decompression");
		ZSTD_DCtx_setParameter(c->unpack, ZSTD_d_windowLogMax,
				       WINDOW_LOG_MAX);
	}
	n = ZSTD_decompressDCtx(c->unpack, raw, raw_len, stored, stored_len);
	if (ZSTD_isError(n) &&
	    ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
		return dv_fail(DV_E_NOMEM, "out of memory for decompression");
	if (ZSTD_isError(n))
		return dv_fail(DV_E_CORRUPT, "compressed data: %s",
			       ZSTD_getErrorName(n));
	if (n != raw_len)
		return dv_fail(DV_E_CORRUPT,
			       "compressed data: not as long as it should be");
	return 0;
}

int decompress(struct compressor *c, enum codec codec, enum filter filter,
	       const uint8_t *stored, size_t stored_len,
	       uint8_t *raw, size_t raw_len)
{
	uint8_t *planes;
	int err;

	if (codec != CODEC_RAW && codec != CODEC_ZSTD)
		return dv_fail(DV_E_UNSUPPORTED, "unknown compression %d",
			       (int)codec);
	if (filter != FILTER_NONE && filter != FILTER_PLANES2 &&
	    filter != FILTER_PLANES4 && filter != FILTER_PLANES8)
		return dv_fail(DV_E_UNSUPPORTED, "unknown filter %d",
			       (int)filter);
	if (codec == CODEC_RAW) {
		if (filter != FILTER_NONE || stored_len != raw_len)
			return dv_fail(DV_E_CORRUPT,
				       "raw data: not as long as it should be");
		if (raw_len)
			memcpy(raw, stored, raw_len);
		return 0;
	}
	if (filter == FILTER_NONE)
		return unpack(c, stored, stored_len, raw, raw_len);
	planes = room_for(&c->planes, raw_len);
	err = unpack(c, stored, stored_len, planes, raw_len);
	if (!err)
		planes_join(filter, planes, raw_len, raw);
	return err;
}
