#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "chunk/check.h"
#include "transfer/have.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(enum have_kind kind, const struct pack_ref *ref, void *data)
{
	uint64_t *count = data;

	(*count)++;
	if (kind == HAVE_MARKER)
		return;
	if ((kind != HAVE_PACK && kind != HAVE_GONE) || !pack_ref_ok(ref))
		abort();
}

/* The checks of all records are made right first. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_BUF struct buf in = BUF_INIT;
	uint64_t good = 0, slots;

	have_read_records(data, size, take, &good);
	buf_add(&in, data, size);
	for (size_t at = HAVE_HEADER_SIZE; at + HAVE_RECORD_SIZE <= size;
	     at += HAVE_RECORD_SIZE)
		store_u64(in.data + at + 64, check64(in.data + at, 64));
	good = 0;
	slots = have_read_records((const uint8_t *)in.data, in.len, take,
				  &good);
	if (good > slots || slots > size / HAVE_RECORD_SIZE)
		abort();
	return 0;
}
