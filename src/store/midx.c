/* Reading merged indexes. */

#include "store/midx.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "chunk/check.h"
#include "store/midx_inside.h"
#include "store/sort.h"

/* In a range longer than this an entry is looked for by halving. */
#define SCAN_MAX	16

struct midx {
	struct filemap map;
	struct midx_layout layout;
	enum object_class class;
	uint32_t packs;
	unsigned bits;
	uint64_t objects;
	atomic_bool bad;
	atomic_uchar *seen;	/* owned; for each block: it was checked */
};

void midx_layout(uint32_t packs, unsigned bits, uint64_t objects,
		 struct midx_layout *out)
{
	uint64_t at;

	out->checks = MIDX_HEADER + (uint64_t)packs * MIDX_ROW;
	out->region_len[MIDX_FANOUT] = (uint64_t)4 << bits;
	out->region_len[MIDX_PREFIXES] = objects * 8;
	out->region_len[MIDX_PLACES] = objects * 8;
	out->blocks = 0;
	for (int i = 0; i < MIDX_REGIONS; i++) {
		out->first_block[i] = out->blocks;
		out->blocks += (out->region_len[i] + MIDX_BLOCK - 1) /
			MIDX_BLOCK;
	}
	at = out->checks + out->blocks * 8;
	for (int i = 0; i < MIDX_REGIONS; i++) {
		out->region[i] = at;
		at += out->region_len[i];
	}
	out->size = at;
}

/* More entries than its packs have are not to be believed. */
static bool rows_agree(const struct midx *m)
{
	struct midx_row row;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->packs; i++) {
		midx_row_at(m, i, &row);
		sum += row.objects;
	}
	return sum == m->objects;
}

static int check_head(struct midx *m, const char *name)
{
	const uint8_t *head = m->map.data;
	uint64_t end;

	if (m->map.len < MIDX_HEADER || memcmp(head, "DVMX\1\0\0", 8))
		return dv_fail(DV_E_CORRUPT, "%s: no merged index", name);
	m->packs = load_u32(head + 16);
	m->bits = head[20];
	m->class = head[21];
	m->objects = load_u64(head + 24);
	if (m->bits < MIDX_BITS_MIN || m->bits > MIDX_BITS_MAX ||
	    m->class >= OBJECT_CLASSES || head[22] || head[23] ||
	    m->objects > UINT32_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: bad header", name);
	midx_layout(m->packs, m->bits, m->objects, &m->layout);
	if (m->layout.size != m->map.len)
		return dv_fail(DV_E_CORRUPT, "%s: its size is wrong", name);
	end = m->layout.region[0];
	if (check64(head + 16, end - 16) != load_u64(head + 8))
		return dv_fail(DV_E_CORRUPT, "%s: is damaged", name);
	if (!rows_agree(m))
		return dv_fail(DV_E_CORRUPT, "%s: bad number of entries",
			       name);
	return 0;
}

int midx_open_fd(int fd, const char *name, struct midx **out)
{
	struct midx *m = xcalloc(1, sizeof(*m));
	struct stat st;
	int err = 0;

	*out = NULL;
	m->map = (struct filemap)FILEMAP_INIT;
	if (fstat(fd, &st) < 0)
		err = dv_fail_errno("cannot open %s", name);
	else if (!S_ISREG(st.st_mode) || st.st_size < (off_t)MIDX_HEADER)
		err = dv_fail(DV_E_CORRUPT, "%s: no merged index", name);
	if (!err) {
		void *data = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd,
				  0);

		if (data == MAP_FAILED)
			err = dv_fail_errno("cannot map %s", name);
		else
			m->map = (struct filemap){
				.data = data, .len = st.st_size
			};
	}
	if (!err)
		err = check_head(m, name);
	if (err) {
		midx_close(m);
		return err;
	}
	m->seen = xcalloc(m->layout.blocks + 1, sizeof(*m->seen));
	*out = m;
	return 0;
}

int midx_open(const char *path, struct midx **out)
{
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*out = NULL;
	if (fd < 0)
		return dv_fail_errno("cannot open %s", path);
	return midx_open_fd(fd, path, out);
}

void midx_close(struct midx *m)
{
	if (!m)
		return;
	filemap_release(&m->map);
	free(m->seen);
	free(m);
}

void midx_rest(const struct midx *m)
{
	filemap_rest(&m->map);
}

enum object_class midx_class(const struct midx *m)
{
	return m->class;
}

uint32_t midx_packs(const struct midx *m)
{
	return m->packs;
}

