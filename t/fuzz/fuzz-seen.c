#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "chunk/check.h"
#include "transfer/seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *bytes, size_t size)
{
	struct seen_record r;

	if (!seen_decode(bytes, size, &r))
		return;
	if (r.locator < bytes || r.len < LOCATOR_HEADER_SIZE ||
	    r.locator + r.len > bytes + size ||
	    memcmp(r.root.bytes, r.locator + 8, DV_ID_SIZE))
		abort();
}

/* Once as it is, and once with the check made right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_BUF struct buf in = BUF_INIT;

	decode(data, size);
	buf_add(&in, data, size);
	if (size >= SEEN_RECORD_SIZE)
		store_u64(in.data + 24, check64(in.data, 24));
	decode((const uint8_t *)in.data, in.len);
	return 0;
}
