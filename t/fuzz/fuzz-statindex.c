#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "chunk/check.h"
#include "work/stat_format.h"
#include "work/stat_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that was let through must be there to be decoded. */
static void use(const struct stat_index *x)
{
	for (uint32_t i = 0; i < x->dirs; i++) {
		struct stat_dir d;

		stat_index_dir(x, i, &d);
		if (stat_index_find_dir(x, d.path) != i)
			abort();
		for (uint32_t k = d.first; k < d.first + d.count; k++) {
			struct stat_row row;

			stat_index_row(x, k, &row);
			if (stat_index_find(x, i, row.name) != k)
				abort();
		}
	}
}

/* As it is, and with its checks made right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_BUF struct buf in = BUF_INIT;
	DV_AUTO_BUF struct buf sums = BUF_INIT;
	struct stat_index x = { .map = { data, size } };
	uint8_t *p;

	if (stat_index_check(&x, "data"))
		use(&x);
	if (size < STAT_HEADER + 8)
		return 0;
	buf_add(&in, data, size);
	p = (uint8_t *)in.data;
	for (size_t at = STAT_HEADER; at < size - 8; at += STAT_BLOCK)
		buf_add_u64(&sums, check64(p + at, size - 8 - at < STAT_BLOCK ?
					   size - 8 - at : STAT_BLOCK));
	store_u64(p + size - 8, check64(sums.data, sums.len));
	store_u64(p + STAT_HEADER - 8, check64(p, STAT_HEADER - 8));
	x = (struct stat_index){ .map = { p, size } };
	if (stat_index_check(&x, "data"))
		use(&x);
	return 0;
}