uint64_t midx_objects(const struct midx *m)
{
	return m->objects;
}

bool midx_is_bad(const struct midx *m)
{
	return atomic_load_explicit(&m->bad, memory_order_relaxed);
}

void midx_set_bad(struct midx *m)
{
	atomic_store(&m->bad, true);
}

void midx_row_at(const struct midx *m, uint32_t number, struct midx_row *out)
{
	const uint8_t *row = m->map.data + MIDX_HEADER +
		(size_t)number * MIDX_ROW;

	memcpy(out->id.bytes, row, DV_ID_SIZE);
	out->part = load_u32(row + 32);
	out->objects = load_u32(row + 36);
}

static bool check_block(struct midx *m, enum midx_region region,
			uint64_t block)
{
	const struct midx_layout *l = &m->layout;
	uint64_t number = l->first_block[region] + block;
	uint64_t from = block * MIDX_BLOCK;
	uint64_t len = l->region_len[region] - from;

	if (len > MIDX_BLOCK)
		len = MIDX_BLOCK;
	if (check64(m->map.data + l->region[region] + from, len) !=
	    load_u64(m->map.data + l->checks + number * 8)) {
		midx_set_bad(m);
		return false;
	}
	atomic_store_explicit(&m->seen[number], 1, memory_order_relaxed);
	return true;
}

/*
 * Bytes of a region; they do not cross a block.  NULL: damaged.  `offset` is
 * inside of the region.
 */
static const uint8_t *region_at(struct midx *m, enum midx_region region,
				uint64_t offset)
{
	const struct midx_layout *l = &m->layout;
	uint64_t block = offset / MIDX_BLOCK;

	if (!atomic_load_explicit(&m->seen[l->first_block[region] + block],
				  memory_order_relaxed) &&
	    !check_block(m, region, block))
		return NULL;
	return m->map.data + l->region[region] + offset;
}

/* Entries in buckets [0, bucket). */
static bool entries_before(struct midx *m, uint64_t bucket, uint64_t *out)
{
	const uint8_t *p;

	*out = 0;
	if (!bucket)
		return true;
	p = region_at(m, MIDX_FANOUT, (bucket - 1) * 4);
	if (!p)
		return false;
	*out = load_u32(p);
	return *out <= m->objects;
}

bool midx_byte_range(struct midx *m, unsigned byte, uint64_t *from,
		     uint64_t *to)
{
	uint64_t first = (uint64_t)byte << (m->bits - 8);
	uint64_t last = (uint64_t)(byte + 1) << (m->bits - 8);

	return entries_before(m, first, from) && entries_before(m, last, to) &&
		*from <= *to;
}

bool midx_prefix(struct midx *m, uint64_t at, uint64_t *prefix)
{
	const uint8_t *p = region_at(m, MIDX_PREFIXES, at * 8);

	if (!p)
		return false;
	*prefix = load_u64(p);
	return true;
}

bool midx_entry(struct midx *m, uint64_t at, uint32_t *pack, uint32_t *slot)
{
	const uint8_t *p = region_at(m, MIDX_PLACES, at * 8);

	if (!p)
		return false;
	*pack = load_u32(p);
	*slot = load_u32(p + 4);
	return *pack < m->packs;
}

bool midx_confirm(struct midx *m, const struct pack *pack, uint32_t slot,
		  const struct dv_id *id)
{
	const struct dv_id *there = slot < pack->objects ?
		pack_id_at(pack, slot) : NULL;

	if (!there || id_prefix(there) != id_prefix(id))
		midx_set_bad(m);
	return there && dv_id_equal(there, id);
}

bool midx_find(struct midx *m, const struct dv_id *id, uint64_t *from,
	       uint64_t *to)
{
	uint64_t want = id_prefix(id), have = 0, low, high, end;
	uint64_t bucket = want >> (64 - m->bits);

	if (midx_is_bad(m) || !entries_before(m, bucket, &low) ||
	    !entries_before(m, bucket + 1, &end) || low > end)
		return false;
	high = end;
	while (high - low > SCAN_MAX && low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (!midx_prefix(m, mid, &have))
			return false;
		if (have < want)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < end; low++) {
		if (!midx_prefix(m, low, &have))
			return false;
		if (have >= want)
			break;
	}
	for (*from = low; low < end; low++) {
		if (!midx_prefix(m, low, &have))
			return false;
		if (have != want)
			break;
	}
	*to = low;
	return *from < *to;
}
