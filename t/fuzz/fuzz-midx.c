#include <stdlib.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "chunk/check.h"
#include "store/midx_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void look(const void *data, size_t len)
{
	DV_AUTO_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct midx *m;

	if (fd < 0 || file_write_all(fd, data, len, "memory"))
		abort();
	if (midx_open_fd(fd, "fuzz", &m))
		return;
	for (uint32_t i = 0; i < midx_packs(m); i++) {
		struct midx_row row;

		midx_row_at(m, i, &row);
	}
	for (unsigned i = 0; i < 256; i++) {
		struct dv_id id = { { i, i * 7, i * 31 } };
		uint64_t from, to;
		uint32_t pack, slot;

		if (midx_byte_range(m, i, &from, &to) &&
		    (from > to || to > midx_objects(m)))
			abort();
		if (from < to && from < midx_objects(m)) {
			uint64_t prefix;

			/* look for what is there */
			if (midx_prefix(m, from, &prefix))
				for (int n = 0; n < 8; n++)
					id.bytes[n] = prefix >> (56 - 8 * n);
		}
		if (!midx_find(m, &id, &from, &to))
			continue;
		if (from >= to || to > midx_objects(m))
			abort();
		for (; from < to; from++)
			if (midx_entry(m, from, &pack, &slot) &&
			    pack >= midx_packs(m))
				abort();
	}
	midx_close(m);
}

/* As it is, and with all its checks made right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	DV_AUTO_BUF struct buf in = BUF_INIT;
	struct midx_layout l;
	uint64_t objects;
	uint8_t *p;

	look(data, len);
	if (len < MIDX_HEADER || data[20] < MIDX_BITS_MIN ||
	    data[20] > MIDX_BITS_MAX)
		return 0;
	objects = load_u64(data + 24);
	if (objects > UINT32_MAX)
		return 0;
	midx_layout(load_u32(data + 16), data[20], objects, &l);
	if (l.size != len)
		return 0;
	buf_add(&in, data, len);
	p = (uint8_t *)in.data;
	for (int i = 0; i < MIDX_REGIONS; i++) {
		for (uint64_t at = 0; at < l.region_len[i];
		     at += MIDX_BLOCK) {
			uint64_t n = l.region_len[i] - at;
			uint64_t block = l.first_block[i] + at / MIDX_BLOCK;

			store_u64(p + l.checks + block * 8,
				  check64(p + l.region[i] + at,
					  n < MIDX_BLOCK ? n : MIDX_BLOCK));
		}
	}
	store_u64(p + 8, check64(p + 16, l.region[0] - 16));
	look(in.data, in.len);
	return 0;
}
