/*
 * Writing merged indexes: for each first byte of ids the entries of all
 * sources are gathered, sorted and appended, so that memory stays small.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "chunk/check.h"
#include "chunk/sha256.h"
#include "store/midx_inside.h"
#include "store/sort.h"

/* After so many first bytes sources rest. */
#define REST_BYTES	8

/* One region, written block by block. */
struct region_out {
	uint64_t offset;	/* in the file, of what is in block */
	uint8_t *check;		/* where the check of this block goes */
	uint64_t left;		/* bytes of the region still to come */
	size_t used;
	uint8_t *block;		/* owned, MIDX_BLOCK bytes */
};

struct midx_out {
	int fd;
	const char *name;
	struct buf head;	/* header, rows, checks */
	struct region_out region[MIDX_REGIONS];
	unsigned bits;
	uint64_t objects;
	uint64_t done;		/* entries */
	struct sort_key *keys;	/* owned; twice `room` */
	size_t count, room;
};

static int out_flush(struct midx_out *o, struct region_out *r)
{
	int err;

	if (!r->used)
		return 0;
	store_u64(r->check, check64(r->block, r->used));
	r->check += 8;
	err = file_pwrite_all(o->fd, r->block, r->used, r->offset, o->name);
	r->offset += r->used;
	r->used = 0;
	return err;
}

/* len divides MIDX_BLOCK. */
static int out_add(struct midx_out *o, enum midx_region region,
		   const void *data, size_t len)
{
	struct region_out *r = &o->region[region];

	if (r->left < len)
		return dv_fail(DV_E_CORRUPT, "%s: a source has more entries "
			       "than it says", o->name);
	memcpy(r->block + r->used, data, len);
	r->used += len;
	r->left -= len;
	return r->used == MIDX_BLOCK ? out_flush(o, r) : 0;
}

/* --- gathering --------------------------------------------------------- */

static int add_key(struct midx_out *o, uint64_t prefix, uint32_t number,
		   uint32_t slot)
{
	if (o->done + o->count == o->objects)
		return dv_fail(DV_E_CORRUPT, "%s: a source has more entries "
			       "than it says", o->name);
	if (o->count == o->room) {
		o->room = o->room ? o->room * 2 : 4096;
		o->keys = xrealloc(o->keys,
				   o->room * 2 * sizeof(*o->keys));
	}
	o->keys[o->count].key = prefix;
	o->keys[o->count++].value = (uint64_t)number << 32 | slot;
	return 0;
}

static int gather_pack(struct midx_out *o, const struct midx_source *s,
		       unsigned byte)
{
	uint32_t from, to;
	int err = 0;

	pack_fanout(s->pack, byte, &from, &to);
	for (; from < to && !err; from++)
		err = add_key(o, id_prefix(pack_id_at(s->pack, from)),
			      s->number, from);
	return err;
}

static int gather_midx(struct midx_out *o, const struct midx_source *s,
		       unsigned byte)
{
	uint64_t from, to, prefix;
	uint32_t pack, slot;
	int err = 0;

	if (!midx_byte_range(s->midx, byte, &from, &to))
		return dv_fail(DV_E_CORRUPT, "a merged index is damaged");
	for (; from < to && !err; from++) {
		if (!midx_prefix(s->midx, from, &prefix) ||
		    !midx_entry(s->midx, from, &pack, &slot) ||
		    prefix >> 56 != byte)
			return dv_fail(DV_E_CORRUPT,
				       "a merged index is damaged");
		if (s->numbers[pack] != UINT32_MAX)
			err = add_key(o, prefix, s->numbers[pack], slot);
	}
	return err;
}

/* Writes the entries of one first byte. */
static int put_keys(struct midx_out *o, unsigned byte)
{
	uint64_t bucket = (uint64_t)byte << (o->bits - 8);
	uint64_t end = (uint64_t)(byte + 1) << (o->bits - 8);
	size_t at = 0;
	int err = 0;

	sort_keys(o->keys, o->count, o->keys + o->room);
	for (; bucket < end && !err; bucket++) {
		uint8_t n[4];

		while (at < o->count &&
		       o->keys[at].key >> (64 - o->bits) <= bucket)
			at++;
		store_u32(n, o->done + at);
		err = out_add(o, MIDX_FANOUT, n, sizeof(n));
	}
	for (size_t i = 0; i < o->count && !err; i++) {
		uint8_t prefix[8], place[8];

		store_u64(prefix, o->keys[i].key);
		store_u32(place, o->keys[i].value >> 32);
		store_u32(place + 4, o->keys[i].value);
		err = out_add(o, MIDX_PREFIXES, prefix, sizeof(prefix));
		if (!err)
			err = out_add(o, MIDX_PLACES, place, sizeof(place));
	}
	o->done += o->count;
	o->count = 0;
	return err;
}

/* Of older ones: what was gone through is not looked at again. */
static void rest_sources(const struct midx_source *sources, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (sources[i].midx)
			midx_rest(sources[i].midx);
}

/* Which of them is wrong is not to be seen: they can all be made again. */
static void distrust_sources(const struct midx_source *sources,
			     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (sources[i].midx)
			midx_set_bad(sources[i].midx);
}

static int put_all(struct midx_out *o, const struct midx_source *sources,
		   uint32_t count)
{
	int err = 0;

	for (unsigned byte = 0; byte < 256 && !err; byte++) {
		for (uint32_t i = 0; i < count && !err; i++) {
			err = sources[i].pack ?
				gather_pack(o, &sources[i], byte) :
				gather_midx(o, &sources[i], byte);
		}
		if (!err)
			err = put_keys(o, byte);
		if (byte % REST_BYTES == REST_BYTES - 1)
			rest_sources(sources, count);
	}
	for (int i = 0; i < MIDX_REGIONS && !err; i++)
		err = out_flush(o, &o->region[i]);
	if (!err && o->done != o->objects)
		err = dv_fail(DV_E_CORRUPT, "%s: a source has fewer entries "
			      "than it says", o->name);
	if (err == DV_E_CORRUPT)
		distrust_sources(sources, count);
	return err;
}

/* --- the file ---------------------------------------------------------- */

static void add_row(struct buf *out, const struct midx_row *row)
{
	buf_add(out, row->id.bytes, DV_ID_SIZE);
	buf_add_u32(out, row->part);
	buf_add_u32(out, row->objects);
}

void midx_name(enum object_class class, const struct midx_row *rows,
	       uint32_t count, struct dv_id *out)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;

	buf_addf(&all, "midx %d\n", class);
	for (uint32_t i = 0; i < count; i++)
		add_row(&all, &rows[i]);
	sha256(all.data, all.len, out);
}

/* About four entries for each bucket. */
static unsigned choose_bits(uint64_t objects)
{
	unsigned bits = MIDX_BITS_MIN;

	while (bits < MIDX_BITS_MAX && objects >> bits > 4)
		bits++;
	return bits;
}

static int out_begin(struct midx_out *o, enum object_class class,
		     const struct midx_row *rows, uint32_t row_count)
{
	static const uint8_t zeros[8];
	struct midx_layout l;

	for (uint32_t i = 0; i < row_count; i++)
		o->objects += rows[i].objects;
	if (o->objects > UINT32_MAX)
		return dv_fail(DV_E_UNSUPPORTED, "too much for one index");
	o->bits = choose_bits(o->objects);
	midx_layout(row_count, o->bits, o->objects, &l);
	buf_reserve(&o->head, l.region[0]);
	buf_add(&o->head, "DVMX\1\0\0", 8);
	buf_add_u64(&o->head, 0);
	buf_add_u32(&o->head, row_count);
	buf_add_u8(&o->head, o->bits);
	buf_add_u8(&o->head, class);
	buf_add_u16(&o->head, 0);
	buf_add_u64(&o->head, o->objects);
	for (uint32_t i = 0; i < row_count; i++)
		add_row(&o->head, &rows[i]);
	for (uint64_t i = 0; i < l.blocks; i++)
		buf_add(&o->head, zeros, sizeof(zeros));
	for (int i = 0; i < MIDX_REGIONS; i++) {
		struct region_out *r = &o->region[i];

		r->offset = l.region[i];
		r->left = l.region_len[i];
		r->check = (uint8_t *)o->head.data + l.checks +
			l.first_block[i] * 8;
		r->block = xmalloc(MIDX_BLOCK);
	}
	return 0;
}

static void out_end(struct midx_out *o)
{
	buf_release(&o->head);
	for (int i = 0; i < MIDX_REGIONS; i++)
		free(o->region[i].block);
	free(o->keys);
}

static int write_to(int fd, const char *name, enum object_class class,
		    const struct midx_row *rows, uint32_t row_count,
		    const struct midx_source *sources, uint32_t source_count)
{
	struct midx_out o = { .fd = fd, .name = name, .head = BUF_INIT };
	int err = out_begin(&o, class, rows, row_count);

	if (!err)
		err = put_all(&o, sources, source_count);
	if (!err) {
		store_u64(o.head.data + 8,
			  check64(o.head.data + 16, o.head.len - 16));
		err = file_pwrite_all(fd, o.head.data, o.head.len, 0, name);
	}
	out_end(&o);
	return err;
}

int midx_write(const char *path, const char *temp_dir,
	       enum object_class class, const struct midx_row *rows,
	       uint32_t row_count, const struct midx_source *sources,
	       uint32_t source_count, struct midx **out)
{
	DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;
	DV_AUTO_CLOSE int fd = -1;
	int err = DV_E_IO;

	*out = NULL;
	if (temp_dir)
		err = newfile_open(&f, path, temp_dir);
	if (!err)
		err = write_to(f.fd, path, class, rows, row_count, sources,
			       source_count);
	if (!err)
		err = midx_open_fd(f.fd, path, out);
	if (!err && newfile_commit(&f, NEWFILE_NOSYNC | NEWFILE_SHARED))
		newfile_release(&f);	/* still mapped: good for now */
	if (!err || err == DV_E_CORRUPT || err == DV_E_UNSUPPORTED)
		return err;
	newfile_release(&f);
	fd = memfd_create("dv-midx", MFD_CLOEXEC);
	if (fd < 0)
		return dv_fail_errno("cannot make a file in memory");
	err = write_to(fd, "index in memory", class, rows, row_count, sources,
		       source_count);
	return err ? err : midx_open_fd(fd, "index in memory", out);
}
